"""Deliveries that were read before: what is sent again, by whoever holds a copy of it, changes nothing.

A signature proves who wrote a request, not when: the same bytes pass a second time, and old words would come back over
newer ones. The keys of what was read are known for a day, in Valkey. While it is away all is read as if it were new.
"""

import hashlib
import logging
from collections.abc import Collection, Sequence
from uuid import UUID

from redis import Redis
from redis.exceptions import RedisError

from healthberry import logs
from healthberry.extensions import part

log = logging.getLogger(__name__)

_REMEMBER_SECONDS = 24 * 3600


def known(channel_id: UUID, keys: Sequence[str]) -> Collection[str]:
    """Return those keys of deliveries that were read before for this channel."""
    if not keys:
        return ()
    try:
        marks = _valkey().mget([_name(channel_id, key) for key in keys])
    except RedisError as error:
        logs.event(log, "replays.not_known", logging.WARNING, error=type(error).__name__)
        return ()
    return {key for key, mark in zip(keys, marks, strict=True) if mark is not None}


def remember(channel_id: UUID, keys: Collection[str]) -> None:
    """Know these again: call it once what they say is stored, for until then they may rightly be read again."""
    try:
        with _valkey().pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.set(_name(channel_id, key), 1, ex=_REMEMBER_SECONDS)
            pipeline.execute()
    except RedisError as error:
        logs.event(log, "replays.not_known", logging.WARNING, error=type(error).__name__)


def _valkey() -> Redis:
    found: Redis = part("valkey")
    return found


def _name(channel_id: UUID, key: str) -> str:
    said = f"{channel_id}\n{key}"
    return f"taken:{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()}"
