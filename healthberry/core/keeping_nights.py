"""The nights in which things are let go: begun for every organisation, done in parts, each reported in a row.

The row is the truth: a night whose queue was lost, or whose worker died, is gone on with by the sweep.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text

from healthberry.core import keeping_table
from healthberry.core.keeping_steps import STEPS
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.keeping import KeepingNight
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now

_BEGIN = text("SELECT begin_keeping(:tonight, :at)")
_CLAIM = timedelta(minutes=5)
_MOST_ATTEMPTS = 5
_SHOWN = 14
_BEGUN_BY = 4  # o'clock, UTC: the clock calls soon after three
_GIVEN_UP = "It stopped in the middle again and again, and was given up. The next night goes on."
_TRIED_AGAIN = "It stopped in the middle, and is tried again."


@dataclass(frozen=True)
class Night:
    """One night as a page shows it: done, working, failed or missed."""

    night: date
    state: str
    let_go: Sequence[str] = ()
    reason: str = ""


def begin() -> None:
    """Begin tonight for every organisation; a second call on the same day changes nothing."""
    at = now()
    db.session.execute(_BEGIN, {"tonight": at.date(), "at": at})


def make_up(clock: datetime | None = None) -> None:
    """Begin tonight where its hour has passed and its call was lost, also for organisations that joined since."""
    if (clock or now()).hour >= _BEGUN_BY:
        begin()


def claim(organisation_id: UUID, night_id: UUID) -> bool:
    """Become the one who goes on with this night; False when it is over or somebody else is at it. Commit after it.

    One that stopped five workers is given up: the next night does what it left.
    """
    night = _locked(organisation_id, night_id)
    if night is None or night.next_at is None or night.next_at > now():
        return False
    if night.attempts >= _MOST_ATTEMPTS:
        night.next_at, night.reason = None, _GIVEN_UP
        return False
    night.attempts += 1
    night.next_at = now() + _CLAIM
    return True


def let_go_part(organisation_id: UUID, night_id: UUID) -> bool:
    """Let go of the next part, and count it in the report; return whether there may be more. Again: nothing is left."""
    night = _locked(organisation_id, night_id)
    if night is None or night.next_at is None:
        return False
    for name, step in STEPS.items():
        if gone := step(organisation_id):
            night.let_go = {**night.let_go, name: night.let_go.get(name, 0) + gone}
            night.next_at, night.attempts, night.reason = now() + _CLAIM, 1, ""
            return True
    night.next_at, night.finished_at, night.reason = None, now(), ""
    return False


def put_back(organisation_id: UUID, night_id: UUID) -> None:
    """Let another worker go on with it at once."""
    night = _locked(organisation_id, night_id)
    if night is not None and night.next_at is not None:
        night.next_at, night.attempts = now(), 0


def failed(organisation_id: UUID, night_id: UUID) -> None:
    """Remember that a part failed, and when to try again; after the fifth time it is given up, and shown so."""
    night = _locked(organisation_id, night_id)
    if night is None or night.next_at is None:
        return
    over = night.attempts >= _MOST_ATTEMPTS
    night.next_at = None if over else now() + _CLAIM * night.attempts
    night.reason = _GIVEN_UP if over else _TRIED_AGAIN


def nights(member: Member) -> Sequence[Night]:
    """Return the last two weeks, the newest first, but none before the organisation joined. Raises: NotAllowed."""
    require(member, "manage")
    today = now().date()
    organisation = db.session.get_one(Organisation, member.organisation_id)
    first = max(organisation.created_at.date() + timedelta(days=1), today - timedelta(days=_SHOWN - 1))
    statement = select(KeepingNight).where(
        KeepingNight.organisation_id == member.organisation_id, KeepingNight.night > today - timedelta(days=_SHOWN)
    )
    rows = {row.night: row for row in db.session.scalars(statement)}
    days = {*rows, *(first + timedelta(days=ahead) for ahead in range((today - first).days))}
    return [_shown(one, rows.get(one)) for one in sorted(days, reverse=True)]


def _shown(night: date, row: KeepingNight | None) -> Night:
    if row is None:
        return Night(night, "missed")
    state = "done" if row.finished_at else "working" if row.next_at and not row.reason else "failed"
    return Night(night, state, keeping_table.said(row.let_go), row.reason)


def _locked(organisation_id: UUID, night_id: UUID) -> KeepingNight | None:
    return db.session.get(KeepingNight, (organisation_id, night_id), with_for_update=True, populate_existing=True)
