"""What a team does not see is told to no open page of its people; who is limited anew has their pages loaded anew."""

from collections.abc import Callable

from healthberry.core import conversations, events, scope, teams
from healthberry.core.teams import Wish
from tests.realtime.pages import Page
from tests.realtime.test_follow import arrive
from tests.world import World

Open = Callable[..., Page]


def test_open_pages_of_a_team_hear_of_its_places_alone(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    admin, ward = world.member(organisation), world.member(organisation, role="responder")
    channel = world.channel(organisation)
    far, _ = arrive(world, channel, "A zebra story", service_code="SOU01")
    near, number = arrive(world, channel, "A lion story", service_code="NOR01")
    pages = {
        who.id: [
            open_stream(who, f"view=conversation&conversation={far}", after=number),
            open_stream(who, "view=inbox&status=all", after=number),
        ]
        for who in (admin, ward)
    }
    scope.enter(organisation.id)
    teams.make(admin, Wish("North", sites=["NOR01"], people={ward.id}))
    events.commit()
    for one in (far, near):
        conversations.add_note(admin, one, f"A note about {one}")
        events.commit()
    arrive(world, channel, "Another zebra", service_code="SOU01")
    arrive(world, channel, "Another lion", service_code="NOR01")
    scope.enter(organisation.id)

    told = {who: [page.until(events.last_number(organisation.id)) for page in some] for who, some in pages.items()}
    words = {who: ["".join(one.data for one in some) for some in pages] for who, pages in told.items()}

    for messages in told[ward.id]:
        assert "limited" in {one.event for one in messages}
    for messages in told[admin.id]:
        assert "limited" not in {one.event for one in messages}
    assert not any("zebra" in said or str(far) in said for said in words[ward.id])
    assert "Another lion" in words[ward.id][1]
    assert "Another zebra" in words[admin.id][1]
    assert str(far) in words[admin.id][0]

    late = open_stream(ward, "view=inbox&status=all", after=number)
    assert late.next().event == "limited", "drawn before, and heard after"
    assert open_stream(ward, f"view=conversation&conversation={far}", after=number).status == 404
