"""How a backfill and a poll walk through NHS.UK's lists: which code, which days, which position comes next.

Nothing here calls anybody: a state and the ids that a page held give the next state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from healthberry.connectors.base import BadItem
from healthberry.connectors.reading import days_before, moment
from healthberry.connectors.walks import START, Position, after, fewer

LIMIT: Final = 100
_OVERLAP_DAYS: Final = 2
# Moderation may take longer than the overlap, and `fromDate` may mean the day of writing: once a day we look further.
_DEEP_DAYS: Final = 30
_FIRST_WINDOW_DAYS: Final = 30
_WIDEST_WINDOW_DAYS: Final = 366


@dataclass(frozen=True)
class Backfill:
    """Where a backfill is: which code, which window of days ("" = open end), where in it.

    A code is first asked for as a whole; only where that fills a page, windows make the newest come first.
    """

    code: int = 0
    windowed: bool = False
    start: str = ""
    end: str = ""
    days: int = _FIRST_WINDOW_DAYS
    pages: int = 0
    at: Position = START


@dataclass(frozen=True)
class Poll:
    """Where a catch-up is: `began` is "" between two; `since` advances only when all codes and states are through."""

    since: str = ""
    deep: str = ""
    began: str = ""
    start: str = ""
    code: int = 0
    removed: bool = False
    at: Position = START


def onward(state: Backfill, ids: Sequence[str], since: datetime, *, dates_ignored: bool = False) -> Backfill:
    """Return where a backfill goes on after a page whose elements had `ids`.

    Where the provider ignored the window's dates, windows would read everything over and over: one window for all then.
    """
    if not state.windowed:
        if len(ids) < LIMIT and after(Position(), ids, LIMIT) is None:
            return Backfill(code=state.code + 1)
        return _window(replace(state, windowed=True), "", since)
    everything = days_before(since, 0)
    if dates_ignored and state.start > everything:
        return replace(state, start=everything, end="", pages=0, at=START)
    if step := after(state.at, ids, LIMIT):
        return replace(state, at=step, pages=state.pages + 1)
    if state.start <= everything:
        return Backfill(code=state.code + 1)
    days = _fitting(state.days, state.pages, len(ids))
    # A day of overlap: whether the ends belong to the window is not documented.
    end = (date.fromisoformat(state.start) + timedelta(days=1)).isoformat()
    return _window(replace(state, days=days), end, since)


def fewer_of_backfill(state: Backfill, since: datetime) -> tuple[Backfill, list[BadItem]]:
    """Return where a backfill goes on after a page that was larger than we take, and what is passed over.

    A code asked for as a whole is asked for in windows first.
    """
    if not state.windowed:
        return _window(replace(state, windowed=True), "", since), []
    at, passed_over = fewer(state.at, LIMIT)
    return replace(state, at=at), passed_over


def _window(state: Backfill, end: str, since: datetime) -> Backfill:
    last = date.fromisoformat(end) if end else datetime.now(UTC).date()
    start = max((last - timedelta(days=state.days)).isoformat(), days_before(since, 0))
    return replace(state, start=start, end=end, pages=0, at=Position())


def _fitting(days: int, pages: int, count: int) -> int:
    """Return the next window's width: about one page of reviews; at least 2 days, so that each step moves."""
    if pages == 0 and count <= LIMIT // 2:
        return min(days * 2, _WIDEST_WINDOW_DAYS)
    return max(days // 2, 2) if pages > 2 else days


def begun(state: Poll) -> Poll:
    """Return the state of a catch-up under way: a new one where none is."""
    if state.began:
        return state
    now = datetime.now(UTC)
    since = moment(state.since) or now
    today = now.date().isoformat()
    deep = bool(state.since) and state.deep != today
    start = days_before(since, _DEEP_DAYS if deep else _OVERLAP_DAYS)
    return Poll(since=state.since, deep=today, began=now.isoformat(), start=start)


def ended(state: Poll) -> Poll:
    """Return the state between two catch-ups; the next one starts where this one began."""
    return Poll(since=state.began, deep=state.deep)


def next_poll(state: Poll, step: Position | None, codes: int) -> Poll:
    """Return where a catch-up goes on: this list, then what was removed, then the next code."""
    if step:
        return replace(state, at=step)
    if not state.removed:
        return replace(state, removed=True, at=Position())
    if state.code + 1 < codes:
        return replace(state, code=state.code + 1, removed=False, at=Position())
    return ended(state)
