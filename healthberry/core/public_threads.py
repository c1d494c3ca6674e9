"""How conversations began, and what of our answers shows: what the public page is made of, read for all at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import distinct_on

from healthberry.extensions import db
from healthberry.models.channels import Author
from healthberry.models.conversations import Conversation, Message
from healthberry.models.replies import Reply
from healthberry.models.rights import Disclosure


@dataclass(frozen=True)
class Thread:
    """A conversation: its first words with who wrote them, and the answers that show on its site."""

    conversation: Conversation
    opening: Message
    author: Author | None
    answers: list[Message] = field(default_factory=list)


def of(organisation_id: UUID, conversations: Sequence[Conversation]) -> list[Thread]:
    """Return these conversations in their order, without those whose beginning is gone, or was never words."""
    ids = [one.id for one in conversations]
    found = _openings(organisation_id, ids)
    for message in _answers(organisation_id, ids):
        if message.conversation_id in found:
            found[message.conversation_id][2].append(message)
    return [Thread(one, *found[one.id]) for one in conversations if one.id in found]


def _openings(organisation_id: UUID, ids: Collection[UUID]) -> dict[UUID, tuple[Message, Author | None, list[Message]]]:
    of_it = and_(Author.organisation_id == Message.organisation_id, Author.id == Message.author_id)
    first = (
        select(Message, Author)
        .outerjoin(Author, of_it)
        .where(Message.organisation_id == organisation_id, Message.conversation_id.in_(ids))
        .where(Message.direction == "inbound")
        .ext(distinct_on(Message.conversation_id))
        .order_by(Message.conversation_id, Message.posted_at, Message.id)
    )
    return {
        message.conversation_id: (message, author, [])
        for message, author in db.session.execute(first)
        if message.withdrawn_at is None and f"{message.title}{message.text}".strip()
    }


def _answers(organisation_id: UUID, ids: Collection[UUID]) -> Sequence[Message]:
    """Return what the organisation said there that shows, and of which nobody said that it is a breach."""
    ours = select(Message).where(
        Message.organisation_id == organisation_id,
        Message.conversation_id.in_(ids),
        Message.direction == "outbound",
        Message.withdrawn_at.is_(None),
    )
    sent = [one for one in db.session.scalars(ours.order_by(Message.posted_at, Message.id)) if one.text.strip()]
    if not sent:
        return []
    told = select(Disclosure.message_id).where(
        Disclosure.organisation_id == organisation_id, Disclosure.message_id.in_([one.id for one in sent])
    )
    moderated = select(Reply.conversation_id).where(
        Reply.organisation_id == organisation_id, Reply.conversation_id.in_(ids), Reply.pending
    )
    reported, held = set(db.session.scalars(told)), set(db.session.scalars(moderated))
    return [
        one
        for one in sent
        if one.id not in reported and not (one.conversation_id in held and one.member_id is not None)
    ]
