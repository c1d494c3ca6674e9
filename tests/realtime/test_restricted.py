"""What is restricted leaves the open pages of whoever may not read it, and comes back to none of them."""

from collections.abc import Callable

from healthberry.core import concerns, conversations, events, grants, scope
from healthberry.extensions import db
from healthberry.models.conversations import Conversation
from tests.realtime.pages import Page
from tests.realtime.test_follow import arrive
from tests.world import World

Open = Callable[..., Page]


def _told(page: Page, organisation_id: object) -> str:
    return "".join(message.data for message in page.until(events.last_number(organisation_id)))  # type: ignore[arg-type]


def test_an_open_page_loses_the_words_and_gets_no_new_ones(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    admin, marker, other = (
        world.member(organisation, role=role) for role in ("administrator", "responder", "responder")
    )
    channel = world.channel(organisation)
    one, number = arrive(world, channel, "A zebra story")
    pages = {
        who.id: [
            open_stream(who, f"view=conversation&conversation={one}", after=number),
            open_stream(who, after=number),
        ]
        for who in (admin, marker, other)
    }
    scope.enter(organisation.id)
    concerns.mark(marker, one, "crisis")
    events.commit()
    thread_id = db.session.get_one(Conversation, (organisation.id, one)).remote_thread_id
    world.arrives(channel, world.item("Another zebra", thread_id=thread_id))
    scope.enter(organisation.id)
    conversations.add_note(marker, one, "A zebra note")
    events.commit()

    told = {who: [_told(page, organisation.id) for page in opened] for who, opened in pages.items()}

    for who in (admin.id, other.id):
        assert all("zebra" not in data for data in told[who])
        assert "you need" in told[who][0].casefold()
    assert "zebra" in told[marker.id][0]
    assert "zebra" not in told[marker.id][1], "lists hold its words for nobody"
    assert all("Restricted" in data for data in told[other.id])


def test_a_page_that_comes_back_gets_nothing_of_what_was_said_before(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    marker, other = (world.member(organisation, role="responder") for _ in range(2))
    channel = world.channel(organisation)
    first = open_stream(other, "view=inbox", after=0)
    one, number = arrive(world, channel, "A zebra story")
    assert "zebra" in first.next().data, "it is drawn, and kept for whoever missed it"
    scope.enter(organisation.id)
    concerns.mark(marker, one, "staff")
    events.commit()

    for query in ("view=inbox", f"view=conversation&conversation={one}"):
        back = open_stream(other, query, after=number - 1)
        assert "zebra" not in _told(back, organisation.id)


def test_taking_a_grant_back_clears_the_open_page(world: World, open_stream: Open) -> None:
    organisation = world.organisation()
    admin, other = world.member(organisation), world.member(organisation, role="responder")
    one, _ = arrive(world, world.channel(organisation), "A zebra story")
    scope.enter(organisation.id)
    concerns.mark(admin, one, "crisis")
    grant = grants.give(admin, other.id, one)
    events.commit()
    page = open_stream(other, f"view=conversation&conversation={one}", after=events.last_number(organisation.id))

    grants.end(admin, grant.id)
    events.commit()

    told = _told(page, organisation.id)
    assert "Restricted" in told
    assert "zebra" not in told
