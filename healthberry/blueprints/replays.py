"""Pieces that were taken before: what is sent again, by whoever holds a copy of it, changes nothing.

A signature proves who wrote a request, not when: the same bytes pass a second time, and old words would come back over
newer ones. Remembered are hashes, in Valkey, for a day. While it is away pieces are taken as if they were new.
"""

import hashlib
import logging
from collections.abc import Sequence

from redis import Redis
from redis.exceptions import RedisError

from healthberry import logs
from healthberry.connectors.base import Delivery
from healthberry.extensions import part

log = logging.getLogger(__name__)

_REMEMBER_SECONDS = 24 * 3600


def unseen(whose: str, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Return those that were not taken before for `whose`: a channel's id, or a kind."""
    if not deliveries:
        return []
    try:
        known = _valkey().mget([_name(whose, one) for one in deliveries])
    except RedisError as error:
        logs.event(log, "replays.not_known", logging.WARNING, error=type(error).__name__)
        return list(deliveries)
    return [one for one, seen in zip(deliveries, known, strict=True) if seen is None]


def remember(whose: str, deliveries: Sequence[Delivery]) -> None:
    """Know these again: call it once they are kept, for until then they may rightly come again."""
    try:
        with _valkey().pipeline(transaction=False) as pipeline:
            for one in deliveries:
                pipeline.set(_name(whose, one), 1, ex=_REMEMBER_SECONDS)
            pipeline.execute()
    except RedisError as error:
        logs.event(log, "replays.not_known", logging.WARNING, error=type(error).__name__)


def _valkey() -> Redis:
    found: Redis = part("valkey")
    return found


def _name(whose: str, delivery: Delivery) -> str:
    said = f"{whose}\n{delivery.account}\n{delivery.key or delivery.body}"
    return f"taken:{hashlib.sha256(said.encode('utf-8', 'replace')).hexdigest()}"
