"""Who else looks at a conversation or is answering it: kept in Valkey for seconds, in no table, replayed to nobody.

One hash per conversation with two fields per member: until when they are believed to be there, and to be writing.
Without Valkey nobody is seen; nothing else depends on it.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import current_app
from redis import Redis
from redis.exceptions import RedisError

from healthberry.core.events import Event
from healthberry.models.organisations import Member
from healthberry.realtime import publish

log = logging.getLogger(__name__)

WRITING_SECONDS = 15.0
HERE_SECONDS = 75.0
_WRITING = ":writing"


@dataclass(frozen=True)
class Presence:
    """One member at one conversation: writing, or only there, until `until` (seconds since 1970)."""

    member_id: UUID
    name: str
    writing: bool
    until: float


def arrive(member: Member, conversation_id: UUID) -> None:
    """Say that `member` has the conversation open; believed for 75 s, so say it again before."""
    field = str(member.id)
    if _ask(lambda valkey: _set(valkey, member, conversation_id, field, HERE_SECONDS)):
        _tell(member, conversation_id)


def write(member: Member, conversation_id: UUID, *, writing: bool) -> None:
    """Say that `member` is writing an answer (believed for 15 s), or no longer is."""
    field = f"{member.id}{_WRITING}"
    if writing:
        changed = _ask(lambda valkey: _set(valkey, member, conversation_id, field, WRITING_SECONDS))
    else:
        changed = _ask(lambda valkey: valkey.hdel(_key(member.organisation_id, conversation_id), field))
    if changed:
        _tell(member, conversation_id)


def leave(member: Member, conversation_id: UUID) -> None:
    """Say that `member` went; nothing happens where nobody knew."""
    fields = (str(member.id), f"{member.id}{_WRITING}")
    if _ask(lambda valkey: valkey.hdel(_key(member.organisation_id, conversation_id), *fields)):
        _tell(member, conversation_id)


def at(organisation_id: UUID, conversation_id: UUID) -> list[Presence]:
    """Return who is at the conversation now, by name; nobody when Valkey can't be asked."""
    found = _ask(lambda valkey: valkey.hgetall(_key(organisation_id, conversation_id))) or {}
    present: dict[UUID, Presence] = {}
    for field, value in sorted(found.items()):  # a member's writing follows their being there
        member_id, _, writing = field.decode().partition(":")
        about = json.loads(value)
        if about["until"] > time.time():
            one = Presence(UUID(member_id), about["name"], bool(writing), about["until"])
            present[one.member_id] = one
    return sorted(present.values(), key=lambda one: (one.name, one.member_id))


def _set(valkey: "Redis", member: Member, conversation_id: UUID, field: str, seconds: float) -> bool:
    """Set one field; say whether that is news."""
    key = _key(member.organisation_id, conversation_id)
    value = json.dumps({"name": member.name, "until": time.time() + seconds})
    with valkey.pipeline(transaction=True) as pipeline:
        pipeline.hget(key, field)
        pipeline.hset(key, field, value)
        pipeline.expire(key, int(HERE_SECONDS))
        before = pipeline.execute()[0]
    return before is None or json.loads(before)["until"] < time.time()


def _ask(question: "Callable[[Redis], Any]") -> Any:
    try:
        return question(current_app.extensions["valkey"])
    except RedisError as error:
        log.warning("presence_unavailable", extra={"fields": {"error": type(error).__name__}})
        return None


def _tell(member: Member, conversation_id: UUID) -> None:
    publish.publish(Event(member.organisation_id, 0, publish.PRESENCE, conversation_id))


def _key(organisation_id: UUID, conversation_id: UUID) -> str:
    return f"healthberry:presence:{organisation_id}:{conversation_id}"
