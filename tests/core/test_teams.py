"""Teams: whoever is in one sees what is about its places, everywhere, and nothing else anywhere."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from healthberry.connectors.base import Author, File
from healthberry.core import (
    alerts,
    attachments,
    audit_log,
    conversations,
    copies_by_hand,
    drafts,
    events,
    grants,
    inbox,
    inbox_standing,
    invitations,
    members,
    noise,
    noise_lessons,
    outbox,
    places,
    replies,
    roles,
    scope,
    team_places,
    teams,
    thread,
    writing_down,
)
from healthberry.core.errors import Conflict, Invalid, NotAllowed, NotFound
from healthberry.core.inbox_views import View
from healthberry.core.places import Places
from healthberry.core.teams import Wish
from healthberry.extensions import db
from healthberry.models.attachments import Attachment
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member, Organisation
from healthberry.models.replies import OutboxMail
from tests.world import World

ALL = View(status="all")


@dataclass
class House:
    """A trust of two sites: an administrator, a ward manager, and feedback about each place and about none."""

    organisation: Organisation
    admin: Member
    ward: Member
    colleague: Member
    channel: Channel
    google: Channel
    north: UUID
    outpatients: UUID
    south: UUID
    nowhere: UUID
    mapped: UUID

    @property
    def all(self) -> set[UUID]:
        """Return every conversation."""
        return {self.north, self.outpatients, self.south, self.nowhere, self.mapped}

    def team(self, **wish: object) -> UUID:
        """Make a team with the ward manager in it."""
        values: dict[str, object] = {"name": "North", "sites": ["NOR01"], "people": {self.ward.id}, **wish}
        made = teams.make(self.admin, Wish(**values))  # type: ignore[arg-type]
        db.session.commit()
        return made.id


@pytest.fixture
def house(world: World) -> House:
    organisation = world.organisation(kind="trust")
    admin, ward, colleague = (
        world.member(organisation, name="Ada Admin"),
        world.member(organisation, role="approver", name="Wanda Ward"),
        world.member(organisation, role="responder", name="Cora Colleague"),
    )
    channel, google = world.channel(organisation, "bluesky"), world.channel(organisation, "google")

    def about(code: str | None, name: str | None, on: Channel = channel) -> UUID:
        file = File("a.jpg", "image/jpeg", b"picture")
        text = f"A story about {name or 'nobody'}"
        fields = {"service_code": code, "service_name": name, "files": (file,), "author": Author("a1", "Marigold")}
        (made,) = world.arrives(on, world.item(text, **fields))
        return made

    return House(
        *(organisation, admin, ward, colleague, channel, google),
        north=about("NOR01", "North Hospital"),
        outpatients=about("NOR01 outpatients", "North Hospital, outpatients"),
        south=about("SOU01", "South Hospital"),
        nowhere=about(None, None),
        mapped=about(None, "Ward 3", google),
    )


def listed(member: Member, view: View = ALL) -> set[UUID]:
    return {row.id for row in inbox.list_conversations(member, view).rows}


def test_whoever_is_in_no_team_sees_everything(house: House) -> None:
    assert listed(house.ward) == listed(house.admin) == house.all


def test_a_site_counts_with_all_that_is_in_it_a_service_alone_a_channel_whole(house: House) -> None:
    team = house.team()
    assert listed(house.ward) == {house.north, house.outpatients}

    def seen(**wish: object) -> set[UUID]:
        values = {"name": "North", "people": {house.ward.id}, **wish}
        teams.change(house.admin, team, Wish(**values))  # type: ignore[arg-type]
        return listed(house.ward)

    assert seen(services=["NOR01 outpatients"]) == {house.outpatients}
    assert seen(services=["Ward 3"]) == {house.mapped}, "a ward of which only the name is known"
    assert seen(channels=[str(house.google.id)]) == {house.mapped}
    assert seen(unplaced=True) == {house.nowhere}
    assert seen(sites=["SOU01"], unplaced=True) == {house.south, house.nowhere}
    assert seen(sites=["SOU01"], people=set()) == house.all, "in no team any more"


def test_in_several_teams_somebody_sees_what_one_of_them_sees(house: House) -> None:
    house.team()
    house.team(name="South", sites=["SOU01"])

    assert listed(house.ward) == {house.north, house.outpatients, house.south}


def test_administrators_see_everything_until_they_are_none_any_more(house: House) -> None:
    house.team(people={house.admin.id, house.ward.id})
    assert listed(house.admin) == house.all

    roles.change_role(house.admin, house.ward.id, "administrator")
    assert listed(house.ward) == house.all
    roles.change_role(house.admin, house.admin.id, "responder")
    assert listed(house.admin) == {house.north, house.outpatients}


def test_what_a_team_does_not_see_is_not_there_however_it_is_asked_for(house: House) -> None:
    note = "For the team"
    conversations.add_note(house.ward, house.south, note)
    reply = replies.queue_reply(house.ward, house.south, "Thank you for telling us.", 1)
    reply.state = "failed"
    drafts.put(house.ward.organisation_id, house.ward.id, house.south, "Thanks", 1)
    db.session.commit()
    files = {one.message_id: one.id for one in db.session.scalars(select(Attachment))}
    of_south = [files[e.message.id] for e in thread.open_conversation(house.ward, house.south).entries if e.message]
    house.team()
    far = house.south

    acts: list[Callable[[], object]] = [
        lambda: thread.open_conversation(house.ward, far),
        lambda: conversations.find(house.ward, far),
        lambda: conversations.mark_read(house.ward, far),
        lambda: conversations.mark_unread(house.ward, far),
        lambda: conversations.assign(house.ward, far, None),
        lambda: conversations.close(house.ward, far, "spam"),
        lambda: conversations.add_note(house.ward, far, note),
        lambda: drafts.save(house.ward, far, "Thanks", 1),
        lambda: replies.queue_reply(house.ward, far, "Thanks", 1),
        lambda: replies.find(house.ward, reply.id),
        lambda: replies.retry(house.ward, reply.id),
        lambda: replies.take_back(house.ward, reply.id),
        lambda: attachments.find(house.ward, of_south[0]),
        lambda: copies_by_hand.offers(house.ward, far),
        lambda: copies_by_hand.join(house.ward, house.north, far),
        lambda: noise.block(house.ward, far),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act()
    assert thread.open_conversation(house.colleague, far).conversation.id == far
    assert inbox_standing.row_of(house.ward, ALL, far) is None
    assert inbox.neighbours(house.ward, ALL, far) == (None, None)
    assert far not in inbox.neighbours(house.ward, ALL, house.outpatients)


def test_lists_searches_and_what_they_can_be_narrowed_by_keep_to_the_places(house: House) -> None:
    house.team()
    near = {house.north, house.outpatients}

    assert listed(house.colleague, View(status="all", q="story")) == house.all
    assert listed(house.ward, View(status="all", q="story")) == near
    assert listed(house.ward, View(status="all", q="story", unread=True)) == near
    assert listed(house.ward, View(status="all", unread=True)) == near
    assert listed(house.ward, View(status="all", service="SOU01")) == set()
    assert listed(house.ward, View(channel="google")) == set()
    assert [code for code, _ in inbox.services(house.ward)] == ["NOR01", "NOR01 outpatients"]
    assert "SOU01" in dict(inbox.services(house.colleague))


def test_the_condition_of_a_query_the_search_and_the_look_at_one_say_the_same(house: House) -> None:
    ids = [[], [str(house.google.id)]]
    for sites, services, channels, unplaced in product(
        ([], ["NOR01"], ["NOR"]), ([], ["NOR01 outpatients", "Ward 3"], ["SOU01"]), ids, (False, True)
    ):
        some = Places.of(sites, services, channels, unplaced)
        house.ward.limited_to = some.to_json()
        db.session.flush()
        rows = db.session.scalars(select(Conversation)).all()
        one_by_one = {row.id for row in rows if places.sees(house.ward, row)}

        assert listed(house.ward) == one_by_one, some
        assert listed(house.ward, View(status="all", q="story")) == one_by_one, some
        assert {row.id for row in db.session.scalars(select(Conversation).where(*places.within(some)))} == one_by_one


def test_alerts_go_to_those_who_see_it_one_by_one_and_together(world: World, house: House) -> None:
    db.session.execute(db.delete(OutboxMail))
    house.team()
    (near,) = world.arrives(house.channel, world.item("Near", service_code="NOR01", service_name="North Hospital"))
    (far,) = world.arrives(house.channel, world.item("Far", service_code="SOU01", service_name="South Hospital"))

    def told(conversation_id: UUID) -> set[UUID]:
        of_it = select(OutboxMail.member_id).where(OutboxMail.conversation_id == conversation_id)
        return set(db.session.scalars(of_it))

    assert told(near) == {house.admin.id, house.ward.id, house.colleague.id}
    assert told(far) == {house.admin.id, house.colleague.id}

    items = [world.item(f"Far {n}", service_code="SOU01", service_name="South Hospital") for n in range(25)]
    world.arrives(house.channel, *items)
    many = select(OutboxMail).where(OutboxMail.kind == alerts.MANY)
    assert house.ward.id not in {mail.member_id for mail in db.session.scalars(many)}
    mixed = [world.item(f"Mixed {n}", service_code=("NOR01", "SOU01")[n % 2]) for n in range(24)]
    world.arrives(house.channel, *mixed)
    mine = db.session.scalars(many.where(OutboxMail.member_id == house.ward.id)).one()
    loaded = alerts.load(_claimed(mine))
    assert {one.service_code for one in loaded.conversations} == {"NOR01"}
    assert len(loaded.conversations) == 12


def test_an_alert_that_waits_is_not_sent_once_its_team_no_longer_sees_it(world: World, house: House) -> None:
    mail = db.session.scalars(
        select(OutboxMail).where(OutboxMail.member_id == house.ward.id, OutboxMail.conversation_id == house.south)
    ).one()
    house.team()

    with pytest.raises(alerts.NotNeeded, match="their team"):
        alerts.load(_claimed(mail))


def _claimed(mail: OutboxMail) -> outbox.Claimed:
    claimed = outbox.claim(mail.organisation_id, mail.id)
    assert claimed
    return claimed


def test_nobody_is_given_what_their_team_does_not_see(house: House) -> None:
    house.team()

    page = thread.open_conversation(house.admin, house.south)
    assert house.ward.id not in {one.id for one in page.colleagues}
    assert house.ward.id in {one.id for one in thread.open_conversation(house.admin, house.north).colleagues}
    with pytest.raises(Invalid, match="their team"):
        conversations.assign(house.admin, house.south, house.ward.id)
    with pytest.raises(Invalid, match="Their team"):
        grants.give(house.admin, house.ward.id, house.south)


def test_filters_of_a_whole_channel_are_for_those_who_see_all_of_it(house: House) -> None:
    house.team()
    rule = uuid4()

    acts: list[Callable[[], object]] = [
        lambda: noise.listed(house.ward, house.channel.id),
        lambda: noise.add(house.ward, house.channel.id, "must_not", ["museum"]),
        lambda: noise.remove(house.ward, house.channel.id, rule),
        lambda: noise.block(house.ward, house.north),
        lambda: noise_lessons.suggestions(house.ward, house.channel.id),
        lambda: noise_lessons.refuse(house.ward, house.channel.id, "museum"),
    ]
    for act in acts:
        with pytest.raises(NotAllowed, match="ask an administrator"):
            act()
    assert not thread.open_conversation(house.ward, house.north).may_block

    house.team(name="Google", sites=[], channels=[str(house.google.id)])
    assert noise.add(house.ward, house.google.id, "must_not", ["museum"]) == 1


def test_what_is_written_down_is_about_a_place_of_ones_team(world: World, house: House) -> None:
    paper = world.channel(house.organisation, "paper", remote_id="paper")
    given = {"said": "They were kind.", "how": "phone", "key": str(uuid4()), "ward": "Ward 9"}
    theirs = writing_down.write_down(house.colleague, paper.id, given)
    db.session.commit()
    house.team(sites=[], services=["Ward 3"])

    with pytest.raises(Invalid, match="your team"):
        writing_down.write_down(house.ward, paper.id, {**given, "key": str(uuid4())})
    made = writing_down.write_down(house.ward, paper.id, {**given, "key": str(uuid4()), "ward": "Ward 3"})
    assert made in listed(house.ward)
    assert writing_down.written(house.ward, paper, theirs) is None
    with pytest.raises(NotFound):
        writing_down.take_back(house.ward, paper.id, theirs)


def test_copies_on_other_sites_are_named_only_where_they_are_seen(house: House) -> None:
    copies_by_hand.join(house.admin, house.north, house.mapped)
    assert [one.id for one in thread.open_conversation(house.admin, house.north).elsewhere] == [house.mapped]
    house.team()

    assert thread.open_conversation(house.ward, house.north).elsewhere == []


def test_administrators_alone_make_and_change_teams_and_each_change_is_in_the_audit_log(house: House) -> None:
    team = house.team()
    for act in (
        lambda: teams.make(house.ward, Wish("Mine", sites=["SOU01"], people={house.ward.id})),
        lambda: teams.change(house.ward, team, Wish("North", sites=["SOU01"])),
        lambda: teams.remove(house.ward, team),
        lambda: team_places.offered(house.ward),
    ):
        with pytest.raises(NotAllowed):
            act()
    teams.change(house.admin, team, Wish("Wide North", sites=["NOR01", "SOU01"], people={house.ward.id}))
    with pytest.raises(Conflict, match="Take everybody out"):
        teams.remove(house.admin, team)
    teams.change(house.admin, team, Wish("Wide North", sites=["NOR01", "SOU01"]))
    teams.remove(house.admin, team)

    assert listed(house.ward) == house.all
    written = [one.action for one in audit_log.page(house.admin, audit_log.Wanted()).entries]
    assert written[::-1] == [
        *("team_made", "member_limited", "team_changed", "member_limited", "team_changed", "member_limited"),
        "team_removed",
    ]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish("  ", sites=["NOR01"]), "Give the team a name"),
        (Wish("x" * 101, sites=["NOR01"]), "up to 100 characters"),
        (Wish("North"), "at least one place"),
        (Wish("North", sites=["XXX99"], channels=["0"]), "at least one place"),
        (Wish("old", sites=["NOR01"]), "already"),
    ],
)
def test_a_team_has_a_name_of_its_own_and_a_place_that_there_is(house: House, wish: Wish, words: str) -> None:
    house.team(name="Old", people=set())
    with pytest.raises(Invalid, match=words):
        teams.make(house.admin, wish)


def test_whoever_left_and_comes_back_is_still_in_their_team(house: House) -> None:
    team = house.team()
    roles.remove(house.admin, house.ward.id)
    teams.change(house.admin, team, Wish("North", sites=["SOU01"]))
    members.come_back(house.ward)

    assert listed(house.ward) == {house.south}


def test_an_invitation_leads_into_its_team_from_the_first_moment(world: World, house: House) -> None:
    team = house.team(people=set())
    token = invitations.invite(house.admin, "new@example.org", "responder", team)
    invitation = invitations.read(token)
    joined = members.add(house.organisation.id, invitation.email, "New", invitation.role, invitation.inviter)
    assert invitation.team_id
    teams.join(invitation.inviter, joined, invitation.team_id)
    assert listed(joined) == {house.north, house.outpatients}

    teams.change(house.admin, team, Wish("North", sites=["NOR01"]))
    teams.remove(house.admin, team)
    with pytest.raises(Invalid, match="does not work any more"):
        invitations.read(token)


def test_two_administrators_who_change_two_teams_of_one_person_lose_nothing(
    app: Flask, world: World, house: House
) -> None:
    second = world.member(house.organisation)
    organisation_id, other_id, ward_id = house.organisation.id, second.id, house.ward.id

    def make_south() -> None:
        with app.app_context():
            scope.enter(organisation_id)
            admin = members.find_present(organisation_id, other_id)
            teams.make(admin, Wish("South", sites=["SOU01"], people={ward_id}))
            events.commit()

    teams.make(house.admin, Wish("North", sites=["NOR01"], people={ward_id}))
    with ThreadPoolExecutor(1) as beside:
        waits = beside.submit(make_south)
        with pytest.raises(TimeoutError):
            waits.result(timeout=0.5)
        events.commit()
        waits.result(timeout=10)

    db.session.expire_all()
    assert listed(house.ward) == {house.north, house.outpatients, house.south}
