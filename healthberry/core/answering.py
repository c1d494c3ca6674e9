"""What of a conversation can be answered: which message, in what way, how long, and why not."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from healthberry.connectors.base import ReplyPermission, ReplyTarget
from healthberry.core import reading_rights, staleness
from healthberry.core.channels import access_of, capabilities_of, connector_of
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message


def target_of(organisation_id: UUID, conversation_id: UUID) -> Message | None:
    """Return the message that a reply would answer: the newest that its author wrote and that still shows."""
    statement = (
        select(Message)
        .where(
            Message.organisation_id == organisation_id,
            Message.conversation_id == conversation_id,
            Message.direction == "inbound",
            Message.withdrawn_at.is_(None),
        )
        .order_by(Message.posted_at.desc(), Message.id.desc())
        .limit(1)
    )
    return db.session.scalar(statement)


def target_among(messages: Sequence[Message]) -> Message | None:
    """Return the same of the conversation's messages where all are loaded."""
    there = [one for one in messages if one.direction == "inbound" and one.withdrawn_at is None]
    return max(there, key=lambda one: (one.posted_at, one.id), default=None)


def permission(channel: Channel, conversation: Conversation, target: Message | None) -> ReplyPermission:
    """Say whether and how this conversation can be answered, and if not, why."""
    if reading_rights.REQUEST in reading_rights.kinds(conversation):
        return ReplyPermission(
            "none", "This is restricted while a request is assessed. It can't be answered meanwhile."
        )
    if target is None:
        return ReplyPermission("none", "There is nothing left here to answer: it was taken down at the source.")
    if channel.state in ("off", "unlinked"):
        how = "switched off" if channel.state == "off" else "no longer linked"
        return ReplyPermission("none", f"This channel is {how}.", conversation.url)
    return connector_of(channel).may_reply(access_of(channel), facts_of(target, conversation))


def held(channel: Channel, allowed: ReplyPermission) -> str:
    """Say why nothing may be published from here just now, "" where it may; what a person puts there may always."""
    return staleness.why_not_answered(channel) if allowed.mode == "api" else ""


def facts_of(target: Message, conversation: Conversation) -> ReplyTarget:
    """Return what a connector needs to know of the message that is answered."""
    return ReplyTarget(
        remote_id=target.remote_id,
        thread_id=conversation.remote_thread_id,
        url=target.url or conversation.url,
        service_code=conversation.service_code,
        source=target.source,
        may_not_reply=target.may_not_reply,
        posted_at=target.posted_at,
    )


def count(channel: Channel, text: str) -> tuple[int, int | None]:
    """Return how long the text is as this channel counts it, and how long it may be (None: no limit)."""
    return connector_of(channel).length(text), capabilities_of(channel.kind).length_limit
