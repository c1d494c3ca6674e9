"""A restricted conversation without its words: copies of its rows that belong to no session, so nothing is written."""

from typing import Any

from sqlalchemy import inspect

from healthberry.models.conversations import Conversation, Message

_CONVERSATION = {
    "title": "",
    "first_words": "",
    "screen_name": "",
    "url": None,
    "author_role": None,
    "experienced": None,
}
_MESSAGE: dict[str, Any] = {
    "title": "",
    "text": "",
    "screen_name": "",
    "url": None,
    "attachments": [],
    "ratings": [],
    "source": {"restricted": True},
    "may_not_reply": None,
    "in_reply_to": None,
}


def veiled_conversation(conversation: Conversation) -> Conversation:
    """Return a copy that says when and where, and nothing else."""
    return Conversation(**_copied(conversation, "happened_on") | _CONVERSATION)


def veiled_message(message: Message) -> Message:
    """Return a copy that says when, and nothing else."""
    return Message(**_copied(message) | _MESSAGE)


def _copied(row: Any, *left_out: str) -> dict[str, Any]:
    names = [column.key for column in inspect(type(row)).column_attrs if column.key not in left_out]
    return {name: getattr(row, name) for name in names}
