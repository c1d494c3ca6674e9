"""YouTube's daily quota: every call costs units, no answer says how many are left, so that they are counted here.

Source: YouTube Data API v3, quota costs, from memory: 10,000 units a day for the whole installation, a list costs 1, an
insert 50; the day ends at midnight in California. Each process counts what it spent itself: where there are several,
YouTube's own refusal (`quotaExceeded`) is what stops the last of them.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

from healthberry.connectors.errors import RateLimited

DAILY: Final = 10_000
READ: Final = 1
WRITE: Final = 50
_KEPT_FOR_ANSWERS: Final = 1_000
_CALIFORNIA: Final = ZoneInfo("America/Los_Angeles")
USED_UP: Final = "The units that YouTube grants this installation for a day are used up."


class Units:
    """What this process spent today; reading stops early, so that answers still go out."""

    def __init__(self, daily: int = DAILY, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._daily, self._clock = daily, clock
        self._lock = Lock()
        self._day = ""
        self._spent = 0

    def spend(self, units: int) -> None:
        """Count a call that is about to be made. Raises: RateLimited until the next day when it would be too many."""
        now = self._clock()
        limit = self._daily if units >= WRITE else self._daily - _KEPT_FOR_ANSWERS
        with self._lock:
            day = now.astimezone(_CALIFORNIA).date().isoformat()
            if day != self._day:
                self._day, self._spent = day, 0
            if self._spent + units > limit:
                raise RateLimited(USED_UP, until_tomorrow(now))
            self._spent += units


def until_tomorrow(now: datetime) -> float:
    """Return the seconds until the next day begins in California."""
    here = now.astimezone(_CALIFORNIA)
    tomorrow = datetime.combine(here.date() + timedelta(days=1), datetime.min.time(), _CALIFORNIA)
    return (tomorrow.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
