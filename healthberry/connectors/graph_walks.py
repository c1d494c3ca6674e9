"""How a backfill and a poll walk through a Page's lists, newest first, and through comments that fill several pages.

Source: Graph API, "Paginated results": a list goes on until `next` is absent; cursors are not to be kept for long.
Lists of posts go by when a post was written, not by its latest comment: so every poll reads the newest posts again,
and a deep one, every day and whenever no cursor is given, those of the last thirty days.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from healthberry.connectors.reading import moment

POSTS: Final = 25  # how many posts at once, each with its newest comments
COMMENTS: Final = 50
MORE_COMMENTS: Final = 100
THREADS: Final = 25
MESSAGES: Final = 20  # Source: conversations; only the newest 20 of a thread are served in detail
_OVERLAP: Final = timedelta(days=2)
_DEEP: Final = timedelta(days=30)
_DEEP_EVERY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Walk:
    """Which list, which page of it, and what is to be read before going on: "id|cursor" of posts' further comments.

    `again` says that the page is read for the second time; `size` is how many to ask for after too much came, 0 where
    as many as ever; `rest` is until when nobody is to be asked.
    """

    edge: int = 0
    after: str = ""
    unread: tuple[str, ...] = ()
    again: bool = False
    size: int = 0
    rest: str = ""


START: Final = Walk()


@dataclass(frozen=True)
class Backfill:
    """Where a backfill is."""

    at: Walk = START


@dataclass(frozen=True)
class Poll:
    """Where a catch-up is: `began` is "" between two; `since` and `deep` are when the last (deep) one began."""

    since: str = ""
    deep: str = ""
    began: str = ""
    is_deep: bool = False
    at: Walk = START


def begun(state: Poll, now: datetime | None = None) -> Poll:
    """Return the state of a catch-up under way: a new one where none is."""
    if state.began:
        return state
    now = now or datetime.now(UTC)
    last = moment(state.deep)
    is_deep = not state.since or last is None or now - last > _DEEP_EVERY
    deep = now.isoformat() if is_deep else state.deep
    return Poll(state.since, deep, now.isoformat(), is_deep, replace(START, rest=state.at.rest))


def ended(state: Poll) -> Poll:
    """Return the state between two catch-ups; the next one looks back to where this one began."""
    return Poll(since=state.began, deep=state.deep, at=replace(START, rest=state.at.rest))


def floor_of(state: Poll) -> datetime:
    """Return from when on comments and messages are followed to further pages: two days before the last catch-up."""
    return (moment(state.since) or moment(state.began) or datetime.now(UTC)) - _OVERLAP


def posts_since(state: Poll) -> datetime:
    """Return from when on posts are read in a deep catch-up."""
    return (moment(state.began) or datetime.now(UTC)) - _DEEP


def onward(at: Walk, cursor: str, unread: Sequence[str]) -> Walk:
    """Return where to go on after a page of a list: comments first, then its next page, then the next list."""
    moved = cursor and cursor != at.after
    edge, after = (at.edge, cursor) if moved else (at.edge + 1, "")
    return Walk(edge, after, (*at.unread, *unread), size=at.size if moved else 0)


def after_comments(at: Walk, cursor: str) -> Walk:
    """Return where to go on after a page of one post's further comments."""
    thread, _, before = at.unread[0].partition("|")
    rest = at.unread[1:]
    return replace(at, unread=(f"{thread}|{cursor}", *rest) if cursor and cursor != before else rest, again=False)


def fewer(at: Walk, usual: int) -> Walk | None:
    """Return the same page with half as many, or None where there is but one."""
    asked = at.size or usual
    return replace(at, size=asked // 2) if asked > 1 else None


def resting(at: Walk, now: datetime | None = None) -> float:
    """Return for how many seconds nobody is to be asked yet, 0.0 when it is time."""
    until = datetime.fromisoformat(at.rest) if at.rest else None
    return max((until - (now or datetime.now(UTC))).total_seconds(), 0.0) if until else 0.0


def rested(at: Walk, seconds: float, now: datetime | None = None) -> Walk:
    """Return the same place, with a rest of some seconds before it is gone on from."""
    until = ((now or datetime.now(UTC)) + timedelta(seconds=seconds)).isoformat() if seconds else ""
    return replace(at, rest=until)
