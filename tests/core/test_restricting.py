"""While a request is assessed, the words are for administrators alone; it is ended, or becomes an erasure."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from healthberry.connectors.base import Author as Writer
from healthberry.connectors.base import File
from healthberry.core import (
    alerts,
    answering,
    attachments,
    copies_by_hand,
    drafts,
    erasing,
    events,
    inbox,
    inbox_standing,
    outbox,
    replies,
    restricting,
    thread,
)
from healthberry.core.errors import Invalid, NotAllowed, NotFound
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.jobs import keeping as jobs
from healthberry.models.activities import Activity
from healthberry.models.attachments import Attachment
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.keeping import Restriction
from healthberry.models.organisations import Member, Organisation
from healthberry.models.replies import Draft, Reply
from tests.world import World

PERSON = Writer("w1", "@wren", "https://example.org/@wren")
ALL = View(status="all")


@pytest.fixture
def organisation(world: World) -> Organisation:
    return world.organisation()


@pytest.fixture
def member(world: World, organisation: Organisation) -> Member:
    return world.member(organisation)


@pytest.fixture
def responder(world: World, organisation: Organisation, member: Member) -> Member:
    return world.member(organisation, role="responder")


@pytest.fixture
def channel(world: World, organisation: Organisation, member: Member) -> Channel:
    return world.channel(organisation, "bluesky")


def _restrict(member: Member, conversation_id: UUID, *, author: bool = False) -> Restriction:
    who = erasing.writers(member, conversation_id)[0].id if author else None
    made = restricting.restrict(member, conversation_id, who, "They objected.")
    db.session.commit()
    return made


def _lift(member: Member, restriction: Restriction) -> None:
    restricting.lift(member, restriction.id)
    db.session.commit()


def _words(page: thread.Page) -> str:
    """Return everything that the page of a conversation holds, as text."""
    rows: list[Any] = [page.conversation, *(entry.message or entry.note for entry in page.entries)]
    return str([vars(row) for row in rows if row is not None])


def _found(member: Member, words: str) -> list[UUID]:
    return [row.id for row in inbox.list_conversations(member, View(status="all", q=words)).rows]


def test_a_restricted_conversation_shows_its_words_to_administrators_alone(
    world: World, member: Member, responder: Member, channel: Channel
) -> None:
    item = world.item("A secret story", title="Secret", author=PERSON, url="https://example.org/secret")
    (one,) = world.arrives(channel, item)
    restriction = _restrict(member, one)

    seen = thread.open_conversation(responder, one)
    assert not any(words in _words(seen) for words in ("secret", "Secret", "wren"))
    assert "A secret story" in _words(thread.open_conversation(member, one))
    assert (seen.permission.mode, seen.permission.url) == ("none", None)
    assert "restricted" in seen.permission.reason

    _lift(member, restriction)

    assert "A secret story" in _words(thread.open_conversation(responder, one))
    assert "restricted" not in thread.open_conversation(responder, one).permission.reason


def test_no_list_and_no_search_holds_its_words(
    world: World, member: Member, responder: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item("A secret story", title="Secret", author=PERSON))
    restriction = _restrict(member, one)

    for who in (member, responder):
        (row,) = inbox.list_conversations(who, ALL).rows
        assert (row.id, row.title, row.first_words, row.screen_name) == (one, "", "", "")
        standing = inbox_standing.row_of(who, ALL, one)
        assert standing is not None
        assert (standing[0].first_words, standing[0].restricted) == ("", True)
        assert _found(who, "secret") == []
    world.arrives(channel, world.item("Still secret", thread_id=_thread(one), author=PERSON))
    assert _found(member, "secret") == [], "what comes in meanwhile is not searched either"

    _lift(member, restriction)
    assert _found(responder, "secret") == [one]


def _thread(conversation_id: UUID) -> str:
    return db.session.scalars(select(Conversation.remote_thread_id).where(Conversation.id == conversation_id)).one()


def test_nobody_answers_drafts_joins_or_opens_files_and_no_alert_goes_out(
    world: World, member: Member, responder: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item("Story", files=(File("a.jpg", "image/jpeg", b"picture"),)))
    file_id = db.session.scalars(select(Attachment.id)).one()
    claimed = outbox.claim_next(member.organisation_id)
    _restrict(member, one)
    assert claimed is not None

    with pytest.raises(alerts.NotNeeded, match="restricted"):
        alerts.load(claimed)
    with pytest.raises(NotAllowed):
        replies.queue_reply(member, one, "Dear you", _version(one))
    with pytest.raises(NotAllowed):
        drafts.save(responder, one, "Dear you", 1)
    with pytest.raises(NotAllowed):
        copies_by_hand.offers(responder, one)
    with pytest.raises(NotFound):
        attachments.find(responder, file_id)
    assert attachments.find(member, file_id).name == "a.jpg"


def _version(conversation_id: UUID) -> int:
    return db.session.scalars(select(Conversation.version).where(Conversation.id == conversation_id)).one()


def test_a_reply_that_did_not_leave_yet_goes_back_to_its_writer(
    world: World, member: Member, responder: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item("Story"))
    target = answering.target_of(member.organisation_id, one)
    assert target is not None
    made = {"conversation_id": one, "target_id": target.id, "member_name": "Priya", "mode": "api", "key": "k"}
    db.session.add(
        Reply(organisation_id=member.organisation_id, member_id=responder.id, **made, text="Dear you", state="queued")
    )
    db.session.commit()

    _restrict(member, one)

    assert db.session.scalars(select(Reply.state)).all() == ["failed"]
    assert db.session.scalars(select(Draft.text)).all() == ["Dear you"]


def test_all_that_one_author_wrote_is_restricted_also_what_comes_meanwhile(
    world: World, member: Member, responder: Member, channel: Channel
) -> None:
    one, two = world.arrives(channel, world.item("First", author=PERSON), world.item("Second", author=PERSON))
    (other,) = world.arrives(channel, world.item("Third"))
    restriction = _restrict(member, one, author=True)
    db.session.refresh(channel)

    (late,) = world.arrives(channel, world.item("A fourth one", author=PERSON))

    hidden = {row.id: row.restricted for row in inbox.list_conversations(responder, ALL).rows}
    assert hidden == {one: True, two: True, late: True, other: False}
    assert _found(member, "fourth") == []
    _lift(member, restriction)
    assert _found(responder, "fourth") == [late]
    assert [row.restricted for row in inbox.list_conversations(responder, ALL).rows] == [False] * 4
    db.session.refresh(channel)
    (after,) = world.arrives(channel, world.item("A fifth one", author=PERSON))
    assert _found(responder, "fifth") == [after]


def test_of_two_restrictions_the_second_still_holds_when_the_first_ends(
    world: World, member: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item("First", author=PERSON))
    first, second = _restrict(member, one), _restrict(member, one, author=True)

    _lift(member, first)
    assert [row.restricted for row in inbox.list_conversations(member, ALL).rows] == [True]
    _lift(member, second)
    assert [row.restricted for row in inbox.list_conversations(member, ALL).rows] == [False]


def test_a_second_call_changes_nothing_and_each_step_stands_in_the_history(
    world: World, member: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item("First", author=PERSON))
    restriction = _restrict(member, one)
    last = events.last_number(member.organisation_id)
    assert _restrict(member, one).id == restriction.id
    assert events.last_number(member.organisation_id) == last
    _lift(member, restriction)
    last = events.last_number(member.organisation_id)
    _lift(member, restriction)
    assert events.last_number(member.organisation_id) == last
    told = db.session.execute(select(Activity.kind, Activity.member_name).order_by(Activity.number)).all()
    assert [tuple(row) for row in told[-2:]] == [("restricted", member.name), ("restriction_lifted", member.name)]


def test_an_erasure_settles_the_restriction(world: World, member: Member, channel: Channel) -> None:
    (one,) = world.arrives(channel, world.item("First", author=PERSON))
    _restrict(member, one, author=True)
    who = erasing.writers(member, one)[0].id
    erasure = erasing.begin(member, one, who, reference="IG-7", answers=False, notes=False)
    db.session.commit()

    jobs.erase(str(member.organisation_id), str(erasure.id))

    db.session.expire_all()
    assert restricting.listed(member) == []
    (row,) = inbox.list_conversations(member, ALL).rows
    assert (row.restricted, row.erased_at is not None, row.first_words) == (False, True, "")


def test_only_administrators_restrict_and_never_without_a_reason(
    world: World, member: Member, responder: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item("First"))
    with pytest.raises(NotAllowed):
        restricting.restrict(responder, one, None, "They objected.")
    with pytest.raises(Invalid):
        restricting.restrict(member, one, None, " ")


def test_ending_a_restriction_shows_a_conversation_again_though_another_author_stays_restricted(
    world: World, member: Member, channel: Channel
) -> None:
    (mine,) = world.arrives(channel, world.item("Mine", author=Writer("r1", "@robin")))
    (theirs,) = world.arrives(channel, world.item("Theirs", author=PERSON))
    _restrict(member, theirs, author=True)
    lasting = _restrict(member, mine)

    _lift(member, lasting)

    marks = dict(db.session.execute(select(Conversation.id, Conversation.restricted)).all())
    assert marks == {mine: False, theirs: True}
