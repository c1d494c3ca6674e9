"""How a backfill and a poll walk through X's timelines: two lists, mentions and our own posts, page by page.

Source: X documents on pagination: keep `since_id` fixed while following `next_token` to the end, then advance it to the
`newest_id` of the first page; newest first; no `next_token` is the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from healthberry.connectors.http import Params
from healthberry.connectors.reading import identifier, mapping, sequence
from healthberry.connectors.text import line

LIMIT: Final = 100
_FEWEST: Final = 5  # Source: X API v2, `max_results` of timelines
_FIRST_POLL: Final = timedelta(days=2)
# Ids grow with time, but posts of the same moment may show up out of order: a minute is read again. Snowflakes carry
# milliseconds above their 22 lowest bits.
_OVERLAP: Final = 60_000 << 22
_GONE: Final = ("resource-not-found", "not-authorized-for-resource", "resource-unavailable")


@dataclass(frozen=True)
class Meta:
    """What an answer says about its place in the list; "" for what it does not say."""

    next_token: str = ""
    newest_id: str = ""


@dataclass(frozen=True)
class Backfill:
    """Which list (`own`: our posts), which page of it, whether for the second time, or done.

    `size` is how many posts to ask for after a page was larger than we take; 0 where as many as ever.
    """

    own: bool = False
    token: str = ""
    again: bool = False
    done: bool = False
    size: int = 0


@dataclass(frozen=True)
class Poll:
    """Checkpoints of both lists, and the page under way; `resting` between two catch-ups.

    `start` is the time that a list without a checkpoint is read from. `newest` waits to become the checkpoint.
    """

    mentions: str = ""
    posts: str = ""
    start: str = ""
    own: bool = False
    token: str = ""
    again: bool = False
    newest: str = ""
    resting: bool = True
    size: int = 0


Walk = TypeVar("Walk", Backfill, Poll)


def meta_of(body: Mapping[str, Any]) -> Meta:
    """Read `meta` of a timeline answer."""
    meta = mapping(body.get("meta"))
    return Meta(line(meta.get("next_token"), 500), identifier(meta.get("newest_id")))


def gone(body: Mapping[str, Any]) -> list[str]:
    """Return the ids that a lookup says are deleted, protected or suspended.

    Partial errors stand beside the data with status 200; their type is known by its last segment, the host varies.
    """
    errors = [mapping(one) for one in sequence(body.get("errors"))]
    return [
        identifier(one.get("resource_id")) or identifier(one.get("value"))
        for one in errors
        if line(one.get("type")).rpartition("/")[2] in _GONE
    ]


def fewer(state: Walk) -> Walk | None:
    """Return the same page with half as many posts, or None where there are as few as X serves."""
    asked = state.size or LIMIT
    return replace(state, size=max(asked // 2, _FEWEST)) if asked > _FEWEST else None


def onward(state: Backfill, meta: Meta) -> Backfill:
    """Return where a backfill goes on; a token that comes again is taken as the end."""
    if meta.next_token and meta.next_token != state.token:
        return replace(state, token=meta.next_token, again=False)
    return Backfill(own=True) if not state.own else replace(state, token="", again=False, done=True)


def begun(state: Poll) -> Poll:
    """Return the state of a catch-up under way."""
    if not state.resting:
        return state
    start = state.start or rfc3339(datetime.now(UTC) - _FIRST_POLL)
    return Poll(mentions=state.mentions, posts=state.posts, start=start, resting=False)


def window(state: Poll) -> Params:
    """Return the parameters that say from where this list is read."""
    checkpoint = state.posts if state.own else state.mentions
    if checkpoint.isdigit():
        return [("since_id", str(max(int(checkpoint) - _OVERLAP, 1)))]
    return [("start_time", state.start)]


def next_poll(state: Poll, meta: Meta) -> Poll:
    """Return where a catch-up goes on; a list's checkpoint moves when its last page is through."""
    newest = state.newest or meta.newest_id
    if meta.next_token and meta.next_token != state.token:
        return replace(state, token=meta.next_token, again=False, newest=newest)
    if not state.own:
        mentions = _newer(state.mentions, newest)
        return replace(state, mentions=mentions, own=True, token="", again=False, newest="")
    return Poll(mentions=state.mentions, posts=_newer(state.posts, newest), start=state.start)


def rfc3339(at: datetime) -> str:
    """Return a time as X takes it, in whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _newer(one: str, other: str) -> str:
    numbers = [int(text) for text in (one, other) if text.isdigit()]
    return str(max(numbers)) if numbers else ""
