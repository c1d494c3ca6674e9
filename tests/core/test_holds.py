"""Under a legal hold nothing is let go; what the source takes down leaves the screens and is kept sealed."""

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select, update

from healthberry.connectors.base import File
from healthberry.core import (
    attachments,
    conversations,
    erasing,
    events,
    expiry,
    holds,
    inbox,
    keeping,
    keeping_steps,
    operator,
    thread,
    unlinking,
)
from healthberry.core.errors import Conflict, Invalid, NotAllowed, NotFound
from healthberry.core.inbox import View
from healthberry.core.keeping_table import NOTES
from healthberry.extensions import db
from healthberry.models.activities import Activity, Note
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.keeping import HeldWords, Hold
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from tests.core.erased import tables_with
from tests.world import World

MARK = "Archaeopteryx"


@pytest.fixture
def organisation(world: World) -> Organisation:
    return world.organisation()


@pytest.fixture
def member(world: World, organisation: Organisation) -> Member:
    return world.member(organisation)


@pytest.fixture
def channel(world: World, organisation: Organisation, member: Member) -> Channel:
    return world.channel(organisation)


def _hold(member: Member, channel: Channel, conversation_id: UUID | None) -> Hold:
    made = holds.place(member, channel.id, conversation_id, "Claim 12")
    db.session.commit()
    return made


def _lift(member: Member, hold: Hold) -> None:
    holds.lift(member, hold.id)
    db.session.commit()


@pytest.mark.parametrize("whole", [False, True], ids=["conversation", "channel"])
def test_what_is_too_old_stays_while_it_is_held_and_goes_afterwards(
    world: World, member: Member, channel: Channel, whole: bool
) -> None:
    (one,) = world.arrives(channel, world.item("Long ago"))
    conversations.add_note(member, one, "Ask the ward.")
    db.session.execute(update(Conversation).values(experienced="2020-05"))
    db.session.execute(update(Note).values(created_at=now() - timedelta(days=NOTES.days + 1)))
    hold = _hold(member, channel, None if whole else one)

    assert (expiry.expire_part(channel), keeping_steps.notes(member.organisation_id)) == (0, 0)
    assert keeping.would_go(member, "nhsuk", 3) == (0, 1)
    assert thread.open_conversation(member, one).on_hold
    assert db.session.scalars(select(Message.text)).all() == ["Long ago"]

    _lift(member, hold)

    assert (expiry.expire_part(channel), keeping_steps.notes(member.organisation_id)) == (1, 1)


def test_nothing_is_erased_on_request_or_by_unlinking_while_it_is_held(
    world: World, member: Member, channel: Channel
) -> None:
    (one,) = world.arrives(channel, world.item("Story"))
    who = erasing.writers(member, one)[0].id
    hold = _hold(member, channel, one)

    assert erasing.preview(member, one, who).held == 1
    with pytest.raises(Conflict, match="legal hold"):
        erasing.begin(member, one, who, reference="IG-7", answers=False, notes=False)
    with pytest.raises(Conflict, match="legal hold"):
        unlinking.unlink(member, channel.id, erase=True)
    db.session.rollback()
    unlinking.unlink(member, channel.id, erase=False)
    _lift(member, hold)
    erasing.begin(member, one, who, reference="IG-7", answers=False, notes=False)
    db.session.commit()
    with pytest.raises(Conflict, match="being erased"):
        holds.place(member, channel.id, None, "Claim 12")


def test_what_its_source_takes_down_leaves_the_screens_and_is_sealed_for_administrators(
    world: World, organisation: Organisation, member: Member, channel: Channel, owner: psycopg.Connection
) -> None:
    responder = world.member(organisation, role="responder")
    item = world.item(f"{MARK} said", title=MARK, files=(File("a.jpg", "image/jpeg", b"picture"),))
    (one,) = world.arrives(channel, item)
    hold = _hold(member, channel, one)

    world.arrives(channel, world.item("", remote_id=item.remote_id, thread_id=item.thread_id, change="withdrawn"))

    assert tables_with(owner, MARK) == [], "no table holds the words in clear"
    (row,) = inbox.list_conversations(member, View(status="all")).rows
    assert (row.withdrawn, row.first_words) == (True, "")
    (kept,) = holds.sealed_words(member, one)
    assert (kept.text, kept.title, [name for _, name in kept.files]) == (f"{MARK} said", MARK, ["a.jpg"])
    file_id = UUID(kept.files[0][0])
    assert attachments.find(member, file_id).body == b"picture"
    with pytest.raises(NotFound):
        attachments.find(responder, file_id)
    with pytest.raises(NotAllowed):
        holds.sealed_words(responder, one)

    _lift(member, hold)

    assert db.session.scalars(select(HeldWords)).all() == []
    with pytest.raises(NotFound):
        attachments.find(member, file_id)


def test_what_is_sealed_is_sealed_anew_with_a_new_key(world: World, member: Member, channel: Channel) -> None:
    item = world.item(MARK)
    (one,) = world.arrives(channel, item)
    _hold(member, channel, None)
    world.arrives(channel, world.item("", remote_id=item.remote_id, thread_id=item.thread_id, change="withdrawn"))
    before = db.session.scalars(select(HeldWords.sealed)).one()

    operator.rotate_secrets()
    db.session.commit()

    assert db.session.scalars(select(HeldWords.sealed)).one() != before
    assert [kept.text for kept in holds.sealed_words(member, one)] == [MARK]


def test_without_a_hold_nothing_is_sealed(world: World, member: Member, channel: Channel) -> None:
    item = world.item(MARK)
    world.arrives(channel, item)
    world.arrives(channel, world.item("", remote_id=item.remote_id, thread_id=item.thread_id, change="withdrawn"))
    assert db.session.scalars(select(HeldWords)).all() == []


def test_a_second_call_changes_nothing_and_only_administrators_hold(
    world: World, organisation: Organisation, member: Member, channel: Channel
) -> None:
    hold = _hold(member, channel, None)
    last = events.last_number(member.organisation_id)
    assert _hold(member, channel, None).id == hold.id
    assert events.last_number(member.organisation_id) == last
    _lift(member, hold)
    _lift(member, hold)
    told = db.session.scalars(select(Activity.kind).order_by(Activity.number)).all()
    assert told[-2:] == ["hold_placed", "hold_lifted"]
    with pytest.raises(NotAllowed):
        holds.place(world.member(organisation, role="responder"), channel.id, None, "Claim 12")
    with pytest.raises(Invalid):
        holds.place(member, channel.id, None, "")
