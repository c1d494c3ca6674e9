"""How a backfill and a poll walk through X's lists, page by page: mentions, our own posts, and what is beyond these.

Beyond: posts that answer or quote us without mentioning us, which only a search of the last week finds.

Source: X documents on pagination: keep `since_id` fixed while following `next_token` to the end, then advance it to the
`newest_id` of the first page; newest first; no `next_token` is the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from healthberry.connectors.http import Params
from healthberry.connectors.reading import identifier, mapping, moment, sequence
from healthberry.connectors.text import line
from healthberry.connectors.walks import unpack

LIMIT: Final = 100
_FEWEST: Final = 5  # Source: X API v2, `max_results` of timelines
_FEWEST_FOUND: Final = 10  # the same, of a search
_FIRST_POLL: Final = timedelta(days=2)
# Ids grow with time, but posts of the same moment may show up out of order: a minute is read again. Snowflakes carry
# milliseconds above their 22 lowest bits.
_OVERLAP: Final = 60_000 << 22
_EPOCH_MS: Final = 1288834974657  # Source: X documents on ids: what snowflakes count from
_SEARCHED: Final = timedelta(days=6, hours=23)  # a search that begins earlier than a week ago is refused
_OURS: Final = 6
_GONE: Final = ("resource-not-found", "not-authorized-for-resource", "resource-unavailable")


@dataclass(frozen=True)
class Meta:
    """What an answer says about its place in the list; "" for what it does not say."""

    next_token: str = ""
    newest_id: str = ""


@dataclass(frozen=True)
class Backfill:
    """Which list (`own`: our posts; `beyond`), which page of it, whether for the second time, or done.

    `size` is how many posts to ask for after a page was larger than we take; 0 where as many as ever. `ours` are our
    newest posts, which others may have quoted.
    """

    own: bool = False
    beyond: bool = False
    token: str = ""
    again: bool = False
    done: bool = False
    size: int = 0
    ours: tuple[str, ...] = ()


@dataclass(frozen=True)
class Poll:
    """Checkpoints of the lists, and the page under way; `resting` between two catch-ups.

    `start` is the time that a list without a checkpoint is read from. `newest` waits to become the checkpoint.
    """

    mentions: str = ""
    posts: str = ""
    found: str = ""
    start: str = ""
    own: bool = False
    beyond: bool = False
    token: str = ""
    again: bool = False
    newest: str = ""
    resting: bool = True
    size: int = 0
    ours: tuple[str, ...] = ()
    asked: str = ""  # the day on which X was last asked to send what is new by itself


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
    asked, fewest = state.size or LIMIT, fewest_of(state)
    return replace(state, size=max(asked // 2, fewest)) if asked > fewest else None


def fewest_of(state: Backfill | Poll) -> int:
    """Return how few posts this list can be asked for."""
    return _FEWEST_FOUND if state.beyond else _FEWEST


def seen(state: Walk, ours: Sequence[str]) -> Walk:
    """Remember our newest posts, which others may quote."""
    known = sorted({*state.ours, *ours}, key=lambda one: (len(one), one), reverse=True)
    return replace(state, ours=tuple(known[:_OURS]))


def onward(state: Backfill, meta: Meta) -> Backfill:
    """Return where a backfill goes on; a token that comes again is taken as the end."""
    if meta.next_token and meta.next_token != state.token:
        return replace(state, token=meta.next_token, again=False)
    if state.beyond:
        return replace(state, token="", again=False, done=True)  # nosec B106
    return Backfill(own=not state.own, beyond=state.own, ours=state.ours)


def begun(state: Poll) -> Poll:
    """Return the state of a catch-up under way."""
    if not state.resting:
        return state
    start = state.start or rfc3339(datetime.now(UTC) - _FIRST_POLL)
    return rested(state, start=start, resting=False, asked=_today())


def is_new_day(before: str | None, after: str | None) -> bool:
    """Say whether the catch-up that goes on at the cursor `after` began on another day than the one of `before`."""
    return unpack(Poll, before).asked != unpack(Poll, after).asked


def window(state: Poll) -> Params:
    """Return the parameters that say from where this list is read."""
    checkpoint = state.found if state.beyond else state.posts if state.own else state.mentions
    if checkpoint.isdigit():
        since = max(int(checkpoint) - _OVERLAP, 1)
        return [("since_id", str(max(since, oldest_found()) if state.beyond else since))]
    if state.beyond:
        return [("since_id", str(max(_id_at(_moment(state.start)), oldest_found())))]
    return [("start_time", state.start)]


def oldest_found(at: datetime | None = None) -> int:
    """Return the oldest id that a search can begin from at present."""
    return _id_at((at or datetime.now(UTC)) - _SEARCHED)


def next_poll(state: Poll, meta: Meta) -> Poll:
    """Return where a catch-up goes on; a list's checkpoint moves when its last page is through."""
    newest = state.newest or meta.newest_id
    if meta.next_token and meta.next_token != state.token:
        return replace(state, token=meta.next_token, again=False, newest=newest)
    if state.beyond:
        return rested(state, found=_newer(state.found, newest))
    if state.own:
        return rested(state, posts=_newer(state.posts, newest), beyond=True, resting=False)
    return rested(state, mentions=_newer(state.mentions, newest), own=True, resting=False)


def rested(state: Poll, **changes: Any) -> Poll:
    """Return the checkpoints alone, with changes: no page under way."""
    names = ("mentions", "posts", "found", "start", "ours", "asked")
    return Poll(**{name: getattr(state, name) for name in names} | changes)


def rfc3339(at: datetime) -> str:
    """Return a time as X takes it, in whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _id_at(at: datetime) -> int:
    return max((int(at.timestamp() * 1000) - _EPOCH_MS) << 22, 1)


def _moment(text: str) -> datetime:
    return moment(text) or datetime.now(UTC) - _FIRST_POLL


def _newer(one: str, other: str) -> str:
    numbers = [int(text) for text in (one, other) if text.isdigit()]
    return str(max(numbers)) if numbers else ""
