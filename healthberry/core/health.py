"""What the database tells about the installation's health."""

from datetime import timedelta

from sqlalchemy import select, text

from healthberry.core import register
from healthberry.extensions import db
from healthberry.models.owned import now
from healthberry.models.replies import Heartbeat

SCHEDULER_SILENT = timedelta(seconds=60)


def ask_database() -> None:
    """Ask the database anything at all. Raises: SQLAlchemyError."""
    db.session.execute(text("SELECT 1"))


def scheduler_silence() -> timedelta | None:
    """Return how long ago the scheduler last said that it lives, None where it never did."""
    beat_at = db.session.scalar(select(Heartbeat.beat_at).where(Heartbeat.process == "scheduler"))
    return None if beat_at is None else now() - beat_at


def provider_count() -> int:
    """Return how many open providers the register holds, 0 where none is loaded."""
    return register.count_open(db.session())
