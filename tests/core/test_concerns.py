"""What is restricted for a concern comes out by no way without a grant, and with one each opening is written down."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from healthberry.connectors.base import Author as Writer
from healthberry.connectors.base import File
from healthberry.connectors.reading import withdrawn
from healthberry.core import (
    alerts,
    answering,
    attachments,
    concerns,
    conversations,
    copies_by_hand,
    drafts,
    erasing,
    events,
    grants,
    holds,
    inbox,
    inbox_standing,
    keeping_table,
    members,
    noise_lessons,
    outbox,
    reading_rights,
    replies,
    restricting,
    roles,
    scope,
    thread,
)
from healthberry.core.errors import Invalid, NotAllowed, NotFound
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.models.attachments import Attachment
from healthberry.models.audit import AuditEntry
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.keeping import ReadingGrant, Restriction
from healthberry.models.organisations import Member, Organisation
from healthberry.models.replies import Draft, Reply
from tests.world import World

PERSON = Writer("w1", "@wren", "https://example.org/@wren")
ALL = View(status="all")
SECRETS = ("secret", "Secret", "wren")


@pytest.fixture
def organisation(world: World) -> Organisation:
    return world.organisation()


@pytest.fixture
def admin(world: World, organisation: Organisation) -> Member:
    return world.member(organisation, name="Ada Admin")


@pytest.fixture
def marker(world: World, organisation: Organisation) -> Member:
    """Who restricts it."""
    return world.member(organisation, role="responder", name="Mo Marker")


@pytest.fixture
def other(world: World, organisation: Organisation, admin: Member) -> Member:
    """Who has no grant."""
    return world.member(organisation, role="responder", name="Olu Other")


@pytest.fixture
def channel(world: World, organisation: Organisation) -> Channel:
    return world.channel(organisation, "bluesky")


@pytest.fixture
def one(world: World, channel: Channel, marker: Member) -> UUID:
    """A restricted conversation, with a note and a file."""
    file = File("secret.jpg", "image/jpeg", b"picture")
    item = world.item("A secret story", title="Secret", author=PERSON, url="https://example.org/secret", files=(file,))
    (made,) = world.arrives(channel, item)
    conversations.add_note(marker, made, "A secret note")
    concerns.mark(marker, made, "crisis")
    db.session.commit()
    return made


def _words(page: thread.Page) -> str:
    rows: list[Any] = [page.conversation, page.draft, *(entry.message or entry.note for entry in page.entries)]
    return str([vars(row) for row in rows if row is not None]) + str((page.elsewhere, page.permission))


def _found(member: Member, words: str) -> list[UUID]:
    return [row.id for row in inbox.list_conversations(member, View(status="all", q=words)).rows]


def _actions(member: Member) -> list[tuple[str, str]]:
    found = select(AuditEntry.action, AuditEntry.name).order_by(AuditEntry.number)
    return [(row.action, row.name) for row in db.session.execute(found) if row.action.startswith(("grant", "restrict"))]


def test_without_a_grant_nobody_reads_it_administrators_included(admin: Member, other: Member, one: UUID) -> None:
    for member in (admin, other):
        page = thread.open_conversation(member, one)
        assert not any(words in _words(page) for words in SECRETS)
        assert page.permission.mode == "none"
        assert (page.why, list(page.givers)) == ((), ["Ada Admin"])
    assert "permission of an administrator" in thread.open_conversation(other, one).refused
    assert "give it to yourself" in thread.open_conversation(admin, one).refused


def test_whoever_restricted_it_goes_on_reading_for_somebody_has_to_act(
    admin: Member, marker: Member, one: UUID
) -> None:
    page = thread.open_conversation(marker, one)

    assert "A secret story" in _words(page)
    assert (list(page.why), page.refused) == (["crisis"], "")
    assert page.permission.mode != "none", "those who may read it may answer it"
    assert _actions(admin) == [("restricted", "Mo Marker"), ("grant_kept", "Mo Marker")]


def test_lists_say_only_that_there_is_one_and_no_search_finds_it(
    world: World, admin: Member, marker: Member, other: Member, channel: Channel, one: UUID
) -> None:
    for member in (admin, marker, other):
        (row,) = inbox.list_conversations(member, ALL).rows
        assert (row.id, row.title, row.first_words, row.screen_name, row.restricted) == (one, "", "", "", True)
        standing = inbox_standing.row_of(member, ALL, one)
        assert standing is not None
        assert (standing[0].first_words, standing[0].screen_name, standing[0].title) == ("", "", "")
        assert _found(member, "secret") == []
    thread_id = db.session.scalars(select(Conversation.remote_thread_id)).one()
    world.arrives(channel, world.item("Still secret", thread_id=thread_id, author=PERSON))
    assert _found(marker, "secret") == [], "what comes in meanwhile is not searched either"


def test_no_other_way_leads_to_its_words(admin: Member, other: Member, one: UUID) -> None:
    file_id = db.session.scalars(select(Attachment.id)).one()
    for member in (admin, other):
        with pytest.raises(NotFound):
            attachments.find(member, file_id)
        for act in (
            lambda who: drafts.save(who, one, "Dear you", 1),
            lambda who: copies_by_hand.offers(who, one),
            lambda who: conversations.readable(who, one),
            lambda who: replies.queue_reply(who, one, "Dear you", 1),
            lambda who: concerns.mark(who, one, "staff"),
        ):
            with pytest.raises(NotAllowed):
                act(member)
    assert [writer.screen_name for writer in erasing.writers(admin, one)] == [""]
    who = erasing.writers(admin, one)[0].id
    assert "wren" not in repr(erasing.preview(admin, one, who).writer)


def test_what_a_legal_hold_kept_sealed_stays_closed_too(
    world: World, admin: Member, marker: Member, channel: Channel
) -> None:
    item = world.item("A secret story", author=PERSON)
    (one,) = world.arrives(channel, item)
    holds.place(admin, channel.id, one, "A claim.")
    concerns.mark(marker, one, "crisis")
    db.session.commit()
    world.arrives(channel, withdrawn(item.remote_id))

    assert holds.sealed_words(admin, one) == []
    grants.give(admin, admin.id, one)
    assert [sealed.text for sealed in holds.sealed_words(admin, one)] == ["A secret story"]


def test_the_alert_that_waits_does_not_tell_of_it(
    world: World, organisation: Organisation, marker: Member, channel: Channel
) -> None:
    world.arrives(channel, world.item("A secret story"))
    claimed = outbox.claim_next(organisation.id)
    assert claimed is not None
    concerns.mark(marker, db.session.scalars(select(Conversation.id)).one(), "staff")
    db.session.commit()

    with pytest.raises(alerts.NotNeeded, match="restricted"):
        alerts.load(claimed)


def test_its_reply_and_drafts_are_not_shown_to_others(
    world: World, admin: Member, marker: Member, other: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item("Story"))
    target = answering.target_of(admin.organisation_id, one)
    assert target is not None
    drafts.save(other, one, "You wrote a secret", 1)
    made = {"conversation_id": one, "target_id": target.id, "member_name": "Olu", "mode": "api", "key": "k"}
    reply = Reply(organisation_id=admin.organisation_id, member_id=other.id, **made, text="A secret", state="queued")
    db.session.add(reply)
    db.session.commit()

    concerns.mark(marker, one, "crisis")
    db.session.commit()

    assert reply.state == "failed", "it goes back to its writer"
    page = thread.open_conversation(other, one)
    assert (page.draft, page.reply) == (None, None)
    for act in (replies.find, replies.retry, replies.take_back, replies.mark_copied, replies.confirm):
        with pytest.raises(NotAllowed):
            act(other, reply.id)
    assert len(db.session.scalars(select(Draft.text)).all()) >= 1


def test_the_same_story_on_another_site_is_restricted_with_it(
    world: World, organisation: Organisation, admin: Member, marker: Member, other: Member, channel: Channel
) -> None:
    elsewhere = world.channel(organisation, "careopinion")
    words = "They told me a secret about the midwife and nobody listened to what I said for hours on end"
    (first,) = world.arrives(channel, world.item(words, author=PERSON))
    (second,) = world.arrives(elsewhere, world.item(words, author=PERSON))
    if db.session.get_one(Conversation, (organisation.id, second)).copy_of is None:
        copies_by_hand.join(marker, first, second)
        db.session.commit()

    concerns.mark(marker, first, "safeguarding")
    db.session.commit()

    for conversation_id in (first, second):
        assert "secret" not in _words(thread.open_conversation(other, conversation_id))
        assert "secret" in _words(thread.open_conversation(marker, conversation_id))
    assert _found(other, "midwife") == []
    concerns.lift(admin, second)
    db.session.commit()
    assert "secret" in _words(thread.open_conversation(other, first))
    assert _found(other, "midwife") != []


def test_a_copy_that_is_joined_later_is_restricted_too(
    world: World, organisation: Organisation, marker: Member, other: Member, channel: Channel, one: UUID
) -> None:
    elsewhere = world.channel(organisation, "careopinion")
    (second,) = world.arrives(elsewhere, world.item("A secret story, told again", author=PERSON))
    assert "secret" in _words(thread.open_conversation(other, second))

    copies_by_hand.join(marker, one, second)
    db.session.commit()

    assert "secret" not in _words(thread.open_conversation(other, second))
    assert _found(other, "secret") == []


def test_an_administrator_lets_somebody_in_and_takes_it_back(
    world: World, admin: Member, other: Member, channel: Channel, one: UUID
) -> None:
    (another,) = world.arrives(channel, world.item("Another secret"))
    concerns.mark(other, another, "staff")

    grant = grants.give(admin, other.id, one)
    assert grants.give(admin, other.id, one).id == grant.id, "again: it stays so"
    assert "A secret story" in _words(thread.open_conversation(other, one))
    assert thread.open_conversation(admin, one).refused, "who gives a grant has none"
    names = sorted(reader.name for _, reader in grants.of_conversation(admin, one))
    assert names == ["Mo Marker", "Olu Other"]

    for _ in range(2):
        grants.end(admin, grant.id)
    assert thread.open_conversation(other, one).refused
    assert _actions(admin)[2:] == [
        ("restricted", "Olu Other"),
        ("grant_kept", "Olu Other"),
        ("grant_given", "Ada Admin"),
        ("grant_ended", "Ada Admin"),
    ]


def test_a_standing_grant_is_for_all_that_is_restricted_also_later(
    world: World, admin: Member, marker: Member, other: Member, channel: Channel, one: UUID
) -> None:
    grant = grants.give(admin, other.id)
    (later,) = world.arrives(channel, world.item("Later"))
    concerns.mark(marker, later, "safeguarding")

    assert not thread.open_conversation(other, one).refused
    assert not thread.open_conversation(other, later).refused
    assert set(grants.standing(admin)) == {other.id}
    grants.end(admin, grant.id)
    assert thread.open_conversation(other, later).refused


def test_an_administrator_who_lets_themselves_in_is_written_down_as_such(admin: Member, one: UUID) -> None:
    grants.give(admin, admin.id, one)

    assert not thread.open_conversation(admin, one).refused
    assert _actions(admin)[-1] == ("grant_taken", "Ada Admin")


def test_only_administrators_let_in_and_only_who_acts_for_the_organisation(
    world: World, organisation: Organisation, admin: Member, other: Member, one: UUID
) -> None:
    newcomer = world.member(organisation, level=1, role="responder")
    stranger = world.member(world.organisation())
    scope.enter(organisation.id)
    for act in (
        lambda: grants.give(other, other.id, one),
        lambda: grants.give(other, other.id),
        lambda: grants.of_conversation(other, one),
        lambda: concerns.lift(other, one),
    ):
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(Invalid):
        grants.give(admin, newcomer.id, one)
    with pytest.raises(NotFound):
        grants.give(admin, stranger.id, one)


def test_viewers_do_not_restrict_and_never_without_a_known_reason(
    world: World, organisation: Organisation, marker: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item("Story"))
    with pytest.raises(NotAllowed):
        concerns.mark(world.member(organisation, role="viewer"), one, "crisis")
    for wrong in ("", "request", "anything"):
        with pytest.raises(Invalid):
            concerns.mark(marker, one, wrong)


def test_who_leaves_and_comes_back_reads_it_no_more(admin: Member, marker: Member, one: UUID) -> None:
    roles.remove(admin, marker.id)
    db.session.commit()
    members.come_back(marker)
    marker.level = 2
    db.session.commit()

    assert thread.open_conversation(marker, one).refused


def test_lifting_it_shows_it_to_everybody_unless_a_request_still_restricts_it(
    admin: Member, other: Member, one: UUID
) -> None:
    request = restricting.restrict(admin, one, None, "They objected.")
    db.session.commit()
    assert reading_rights.kinds(db.session.get_one(Conversation, (admin.organisation_id, one))) == ["crisis", "request"]
    grants.give(admin, other.id, one)
    assert "request" in thread.open_conversation(other, one).refused, "a grant is for concerns alone"
    assert "give it to yourself" in thread.open_conversation(admin, one).refused

    concerns.lift(admin, one)
    db.session.commit()
    assert thread.open_conversation(other, one).refused
    assert not thread.open_conversation(admin, one).refused
    restricting.lift(admin, request.id)
    db.session.commit()

    assert "A secret story" in _words(thread.open_conversation(other, one))
    assert _found(other, "secret") == [one]
    last = events.last_number(admin.organisation_id)
    concerns.lift(admin, one)
    assert events.last_number(admin.organisation_id) == last, "again: nothing"


def test_marking_it_twice_changes_nothing_and_two_concerns_stand_side_by_side(
    admin: Member, marker: Member, one: UUID
) -> None:
    last = events.last_number(admin.organisation_id)
    concerns.mark(marker, one, "crisis")
    assert events.last_number(admin.organisation_id) == last
    concerns.mark(marker, one, "staff")
    assert sorted(found.kind for found in concerns.of_conversation(marker, one)) == ["crisis", "staff"]
    concerns.lift(admin, one)
    assert db.session.scalars(select(Restriction.id).where(Restriction.lifted_at.is_(None))).all() == []


def test_what_noise_taught_says_nothing_of_it(admin: Member, channel: Channel, one: UUID) -> None:
    assert "secret" not in repr(noise_lessons.suggestions(admin, channel.id)).lower()


def test_restrictions_that_are_over_are_kept_as_long_as_the_audit_log() -> None:
    assert keeping_table.REPORTS.days == keeping_table.AUDIT.days


def test_a_grant_of_another_organisation_is_not_there(world: World, admin: Member, one: UUID) -> None:
    grant = db.session.scalars(select(ReadingGrant)).first()
    assert grant is not None
    stranger = world.member(world.organisation())
    with pytest.raises(NotFound):
        grants.end(stranger, grant.id)
