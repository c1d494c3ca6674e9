"""Legal holds: while one lasts, nothing of a conversation or a whole channel is let go.

What the source takes down meanwhile leaves the screens as ever, for its author may count on that; here it is kept
sealed, for administrators alone, until the hold is lifted.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import channels, conversations, events, reading_rights
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.core.vault import Vault
from healthberry.extensions import db, part
from healthberry.models.attachments import Attachment
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.imports import Import
from healthberry.models.keeping import Erasure, HeldWords, Hold
from healthberry.models.organisations import Member
from healthberry.models.owned import now

LONGEST = 200
REFUSED = "A legal hold lasts on what this channel brought, so nothing of it can be erased. Have the hold lifted first."
_WORDS = ("title", "text", "screen_name", "url")


@dataclass(frozen=True)
class Sealed:
    """What a message said that was taken down under a hold; `files` are pairs of id and name."""

    message: Message
    title: str
    text: str
    screen_name: str
    url: str
    files: Sequence[tuple[str, str]]


def holding() -> ColumnElement[bool]:
    """Return the condition that a conversation is under a hold of its own or of its channel."""
    return exists().where(
        Hold.organisation_id == Conversation.organisation_id,
        Hold.channel_id == Conversation.channel_id,
        Hold.lifted_at.is_(None),
        or_(Hold.conversation_id.is_(None), Hold.conversation_id == Conversation.id),
    )


def place(member: Member, channel_id: UUID, conversation_id: UUID | None, reason: str) -> Hold:
    """Place a hold on a conversation of a channel, or on all of it; one that lasts already stays as it is.

    Raises: NotAllowed; NotFound; Invalid without a reason; Conflict while something there is being erased.
    """
    require(member, "manage")
    channel = channels.find(member.organisation_id, channel_id, lock=True)
    if lasting := next((one for one in _lasting(channel) if one.conversation_id == conversation_id), None):
        return lasting
    words = checked(reason)
    if channel.erase_at is not None or db.session.scalar(select(or_(*_being_erased(channel)))):
        raise Conflict("Something of this channel is being erased at this moment. Place the hold when that is over.")
    hold = Hold(
        organisation_id=member.organisation_id,
        channel_id=channel.id,
        conversation_id=conversation_id,
        member_id=member.id,
        member_name=member.name,
        reason=words,
    )
    db.session.add(hold)
    db.session.flush()
    _record("hold_placed", hold, member)
    return hold


def lift(member: Member, hold_id: UUID) -> Hold:
    """Lift a hold, and forget what was kept for its sake alone; again: nothing. Raises: NotFound, NotAllowed."""
    hold = db.session.get(Hold, (member.organisation_id, hold_id), with_for_update=True)
    if hold is None:
        raise NotFound
    require(member, "manage")
    if hold.lifted_at is None:
        hold.lifted_at, hold.lifted_by = now(), member.name
        db.session.flush()
        _forget_sealed(hold)
        _record("hold_lifted", hold, member)
    return hold


def of_conversation(member: Member, conversation_id: UUID) -> Sequence[Hold]:
    """Return the holds that last on a conversation: its own, and its channel's. Raises: NotFound, NotAllowed."""
    require(member, "manage")
    conversation = conversations.find(member, conversation_id)
    channel = channels.find(member.organisation_id, conversation.channel_id)
    return [hold for hold in _lasting(channel) if hold.conversation_id in (None, conversation.id)]


def listed(member: Member) -> Sequence[Hold]:
    """Return every hold that lasts, the oldest first. Raises: NotAllowed."""
    require(member, "manage")
    mine = (Hold.organisation_id == member.organisation_id, Hold.lifted_at.is_(None))
    return db.session.scalars(select(Hold).where(*mine).order_by(Hold.since)).all()


def refuse_erasing(channel: Channel) -> None:
    """Refuse to erase anything of a channel by the hundred while a hold lasts there. Raises: Conflict."""
    if _lasting(channel):
        raise Conflict(REFUSED)


