"""Tell every web process that something changed: ids only, on one channel of Valkey, kept by nobody.

What is lost here is found again in the database, by its number: a hub that hears of change 12 after change 10, or that
was cut off, asks for what lies between.
"""

import json
import logging
from typing import Any
from uuid import UUID

from flask import current_app
from redis.exceptions import RedisError

from healthberry.core.events import Event

log = logging.getLogger(__name__)

CHANNEL = "healthberry:changes"
PRESENCE = "presence"  # the kind of a message that is no change: somebody came, wrote or went


def publish(event: Event) -> None:
    """Tell every web process of one committed change. A bus that can't be reached is logged and forgotten."""
    message = {
        "organisation": str(event.organisation_id),
        "number": event.number,
        "kind": event.kind,
        "conversation": str(event.conversation_id) if event.conversation_id else None,
        "channel": str(event.channel_id) if event.channel_id else None,
    }
    try:
        current_app.extensions["valkey"].publish(CHANNEL, json.dumps(message, separators=(",", ":")))
    except RedisError as error:
        log.warning("publish_failed", extra={"fields": {"kind": event.kind, "error": type(error).__name__}})


def read(data: bytes | str) -> Event | None:
    """Return the change that a message tells of; None for what was not written by `publish`."""
    try:
        message: dict[str, Any] = json.loads(data)
        return Event(
            organisation_id=UUID(message["organisation"]),
            number=int(message["number"]),
            kind=str(message["kind"]),
            conversation_id=_id(message.get("conversation")),
            channel_id=_id(message.get("channel")),
        )
    except (ValueError, KeyError, TypeError):
        log.warning("message_unreadable")
        return None


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
