"""What the database tells about the installation's health."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, select

from healthberry.core import outages, processes, pushes, register, wall
from healthberry.extensions import db, part
from healthberry.models.processes import Heartbeat

READING, SENDING = ("ingest", "backfill"), ("replies", "alerts")


class Part(NamedTuple):
    """One part of what runs in the background: when it last lived (None: never), how long ago, and whether too long."""

    name: str
    last_at: datetime | None
    silent_seconds: float | None
    silent: bool


def hole_in_wall() -> str | None:
    """Ask the database whether row-level security holds our own role back; a sentence where not, else None.

    Raises: SQLAlchemyError when it does not answer.
    """
    return wall.hole(db.session.connection())


def parts(watched: timedelta) -> list[Part]:
    """Return every part that this installation needs, and whether it has been silent for too long.

    `watched` is how long the asking process has run: what stopped before that may be about to start as well, so it is
    given as long again, unless its outage is known already.
    """
    present = db.session.execute(select(func.clock_timestamp())).scalar_one()
    limit, known = processes.silence(), outages.open_parts()
    found = []
    for name, last_at in _last_signs().items():
        allowed = limit * 2 if name == "sweep" else limit  # it may have to wait until a worker is free
        age = None if last_at is None else present - last_at
        silent = (age is None or age > allowed) and (watched > allowed or name in known)
        found.append(Part(name, last_at, None if age is None else age.total_seconds(), silent))
    return _without_echo(found)


def _last_signs() -> dict[str, datetime | None]:
    beats: Sequence[Heartbeat] = db.session.scalars(select(Heartbeat)).all()
    signs = {
        "worker": _serving(beats, READING),
        "sender": _serving(beats, SENDING),
        "scheduler": _latest(one.beat_at for one in beats if one.role == "scheduler"),
        "sweep": _latest(one.beat_at for one in beats if one.role == "sweep"),
    }
    if _listens():
        signs["listener"] = _latest(one.beat_at for one in beats if one.role == "listener")
    return signs


def _serving(beats: Sequence[Heartbeat], queues: Sequence[str]) -> datetime | None:
    """Return until when all of these queues were served, by whichever process."""
    signs = [_latest(one.beat_at for one in beats if queue in one.queues) for queue in queues]
    return min((sign for sign in signs if sign), default=None) if all(signs) else None


def _latest(moments: Iterable[datetime]) -> datetime | None:
    return max(moments, default=None)


def _listens() -> bool:
    """Say whether any channel has a stream that is to be followed."""
    return bool(pushes.listening([one.kind for one in part("connectors") if one.capabilities.streams]))


def _without_echo(found: list[Part]) -> list[Part]:
    """Leave the silence of the sweep unsaid where that of a worker or the scheduler explains it."""
    if any(one.silent for one in found if one.name in ("worker", "scheduler")):
        return [one._replace(silent=False) if one.name == "sweep" else one for one in found]
    return found


def provider_count() -> int:
    """Return how many open providers the register holds, 0 where none is loaded."""
    return register.count_open(db.session())
