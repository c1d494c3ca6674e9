"""Small work of which there is much, done piece after piece by one process: to begin one costs more than the work.

What waits stands in Valkey, each piece once, the oldest first; one job (a "round") takes piece after piece. A round
that hangs over one piece stops being the only one after some seconds: another worker goes on with the rest then. As
with every nudge, what is lost here is found by the sweep.
"""

import logging
import time
from collections.abc import Iterator
from typing import cast

from flask import current_app
from redis import Redis
from redis.exceptions import RedisError
from rq import get_current_job

from healthberry.core.failed_work import Piece
from healthberry.jobs import base, precedence
from healthberry.jobs.base import Job
from healthberry.jobs.ending import Slice

log = logging.getLogger(__name__)

_QUEUED_SECONDS = 60  # so long a round may wait for a worker before another is asked for
_ALONE_SECONDS = 2  # so long one round may be over one piece before another begins
LINGER_SECONDS = 0.2  # for the next piece, before the process is given up
_IN_HAND_SECONDS = 3600

_rounds: dict[str, Job] = {}  # by the kind of the work


def rounds_of(function: Job, round_job: Job) -> None:
    """Have `round_job`, which calls `work(function)`, do what `nudge` is told of `function`."""
    _rounds[function.kind] = round_job


def nudge(function: Job, *ids: str) -> None:
    """Have the next round do this piece of work; one that waits already stays where it is."""
    try:
        with current_app.extensions["valkey"].pipeline(transaction=False) as pipe:
            pipe.zadd(_waiting(function), {":".join(ids): time.time()}, nx=True)
            pipe.set(_mark(function), 1, nx=True, ex=_QUEUED_SECONDS)
            _, free = pipe.execute()
    except RedisError:
        return
    if free:
        _rounds[function.kind].nudge()


def nudge_once(function: Job, *ids: str) -> None:
    """Have this piece of work done, in a round where it is done in rounds; one that waits already stays where it is."""
    if function.kind in _rounds:
        nudge(function, *ids)
    else:
        base.nudge_once(function, *ids)


def work(function: Job) -> None:
    """Do what waits, until nothing has come for a moment or it is another's turn to have this worker."""
    valkey: Redis = current_app.extensions["valkey"]
    for ids in _pieces(function, valkey):
        try:
            base.do(function, ids)
        except Exception:
            log.exception("piece_failed", extra={"fields": {"kind": function.kind}})
    valkey.delete(_mark(function))
    # What came between the last look and the delete had nobody begin a round.
    if valkey.zcard(_waiting(function)) and valkey.set(_mark(function), 1, nx=True, ex=_QUEUED_SECONDS):
        _rounds[function.kind].nudge()


def in_hand(job_id: str, valkey: Redis) -> Piece | None:
    """Return the piece that a round had in its hands when it was killed."""
    held = cast(bytes | None, valkey.getdel(_held(job_id)))
    if held is None:
        return None
    kind, _, ids = held.decode().partition(" ")
    return base.piece_of(kind, ids.split(":"))


def _pieces(function: Job, valkey: Redis) -> Iterator[list[str]]:
    running, part_of_it = get_current_job(), Slice()
    held = _held(running.id if running else "none")
    while not part_of_it.over and (popped := valkey.bzpopmin(_waiting(function), LINGER_SECONDS)):
        _, member, told_at = cast(tuple[bytes, bytes, float], popped)
        precedence.suit(time.time() - told_at)
        ids = member.decode()
        valkey.set(held, f"{function.kind} {ids}", ex=_IN_HAND_SECONDS)
        valkey.set(_mark(function), 1, ex=_ALONE_SECONDS)
        yield ids.split(":")
        valkey.delete(held)


def _waiting(function: Job) -> str:
    return f"hb:batch:{function.kind}"


def _mark(function: Job) -> str:
    return f"hb:round:{function.kind}"


def _held(job_id: str) -> str:
    return f"hb:in-hand:{job_id}"
