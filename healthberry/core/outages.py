"""Times in which a part of HealthBerry was silent: noticed by any web process, told to the operator by one of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from healthberry.core.processes import beat_seconds
from healthberry.extensions import db
from healthberry.models.owned import new_id
from healthberry.models.processes import Outage

_BEATS = 2.5  # two parts that stop at once beat last up to one apart, and are looked at as rarely
_TELLING = timedelta(seconds=60)
_RECENT = timedelta(days=1)


def open_parts() -> set[str]:
    """Return the parts that are known to be silent."""
    return set(db.session.scalars(select(Outage.part).where(Outage.ended_at.is_(None))))


def follow(silent: Mapping[str, datetime | None]) -> None:
    """Note which parts are silent now, each with when it last lived, and which are heard again."""
    at = func.clock_timestamp()
    for part, last_at in silent.items():
        values = {"id": new_id(), "part": part, "began_at": last_at or at, "noticed_at": at}
        statement = insert(Outage).values(values)
        over = text("ended_at IS NULL")
        db.session.execute(statement.on_conflict_do_nothing(index_elements=["part"], index_where=over))
    heard = update(Outage).where(Outage.ended_at.is_(None), Outage.part.not_in(silent))
    db.session.execute(heard.values(ended_at=at, telling_until=None))


def present() -> Sequence[Outage]:
    """Return the outages that last, the oldest first."""
    return db.session.scalars(select(Outage).where(Outage.ended_at.is_(None)).order_by(Outage.began_at)).all()


def any_recent() -> bool:
    """Say whether any lasts, or ended within a day: pages may still show it."""
    recent = func.coalesce(Outage.ended_at, func.now()) > func.now() - _RECENT
    return db.session.scalar(select(Outage.id).where(recent).limit(1)) is not None


def claim_telling() -> list[Outage]:
    """Take what the operator is to be told of: what was noticed, and what is over and was told of.

    None of it where another web process is at it; one that dies loses it by waiting. What happens at the same time is
    told together, so nothing is told before those that stopped with it are noticed too. Commit before it is mailed.
    """
    settled = func.clock_timestamp() - timedelta(seconds=beat_seconds() * _BEATS)
    begun = Outage.ended_at.is_(None) & Outage.told_at.is_(None) & (Outage.noticed_at < settled)
    over = Outage.told_at.is_not(None) & Outage.over_told_at.is_(None) & (Outage.ended_at < settled)
    free = Outage.telling_until.is_(None) | (Outage.telling_until < func.clock_timestamp())
    found = select(Outage).where(begun | over, free).order_by(Outage.began_at)
    rows = list(db.session.scalars(found.with_for_update(skip_locked=True)))
    _mark([row.id for row in rows], telling_until=func.clock_timestamp() + _TELLING)
    return rows


def mark_told(ids: Collection[UUID]) -> None:
    """Note that the operator was told that these began."""
    _mark(ids, told_at=func.clock_timestamp(), telling_until=None)


def mark_over_told(ids: Collection[UUID]) -> None:
    """Note that the operator was told that these are over."""
    _mark(ids, over_told_at=func.clock_timestamp(), telling_until=None)


def _mark(ids: Collection[UUID], **values: object) -> None:
    statement = update(Outage).where(Outage.id.in_(ids)).values(**values)
    db.session.execute(statement, execution_options={"synchronize_session": False})
