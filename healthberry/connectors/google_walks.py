"""How a backfill and a poll walk through the reviews of one location after the other, and what a second look needs.

Google orders by last change, newest first, and knows no "since": a poll reads on until a whole page is older than the
newest change that the last complete catch-up saw, less an hour. An edited review moves to the front while one walks, so
a page may repeat an item (harmless); what moved from behind to the front is found by the next poll.
A page token belongs to the question that it answered: asked with another page size it is refused, and after a while as
well; then the location is read again from its first page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from healthberry.connectors import google_items as items
from healthberry.connectors.reading import moment

LIMIT: Final = 50  # Source: v4 reviews.list, at most 50
_FIRST_POLL: Final = timedelta(days=2)
_OVERLAP: Final = timedelta(hours=1)  # the lag between posting and listing is not documented


@dataclass(frozen=True)
class Place:
    """Which location (by id; "" is the first), which page of it, and how.

    `again`: the page is read for the second time, because something in it was garbled. `size` is how many reviews to
    ask for after a page was larger than we take, 0 where as many as ever; `restarted` that the token was refused once.
    """

    location: str = ""
    token: str = ""
    again: bool = False
    size: int = 0
    restarted: bool = False


@dataclass(frozen=True)
class Backfill:
    """Where a backfill stands."""

    at: Place = Place()


@dataclass(frozen=True)
class Poll:
    """`mark` is the newest change that the last complete catch-up saw; `newest` waits to become it.

    `told` is the day on which Google was last asked to tell us of new reviews. `resting` between two catch-ups.
    """

    mark: str = ""
    newest: str = ""
    at: Place = Place()
    told: str = ""
    resting: bool = True


State = TypeVar("State", Backfill, Poll)


def begun(state: Poll, now: datetime) -> Poll:
    """Return the state of a catch-up under way; the first one looks back two days."""
    if not state.resting:
        return state
    mark = state.mark if moment(state.mark) else _written(now - _FIRST_POLL + _OVERLAP)
    return replace(state, mark=mark, at=Place(), newest="", resting=False)


def ended(state: Poll) -> Poll:
    """Return the state after a complete catch-up."""
    return Poll(mark=max(state.mark, state.newest), told=state.told)


def oldest(state: Poll) -> datetime:
    """Return the moment before which nothing need be read."""
    return (moment(state.mark) or datetime.now(UTC)) - _OVERLAP


def seen(state: Poll, elements: Sequence[Any]) -> Poll:
    """Note the newest change on a page."""
    times = [_written(at) for at in map(items.updated_at, elements) if at]
    return replace(state, newest=max([state.newest, *times]))


def reading(locations: Sequence[items.Location], at: Place) -> items.Location | None:
    """Return the location to read now; None after the last. One that has gone meanwhile is passed over."""
    return next((one for one in locations if one.id >= at.location), None)


def onward(at: Place, location: items.Location, token: str, elements: Sequence[Any], since: datetime) -> Place:
    """Return where to go on: the next page, or the next location after the last page or one that is too old as a whole.

    A token that comes again is taken as the end.
    """
    times = [items.updated_at(one) for one in elements]
    too_old = bool(times) and all(at is not None and at < since for at in times)
    if token and token != at.token and not too_old:
        return Place(location.id, token, size=at.size)
    return after(location)


def after(location: items.Location) -> Place:
    """Return the first page of the location behind this one."""
    return Place(f"{location.id}!")  # sorts right behind it: ids hold no such sign


def restarted(at: Place) -> Place | None:
    """Return the first page of the same location, once, where its token was refused; None where it had none."""
    if not at.token or at.restarted:
        return None
    return Place(at.location, size=at.size, restarted=True)


def fewer(at: Place) -> Place | None:
    """Return the same page with half as many, or None where a single one is too large."""
    asked = at.size or LIMIT
    return replace(at, size=asked // 2) if asked > 1 else None


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")  # sorts as the moments do
