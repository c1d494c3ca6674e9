"""Erasing what one author wrote, as one channel knows them, because they asked for it: what is asked and decided.

A worker does it part by part (erasing_work.py). Authors are never joined across channels: the same person elsewhere is
asked about there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, and_, exists, func, select, update

from healthberry.core import channels, conversations, copies, events, holds, reading_rights, suppression
from healthberry.core.copies import Elsewhere
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.core.suppression import Name
from healthberry.extensions import db
from healthberry.models.activities import Note
from healthberry.models.channels import Author, Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.keeping import Erasure
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now
from healthberry.models.replies import Draft, Reply

LONGEST = 200
_LEAVING = ("queued", "sending", "unknown")
_LISTED = 50


@dataclass(frozen=True)
class Writer:
    """Somebody who wrote in a conversation: `id` is that of their first message there."""

    id: UUID
    screen_name: str
    messages: int
    author_id: UUID | None


@dataclass(frozen=True)
class Preview:
    """What would be erased, and what would not: counts, and the same story on other sites."""

    conversation: Conversation
    writer: Writer
    messages: int
    conversations: int
    answers: int
    notes: int
    drafts: int
    held: int
    elsewhere: Sequence[Elsewhere] = field(default=())


def writers(member: Member, conversation_id: UUID) -> Sequence[Writer]:
    """Return who wrote in a conversation and can still be read there, in the order of their first words.

    Without their names where the member may not read it (core.reading_rights).

    Raises: NotAllowed, NotFound.
    """
    require(member, "manage")
    conversation = conversations.find(member, conversation_id)
    found: dict[UUID | str, list[Message]] = {}
    shown = (*_of(conversation), Message.direction == "inbound", Message.withdrawn_at.is_(None))
    for message in db.session.scalars(select(Message).where(*shown).order_by(Message.posted_at, Message.id)):
        found.setdefault(message.author_id or message.screen_name, []).append(message)
    named = reading_rights.may_read(member, conversation)
    return [
        Writer(said[0].id, said[0].screen_name if named else "", len(said), said[0].author_id)
        for said in found.values()
    ]


def preview(member: Member, conversation_id: UUID, who: UUID) -> Preview:
    """Return what erasing one of the `writers` would do. Raises: NotAllowed, NotFound, Invalid."""
    conversation, writer = conversations.find(member, conversation_id), _writer(member, conversation_id, who)
    org, theirs = member.organisation_id, _theirs(conversation, writer)
    wrote = select(Message.conversation_id).where(*theirs)
    answers = (Message.direction == "outbound", Message.withdrawn_at.is_(None), Message.conversation_id.in_(wrote))
    here = Conversation.organisation_id == org, Conversation.id.in_(wrote)
    return Preview(
        conversation,
        writer,
        messages=_count(select(func.count(Message.id)).where(*theirs)),
        conversations=_count(select(func.count(Conversation.id)).where(*here)),
        answers=_count(select(func.count(Message.id)).where(Message.organisation_id == org, *answers)),
        notes=_count(_of_these(Note, org, wrote)),
        drafts=_count(
            select(func.count(Draft.id)).where(Draft.organisation_id == org, Draft.conversation_id.in_(wrote))
        ),
        held=_count(select(func.count(Conversation.id)).where(*here, holds.holding())),
        elsewhere=copies.elsewhere(member, conversation),
    )


def begin(
    member: Member, conversation_id: UUID, who: UUID, *, reference: str, reason: str = "", answers: bool, notes: bool
) -> Erasure:
    """Have erased what one of the `writers` wrote on this channel. Again, for the same request: the one that was begun.

    `reference` is where the request itself is filed. From now on nothing comes back that they wrote until now.

    Raises: NotAllowed; NotFound; Invalid; Conflict under a legal hold, and while a reply to them is on its way.
    """
    require(member, "manage")
    conversation = conversations.find(member, conversation_id)
    begun = db.session.get(Erasure, (member.organisation_id, uuid5(who, "erasure")))
    if begun is not None:
        return begun
    words = _checked(reference, "reference"), _checked(reason, "reason", required=False)
    channel = channels.find(member.organisation_id, conversation.channel_id, lock=True)
    writer = _writer(member, conversation_id, who)
    _refuse(conversation, writer)
    author_id = writer.author_id or _named(channel, conversation, writer)
    erasure = Erasure(
        organisation_id=member.organisation_id,
        id=uuid5(who, "erasure"),
        channel_id=channel.id,
        author_id=author_id,
        conversation_id=conversation.id,
        member_id=member.id,
        member_name=member.name,
        reference=words[0],
        reason=words[1],
        wanted={"answers": answers, "notes": notes},
        next_at=now(),
    )
    db.session.add(erasure)
    db.session.flush()
    author = db.session.get_one(Author, (member.organisation_id, author_id))
    if author.remote_id:
        suppression.add(channel, [Name("author", author.remote_id, erasure.asked_at)])
    events.record(
        member.organisation_id,
        "erasure_begun",
        conversation_id=conversation.id,
        channel_id=channel.id,
        subject_id=erasure.id,
        member=member,
        erasure_id=str(erasure.id),
    )
    return erasure


def find(member: Member, erasure_id: UUID) -> tuple[Erasure, Channel]:
    """Return an erasure and its channel. Raises: NotFound, NotAllowed."""
    found = db.session.get(Erasure, (member.organisation_id, erasure_id))
    if found is None:
        raise NotFound
    require(member, "manage")
    return found, channels.find(member.organisation_id, found.channel_id)


def listed(member: Member) -> Sequence[Erasure]:
    """Return what was erased on request, the newest first. Raises: NotAllowed."""
    require(member, "manage")
    statement = select(Erasure).where(Erasure.organisation_id == member.organisation_id)
    return db.session.scalars(statement.order_by(Erasure.asked_at.desc()).limit(_LISTED)).all()


def _writer(member: Member, conversation_id: UUID, who: UUID) -> Writer:
    found = next((one for one in writers(member, conversation_id) if one.id == who), None)
    if found is None:
        raise Invalid("Choose who asked for it. Nothing else of theirs is left here.", "who")
    return found


def _of(conversation: Conversation) -> tuple[ColumnElement[bool], ...]:
    return (
        Message.organisation_id == conversation.organisation_id,
        Message.conversation_id == conversation.id,
    )


def _theirs(conversation: Conversation, writer: Writer) -> tuple[ColumnElement[bool], ...]:
    """Where the channel does not say who wrote it, only this conversation is known to be theirs."""
    still = (Message.direction != "outbound", Message.withdrawn_at.is_(None))
    if writer.author_id is None:
        nobodys = and_(Message.author_id.is_(None), Message.screen_name == writer.screen_name)
        return (*_of(conversation), nobodys, *still)
    return (Message.organisation_id == conversation.organisation_id, Message.author_id == writer.author_id, *still)


def _refuse(conversation: Conversation, writer: Writer) -> None:
    wrote = select(Message.conversation_id).where(*_theirs(conversation, writer))
    here = Conversation.organisation_id == conversation.organisation_id, Conversation.id.in_(wrote)
    if held := _count(select(func.count(Conversation.id)).where(*here, holds.holding())):
        raise Conflict(
            f"{held:,} of these conversations {'is' if held == 1 else 'are'} under a legal hold. Nothing is erased "
            "while it lasts. Restrict what they wrote instead, or have the hold lifted."
        )
    leaving = exists().where(
        Reply.organisation_id == conversation.organisation_id,
        Reply.conversation_id.in_(wrote),
        Reply.state.in_(_LEAVING),
    )
    if db.session.scalar(select(leaving)):
        raise Conflict("A reply to them is still on its way. Erase what they wrote when it is out.")


def _named(channel: Channel, conversation: Conversation, writer: Writer) -> UUID:
    """Let an author stand for somebody whom the channel does not name, until the work is done."""
    theirs = _theirs(conversation, writer)
    author = Author(organisation_id=channel.organisation_id, id=new_id(), channel_id=channel.id, screen_name="")
    db.session.add(author)
    db.session.flush()
    db.session.execute(update(Message).where(*theirs).values(author_id=author.id))
    return author.id


def _checked(given: str, name: str, *, required: bool = True) -> str:
    words = " ".join(given.replace("\x00", "").split())
    if required and not words:
        raise Invalid("Write where the request is filed, for example a case number.", name)
    if len(words) > LONGEST:
        raise Invalid(f"Write up to {LONGEST} characters.", name)
    return words


def _of_these(model: Any, organisation_id: UUID, conversation_ids: Any) -> Any:
    mine = (model.organisation_id == organisation_id, model.conversation_id.in_(conversation_ids))
    return select(func.count(model.id)).where(*mine)


def _count(statement: Any) -> int:
    return db.session.scalar(statement) or 0
