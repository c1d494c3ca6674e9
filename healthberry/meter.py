"""What happens, counted: in the memory of each process first, then added up in Valkey, whose sums /metrics shows.

Labels are few and known: names of routes, providers and jobs; never an id, an address or a word of anybody's. Losing
Valkey sets the counters to nought, which whoever reads them takes for a restart.
"""

import json
import threading
import time
from collections.abc import Iterator
from typing import Final, NamedTuple

from redis import Redis
from redis.exceptions import RedisError

SUMS: Final = "healthberry:meter"
_FLUSH_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 30.0  # where Valkey is away: no request may wait for it again and again
_MOST_SERIES: Final = 5_000


class Family(NamedTuple):
    """One thing that is counted; `buckets` in seconds where it is how long something took."""

    name: str
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()


_LONG: Final = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0)
FAMILIES: Final = {
    one.name: one
    for one in (
        Family("http_requests", "Requests answered, by route and status", ("route", "method", "status")),
        Family(
            "http_request_seconds",
            "How long requests took, streams left out",
            ("route",),
            (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0),
        ),
        Family("refused", "Requests refused because a process had too many at once", ()),
        Family("provider_calls", "Calls to providers, by what came of them", ("provider", "outcome")),
        Family("jobs", "Jobs that workers ran, by what came of them", ("job", "outcome")),
        Family("job_seconds", "How long jobs took", ("job",), _LONG),
    )
}


class Sum(NamedTuple):
    """A counter's present value: `labels` in the order of its family, `bound` the upper end of a bucket or a part."""

    family: Family
    labels: tuple[str, ...]
    bound: str
    value: float


_lock = threading.Lock()
_waiting: dict[str, float] = {}
_flush_next = {"at": 0.0}


def count(name: str, *labels: str, by: float = 1.0) -> None:
    """Add to a counter; `labels` in the order of its family."""
    _add(_key(name, labels), by)


def observe(name: str, seconds: float, *labels: str) -> None:
    """Add how long something took."""
    bound = next((str(one) for one in FAMILIES[name].buckets if seconds <= one), "+Inf")
    _add(_key(name, labels, bound), 1.0)
    _add(_key(name, labels, "sum"), seconds)


def flush(valkey: Redis, *, now: bool = False) -> None:
    """Add what waits to the sums, at most every two seconds unless `now`; kept for later where Valkey is away."""
    with _lock:
        if not _waiting or (not now and time.monotonic() < _flush_next["at"]):
            return
        _flush_next["at"] = time.monotonic() + _FLUSH_SECONDS
        taken = dict(_waiting)
        _waiting.clear()
    try:
        with valkey.pipeline(transaction=True) as pipe:
            for key, value in taken.items():
                pipe.hincrbyfloat(SUMS, key, value)
            pipe.execute()
    except RedisError:
        _flush_next["at"] = time.monotonic() + _PAUSE_SECONDS
        for key, value in taken.items():
            _add(key, value)


def sums(valkey: Redis) -> Iterator[Sum]:
    """Return what all processes have counted. Raises: RedisError."""
    for key, value in sorted(dict(valkey.hgetall(SUMS)).items()):
        name, labels, bound = json.loads(key)
        if name in FAMILIES:
            yield Sum(FAMILIES[name], tuple(labels), bound, float(value))


def _key(name: str, labels: tuple[str, ...], bound: str = "") -> str:
    if len(labels) != len(FAMILIES[name].labels):
        raise ValueError(f"{name} has the labels {FAMILIES[name].labels}")
    return json.dumps([name, labels, bound], separators=(",", ":"))


def _add(key: str, value: float) -> None:
    with _lock:
        if key in _waiting or len(_waiting) < _MOST_SERIES:
            _waiting[key] = _waiting.get(key, 0.0) + value
