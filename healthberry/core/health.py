"""What the database tells about the installation's health."""

from datetime import timedelta

from sqlalchemy import select

from healthberry.core import register, wall
from healthberry.extensions import db
from healthberry.models.owned import now
from healthberry.models.replies import Heartbeat

SCHEDULER_SILENT = timedelta(seconds=60)


def hole_in_wall() -> str | None:
    """Ask the database whether row-level security holds our own role back; a sentence where not, else None.

    Raises: SQLAlchemyError when it does not answer.
    """
    return wall.hole(db.session.connection())


def scheduler_silence() -> timedelta | None:
    """Return how long ago the scheduler last said that it lives, None where it never did."""
    beat_at = db.session.scalar(select(Heartbeat.beat_at).where(Heartbeat.process == "scheduler"))
    return None if beat_at is None else now() - beat_at


def provider_count() -> int:
    """Return how many open providers the register holds, 0 where none is loaded."""
    return register.count_open(db.session())
