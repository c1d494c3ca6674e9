"""How comments are walked through: threads, the newest first, page by page.

Threads are ordered by their first comment, and a new reply moves nothing to the front. So a poll compares how many
replies the newest threads have with what they had: a hundred threads each time, a thousand once a day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from healthberry.connectors import youtube_items as items
from healthberry.connectors.reading import moment

LIMIT: Final = 100  # Source: commentThreads.list, maxResults
_FIRST_POLL: Final = timedelta(days=2)
_OVERLAP: Final = timedelta(hours=1)
_DEEP_PAGES: Final = 10
_COUNTED: Final = 1_000


@dataclass(frozen=True)
class Backfill:
    """Which page, whether for the second time (something was garbled), with how many at most (0: as many as ever)."""

    token: str = ""
    again: bool = False
    size: int = 0


@dataclass(frozen=True)
class Poll:
    """`mark` is the newest comment of the last complete catch-up, `newest` waits to become it.

    `counts` are threads with the replies they had ("Ugx1 3"); `deep` is the day of the last long catch-up, `pages` how
    many were read of this one; `resting` between two.
    """

    mark: str = ""
    newest: str = ""
    token: str = ""
    again: bool = False
    size: int = 0
    counts: tuple[str, ...] = ()
    deep: str = ""
    pages: int = 0
    resting: bool = True


def begun(state: Poll, now: datetime) -> Poll:
    """Return the state of a catch-up under way; the first one looks back two days, and the long one can wait a day."""
    if not state.resting:
        return state
    if not moment(state.mark):
        return replace(state, mark=_written(now - _FIRST_POLL + _OVERLAP), deep=_day(now), resting=False)
    return replace(state, resting=False)


def onward(state: Poll, elements: Sequence[Any], token: str, now: datetime) -> Poll:
    """Return where a catch-up goes on after this page, or the state of rest."""
    times = [at for at in map(items.written_at, elements) if at]
    newest = max([state.newest, *map(_written, times)])
    counts = {**_counts(state), **{items.thread_id(one): items.replies_told(one) for one in elements}}
    kept = tuple(f"{name} {count}" for name, count in list(counts.items())[-_COUNTED:] if name)
    since = (moment(state.mark) or now) - _OVERLAP
    # The last one decides: an old comment that was pinned stands in front.
    is_new = not times or times[-1] >= since
    pages = state.pages + 1
    is_deep = state.deep != _day(now)
    if token and token != state.token and (is_new or (is_deep and pages < _DEEP_PAGES)):
        return replace(state, newest=newest, token=token, again=False, counts=kept, pages=pages)
    return Poll(mark=max(state.mark, newest), counts=kept, deep=_day(now))


def has_other_replies(state: Poll, element: Any) -> bool:
    """Say whether a thread's replies have to be asked for: more than came with it, and not as many as last time."""
    told = items.replies_told(element)
    return told > items.replies_given(element) and _counts(state).get(items.thread_id(element)) != told


def _counts(state: Poll) -> Mapping[str, int]:
    parted = (one.rpartition(" ") for one in state.counts if isinstance(one, str))
    return {name: int(count) for name, _, count in parted if count.isdigit()}


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")  # sorts as the moments do
