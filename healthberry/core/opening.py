"""What there is of one conversation, asked in one question: most have no notes, no draft, no copies and no reply.

To ask for each of these by itself took longer than all the rest of the page.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, exists, select
from sqlalchemy.orm import aliased

from healthberry.core import noise, places
from healthberry.core.errors import NotFound
from healthberry.extensions import db
from healthberry.models.activities import Note
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member
from healthberry.models.replies import Draft, MailCause, OutboxMail, Reply

_ORGANISATION: Any = bindparam("organisation_id")
_CONVERSATION: Any = bindparam("conversation_id")
_MEMBER: Any = bindparam("member_id")


@dataclass(frozen=True)
class Opened:
    """One conversation, its channel, and what else there is to load of it."""

    conversation: Conversation
    channel: Channel
    has_reply: bool
    has_notes: bool
    has_draft: bool  # of the member who asks
    has_mails: bool
    has_copies: bool
    says_author: bool  # with an id of theirs


def opened(member: Member, conversation_id: UUID) -> Opened:
    """Return what there is. Raises: NotFound where the member may not see it or it is not there."""
    values = {"organisation_id": member.organisation_id, "conversation_id": conversation_id, "member_id": member.id}
    narrower = places.seen(member)
    question = _question().where(*narrower) if narrower else _question()
    found = db.session.execute(question, values).one_or_none()
    if found is None:
        raise NotFound
    return Opened(*found)


@lru_cache(maxsize=1)
def _question() -> Select[*tuple[Any, ...]]:
    """Write the question once: it takes longer to write than to answer."""
    beside = (
        _has(Reply),
        _has(Note),
        exists().where(*_of(Draft), Draft.member_id == _MEMBER),
        _has(OutboxMail) | _has(MailCause),
        _has_copies(),
        noise.says_author(_ORGANISATION, _CONVERSATION),
    )
    on_channel = (Channel.organisation_id == Conversation.organisation_id) & (Channel.id == Conversation.channel_id)
    return (
        select(Conversation, Channel, *beside)
        .join(Channel, on_channel)
        .where(Conversation.organisation_id == _ORGANISATION, Conversation.id == _CONVERSATION)
    )


def _has(model: Any) -> ColumnElement[bool]:
    return exists().where(*_of(model))


def _of(model: Any) -> tuple[ColumnElement[bool], ...]:
    return model.organisation_id == _ORGANISATION, model.conversation_id == _CONVERSATION


def _has_copies() -> ColumnElement[bool]:
    copy = aliased(Conversation)
    of_it = exists().where(copy.organisation_id == _ORGANISATION, copy.copy_of == _CONVERSATION)
    return Conversation.copy_of.is_not(None) | of_it
