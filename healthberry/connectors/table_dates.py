"""Dates in tables: which order of day and month a column has, and its texts as moments.

Where every date of a column can be read in two orders, nobody can know: it is asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from healthberry.connectors.capabilities import Field

LONDON: Final = ZoneInfo("Europe/London")
Order = Literal["dmy", "mdy"]
ORDERS: Final[tuple[Order, ...]] = ("dmy", "mdy")
_NOON: Final = time(12, 0)
_OLDEST: Final = date(1990, 1, 1)
# Excel counts days from here; in this range a bare number is a date since 2000.
_SERIAL_ZERO: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a day without a place
_SERIALS: Final = (36_500.0, 80_000.0)
_NUMBERS = re.compile(
    r"(\d{1,2})[/.\-\s](\d{1,2})[/.\-\s](\d{4}|\d{2})(?:[T,\s]+(\d{1,2}):(\d{2})(?::\d{2})?\s*([ap]m)?)?", re.IGNORECASE
)
_WORDS = re.compile(
    r"(?:[a-z]{3,9},?\s+)?(\d{1,2})(?:st|nd|rd|th)?[\s\-]+([a-z]{3})[a-z]*[\s,\-]+(\d{4}|\d{2})(?:[T,\s]+(\d{1,2}):(\d{2}).*)?",
    re.IGNORECASE,
)
_AMERICAN = re.compile(r"([a-z]{3})[a-z]*\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})", re.IGNORECASE)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Dated:
    """A moment, and whether the text told the time of day too."""

    at: datetime
    timed: bool


def order_question(texts: Sequence[str]) -> Field | None:
    """Ask for the order of day and month where the column does not tell; None where it does."""
    numeric = [text for text in texts if _NUMBERS.fullmatch(text.strip())]
    fitting = _fitting(numeric)
    if not numeric or len(fitting) == 1:
        return None
    sample = next((one for one in numeric if _differs(one)), "")
    if not sample and len(fitting) == 2:
        return None  # 03/03/2024 is the same day in both
    sample = sample or numeric[0]
    choices = tuple((order, f"{_SAID[order]}: {sample} is {_worded(sample, order)}") for order in ORDERS)
    return Field("date_order", "In which order are day and month?", "The file does not say.", "choice", choices=choices)


def order_of(texts: Sequence[str], answer: str) -> Order:
    """Return the answer where one was asked for, else the only order that fits."""
    numeric = [text for text in texts if _NUMBERS.fullmatch(text.strip())]
    fitting = _fitting(numeric)
    if len(fitting) == 1:
        return fitting[0]
    return "mdy" if answer == "mdy" else "dmy"


def moment(text: str, order: Order, now: datetime | None = None) -> Dated | None:
    """Return the moment in UTC, noon in London where only the day is told; None for no date, or one still to come."""
    found = _parsed(text.strip(), order)
    if found is None:
        return None
    at, timed = found
    if at.tzinfo is None:
        at = at.replace(tzinfo=LONDON)
    try:
        at = at.astimezone(UTC)
    except OverflowError:
        return None
    now = now or datetime.now(UTC)
    if at.date() < _OLDEST or at.date() > (now + timedelta(days=1)).date():
        return None
    return Dated(min(at, now), timed)


_SAID: Final = {"dmy": "Day first", "mdy": "Month first"}


def _fitting(numeric: Sequence[str]) -> list[Order]:
    """Return the orders in which all of the dates are dates."""
    return [order for order in ORDERS if all(_parsed(text.strip(), order) for text in numeric)]


def _differs(text: str) -> bool:
    one, other = (_parsed(text.strip(), order) for order in ORDERS)
    return one is not None and other is not None and one != other


def _worded(text: str, order: Order) -> str:
    found = _parsed(text.strip(), order)
    return f"{found[0].day} {found[0]:%B %Y}" if found else "no date"


def _parsed(text: str, order: Order) -> tuple[datetime, bool] | None:
    try:
        return _iso(text) or _numeric(text, order) or _worded_date(text) or _serial(text)
    except (ValueError, OverflowError):
        return None


def _iso(text: str) -> tuple[datetime, bool] | None:
    if not re.match(r"\d{4}-\d\d?-\d\d?", text):
        return None
    at = datetime.fromisoformat(text)
    timed = len(text) > 10
    return (at, True) if timed else (datetime.combine(at.date(), _NOON), False)


def _numeric(text: str, order: Order) -> tuple[datetime, bool] | None:
    found = _NUMBERS.fullmatch(text)
    if found is None:
        return None
    first, second, year, hour, minute, half = found.groups()
    day, month = (first, second) if order == "dmy" else (second, first)
    on = date(_year(year), int(month), int(day))
    if hour is None:
        return datetime.combine(on, _NOON), False
    hours = int(hour) % 12 + (12 if half.lower() == "pm" else 0) if half else int(hour)
    return datetime.combine(on, time(hours, int(minute))), True


def _worded_date(text: str) -> tuple[datetime, bool] | None:
    hour: str | None = None
    minute: str | None = None
    if found := _WORDS.fullmatch(text):
        day, name, year, hour, minute = found.groups()
    elif found := _AMERICAN.fullmatch(text):
        name, day, year = found.groups()
    else:
        return None
    if name.lower() not in _MONTHS:
        return None
    on = date(_year(year), _MONTHS.index(name.lower()) + 1, int(day))
    if hour is None or minute is None:
        return datetime.combine(on, _NOON), False
    return datetime.combine(on, time(int(hour), int(minute))), True


def _serial(text: str) -> tuple[datetime, bool] | None:
    if not re.fullmatch(r"\d{5}(?:\.\d+)?", text) or not _SERIALS[0] < float(text) < _SERIALS[1]:
        return None
    at = _SERIAL_ZERO + timedelta(days=float(text))
    whole = float(text).is_integer()
    return (datetime.combine(at.date(), _NOON), False) if whole else (at.replace(microsecond=0), True)


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)