def seal(organisation_id: UUID, which: ColumnElement[bool]) -> Sequence[UUID]:
    """Keep, sealed, the words of those messages that are under a hold; return their ids. Again: nothing."""
    of_message = and_(
        Conversation.organisation_id == Message.organisation_id, Conversation.id == Message.conversation_id
    )
    held = select(Message).join(Conversation, of_message).where(which, Message.withdrawn_at.is_(None), holding())
    vault: Vault = part("vault")
    rows: list[dict[str, Any]] = [
        {
            "organisation_id": organisation_id,
            "message_id": one.id,
            "sealed": vault.seal({**{name: getattr(one, name) or "" for name in _WORDS}, "files": _files(one)}),
            "at": now(),
        }
        for one in db.session.scalars(held)
    ]
    if rows:
        db.session.execute(insert(HeldWords).on_conflict_do_nothing(), rows)
    return [row["message_id"] for row in rows]


def sealed_words(member: Member, conversation_id: UUID) -> Sequence[Sealed]:
    """Return what was taken down in a conversation under a hold. Raises: NotFound, NotAllowed, VaultError."""
    require(member, "manage")
    conversation = conversations.find(member, conversation_id)
    if not reading_rights.may_read(member, conversation):
        return []
    of_message = and_(HeldWords.organisation_id == Message.organisation_id, HeldWords.message_id == Message.id)
    found = (
        select(Message, HeldWords.sealed)
        .join(HeldWords, of_message)
        .where(Message.organisation_id == member.organisation_id, Message.conversation_id == conversation.id)
        .order_by(Message.posted_at, Message.id)
    )
    return [_opened(message, sealed) for message, sealed in db.session.execute(found)]


def rotate(organisation_id: UUID) -> None:
    """Seal again, with the newest key, what is kept under holds. Raises: VaultError."""
    vault: Vault = part("vault")
    mine = select(HeldWords).where(HeldWords.organisation_id == organisation_id)
    for row in db.session.scalars(mine.with_for_update()):
        row.sealed = vault.rotate(row.sealed)


def checked(reason: str) -> str:
    """Return a reason as it is kept. Raises: Invalid for none, and for a novel."""
    words = " ".join(reason.replace("\x00", "").split())
    if not words or len(words) > LONGEST:
        raise Invalid(f"Write why, in up to {LONGEST} characters.", "reason")
    return words


def _lasting(channel: Channel) -> Sequence[Hold]:
    mine = (Hold.organisation_id == channel.organisation_id, Hold.channel_id == channel.id, Hold.lifted_at.is_(None))
    return db.session.scalars(select(Hold).where(*mine).order_by(Hold.since)).all()


def _being_erased(channel: Channel) -> list[ColumnElement[bool]]:
    org = channel.organisation_id
    request = (Erasure.organisation_id == org, Erasure.channel_id == channel.id, Erasure.finished_at.is_(None))
    undoing = (Import.organisation_id == org, Import.channel_id == channel.id, Import.state == "undoing")
    return [exists().where(*request), exists().where(*undoing)]


def _files(message: Message) -> str:
    """The files that we keep stay where they are, for administrators; what is sealed says which those are."""
    return json.dumps([[file["kept"], file.get("name", "")] for file in message.attachments if file.get("kept")])


def _opened(message: Message, sealed: bytes) -> Sealed:
    vault: Vault = part("vault")
    words = vault.open(sealed)
    files = [(str(kept), str(name)) for kept, name in json.loads(words["files"])]
    return Sealed(message, files=files, **{name: words[name] for name in _WORDS})


def _forget_sealed(hold: Hold) -> None:
    """Forget what was taken down and is under no other hold."""
    org = hold.organisation_id
    of_message = and_(
        Conversation.organisation_id == Message.organisation_id, Conversation.id == Message.conversation_id
    )
    free = (
        select(Message.id)
        .join(Conversation, of_message)
        .where(Message.organisation_id == org, Message.channel_id == hold.channel_id)
        .where(Message.withdrawn_at.is_not(None), ~holding())
    )
    for model in (Attachment, HeldWords):
        gone: Any = delete(model).where(model.organisation_id == org, model.message_id.in_(free))
        db.session.execute(gone.execution_options(synchronize_session=False))


def _record(kind: str, hold: Hold, member: Member) -> None:
    events.record(
        member.organisation_id,
        kind,
        conversation_id=hold.conversation_id,
        channel_id=hold.channel_id,
        subject_id=hold.id,
        member=member,
        hold_id=str(hold.id),
    )
