"""Legal holds: while one lasts, nothing of a conversation or a whole channel is let go."""

from sqlalchemy import ColumnElement, exists, or_

from healthberry.models.conversations import Conversation
from healthberry.models.keeping import Hold


def holding() -> ColumnElement[bool]:
    """Return the condition that a conversation is under a hold of its own or of its channel."""
    return exists().where(
        Hold.organisation_id == Conversation.organisation_id,
        Hold.channel_id == Conversation.channel_id,
        Hold.lifted_at.is_(None),
        or_(Hold.conversation_id.is_(None), Hold.conversation_id == Conversation.id),
    )
