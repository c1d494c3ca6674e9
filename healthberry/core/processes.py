"""The processes in the background: each says now and then that it lives. Times are the database's own."""

import os
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from healthberry.extensions import db, part
from healthberry.models.owned import now
from healthberry.models.processes import Heartbeat
from healthberry.version import VERSION

_KEPT = timedelta(days=1)
_LONGEST_PAUSE_SECONDS = 10


@dataclass(frozen=True)
class Process:
    """One process as it calls itself: its name is its own, whoever ran on this machine before."""

    role: str
    queues: Sequence[str] = ()
    name: str = ""
    started_at: datetime = field(default_factory=now)

    @classmethod
    def new(cls, role: str, queues: Sequence[str] = ()) -> "Process":
        """Name a process that has just begun."""
        return cls(role, tuple(queues), f"{role}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}")


SWEEP = Process("sweep", name="sweep")


def beat_seconds() -> int:
    """Return how often each process says that it lives: several times before its silence counts."""
    silent: int = part("settings").silent_seconds
    return max(1, min(silent // 4, _LONGEST_PAUSE_SECONDS))


def silence() -> timedelta:
    """Return after how long a silent process counts as stopped."""
    return timedelta(seconds=part("settings").silent_seconds)


def beat(process: Process) -> None:
    """Note that a process is alive."""
    told = {
        "role": process.role,
        "queues": list(process.queues),
        "version": VERSION,
        "started_at": process.started_at,
        "beat_at": func.clock_timestamp(),
        "ended_at": None,
    }
    statement = insert(Heartbeat).values({"process": process.name, **told})
    db.session.execute(statement.on_conflict_do_update(index_elements=["process"], set_=told))


def end(process: Process) -> None:
    """Note that a process ends as it was told to."""
    db.session.execute(update(Heartbeat).filter_by(name=process.name).values(ended_at=func.clock_timestamp()))


def living(queue: str) -> int:
    """Return how many processes serve this queue now."""
    alive = (Heartbeat.ended_at.is_(None), Heartbeat.beat_at > func.now() - silence())
    return db.session.scalar(select(func.count()).where(*alive, Heartbeat.queues.any_() == queue)) or 0


def all_known() -> Sequence[Heartbeat]:
    """Return every process that beat within a day, by role and name."""
    return db.session.scalars(select(Heartbeat).order_by(Heartbeat.role, Heartbeat.name)).all()


def forget_old() -> None:
    """Forget processes that have been silent for a day."""
    db.session.execute(delete(Heartbeat).where(Heartbeat.beat_at < func.now() - _KEPT))
