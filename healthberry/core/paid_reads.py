"""What providers charge for reading: counted for the whole installation, slowed near its limit, stopped at it.

An item counts once a day (UTC), as it is charged. The count is ours: what the provider's own page says is what is paid.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.connectors.errors import Temporary
from healthberry.core.channels import capabilities_of
from healthberry.extensions import db
from healthberry.models.owned import now
from healthberry.models.paid_reads import PaidReads, PaidToday

# From this part of the limit on, polls come so many times more seldom.
_SLOWER = ((0.95, 20), (0.9, 10), (0.8, 4))


class Spent(Temporary):
    """As much was read as the operator allows for this month: nothing is asked until it is over."""


@dataclass(frozen=True)
class Standing:
    """How many items of a kind were read this month, of how many that may be read (None: no limit)."""

    used: int
    limit: int | None
    month: date

    @property
    def part(self) -> float:
        """The part of the limit that is used up."""
        return self.used / self.limit if self.limit else 0.0


def count(kind: str, ids: Collection[str]) -> None:
    """Count what was read now, in the caller's transaction; what was counted today already is not counted again."""
    if not ids or not capabilities_of(kind).paid_reads:
        return
    day = now().date()
    db.session.execute(delete(PaidToday).where(PaidToday.kind == kind, PaidToday.day < day))
    rows = [{"kind": kind, "day": day, "item": item} for item in sorted({_number(one) for one in ids})]
    added = insert(PaidToday).on_conflict_do_nothing().returning(PaidToday.item)
    if fresh := len(db.session.execute(added, rows).all()):
        # Last of all, for everybody who reads this kind waits for this row.
        sum_up = insert(PaidReads).values(kind=kind, month=day.replace(day=1), count=fresh)
        db.session.execute(
            sum_up.on_conflict_do_update(index_elements=["kind", "month"], set_={"count": PaidReads.count + fresh})
        )


def standing(kind: str) -> Standing | None:
    """Return how much of this kind was read this month; None for a kind that costs nothing."""
    capabilities = capabilities_of(kind)
    if not capabilities.paid_reads:
        return None
    month = now().date().replace(day=1)
    used = db.session.scalar(select(PaidReads.count).where(PaidReads.kind == kind, PaidReads.month == month))
    return Standing(used or 0, capabilities.monthly_reads, month)


def spent(kind: str) -> Spent | None:
    """Return why nothing more of this kind is read this month, or None while something may be."""
    at = standing(kind)
    if at is None or at.limit is None or at.used < at.limit:
        return None
    reason = (
        f"This installation has read the {at.limit:,} {capabilities_of(kind).item}s that it may read in a month. "
        f"Reading goes on by itself on {_next(at.month).strftime('%-d %B')}."
    )
    begins = datetime.combine(_next(at.month), datetime.min.time(), UTC)
    return Spent(reason, (begins - now()).total_seconds())


def slowness(kind: str) -> int:
    """Return how many times more seldom than usual this kind is polled, to make what is left last."""
    at = standing(kind)
    return next((times for part, times in _SLOWER if at is not None and at.part >= part), 1)


def in_words(kind: str) -> str:
    """Say for people how much of this kind the installation has read this month; "" for a kind that costs nothing."""
    at = standing(kind)
    if at is None:
        return ""
    item, month = capabilities_of(kind).item, at.month.strftime("%B")
    if at.limit is None:
        return f"{at.used:,} {item}s in {month}, by all organisations here"
    words = f"{at.used:,} of {at.limit:,} {item}s in {month}, by all organisations here"
    if at.used >= at.limit:
        return f"{words}: nothing more is read this month"
    return f"{words}; read more seldom, to make the rest last" if slowness(kind) > 1 else words


def _number(remote_id: str) -> int:
    return int.from_bytes(hashlib.sha256(remote_id.encode("utf-8", "replace")).digest()[:8], "big", signed=True)


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
