"""How a backfill and a poll walk through what Bluesky lists: notifications, searches, and the account's own posts.

Source: lexicons. No list can be asked for what is new: pages go from the newest backwards, until what is known. Pages
may be short or empty and go on all the same; notifications may be held back for a little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from healthberry.connectors.bluesky_posts import COLLECTION, record_of
from healthberry.connectors.errors import Unavailable
from healthberry.connectors.http import Params
from healthberry.connectors.reading import mapping, moment, sequence
from healthberry.connectors.text import line

FIRST_POLL: Final = timedelta(days=2)
_OVERLAP: Final = timedelta(minutes=15)
_NOTIFIED: Final = "notifications"
_OWN: Final = "own"
_LONGEST_CURSOR: Final = 1_000


@dataclass(frozen=True)
class Listed:
    """One list: its name in cursors, the query, its parameters, and where the answer keeps it."""

    name: str
    method: str
    params: Params
    key: str

    @property
    def own(self) -> bool:
        """Say whether it holds what the account itself wrote."""
        return self.name == _OWN

    @property
    def notified(self) -> bool:
        """Say whether it holds what is addressed to the account."""
        return self.name == _NOTIFIED

    @property
    def searched(self) -> bool:
        """Say whether it is a search, which takes a time to begin with."""
        return self.method == "app.bsky.feed.searchPosts"


@dataclass(frozen=True)
class Backfill:
    """Which list, which page of it ("" is its newest), how often it was read again, or done."""

    name: str = _NOTIFIED
    cursor: str = ""
    again: int = 0
    done: bool = False


@dataclass(frozen=True)
class Poll:
    """Up to when each list is known, and the page under way; `name` is "" between two catch-ups.

    `newest` waits to become what is known of the list.
    """

    known: dict[str, str] = field(default_factory=dict)
    name: str = ""
    cursor: str = ""
    start: str = ""
    newest: str = ""
    again: int = 0


def lists(did: str, phrases: Sequence[str]) -> list[Listed]:
    """Return the lists of a channel in the order in which they are read."""
    reasons = [("reasons", one) for one in ("mention", "reply", "quote")]
    size = [("limit", "100")]
    searches = [
        Listed(f"search:{one}", "app.bsky.feed.searchPosts", [("q", _quoted(one)), ("sort", "latest"), *size], "posts")
        for one in phrases
    ]
    own = [("repo", did), ("collection", COLLECTION), *size]
    return [
        Listed(_NOTIFIED, "app.bsky.notification.listNotifications", [*reasons, *size], "notifications"),
        *searches,
        Listed(_OWN, "com.atproto.repo.listRecords", own, "records"),
    ]


def named(known: Sequence[Listed], name: str) -> Listed:
    """Return the list of that name; the first where it is not read any more."""
    return next((one for one in known if one.name == name), known[0])


def query(one: Listed, cursor: str, since: datetime) -> Params:
    """Return the parameters of one page."""
    begin = [("since", since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))] if one.searched else []
    return [*one.params, *begin, *([("cursor", cursor)] if cursor else [])]


def seen_at(post: Any) -> datetime | None:
    """Return when a list counts a post as of."""
    return moment(mapping(post).get("indexedAt")) or moment(record_of(post).get("createdAt"))


def next_page(state: Backfill, known: Sequence[Listed], body: Mapping[str, Any], since: datetime) -> Backfill:
    """Return where a backfill goes on: the next page, the next list, or nowhere."""
    one = named(known, state.name)
    further = _further(state.cursor, body)
    if further and not _all_before(sequence(body.get(one.key)), since):
        return replace(state, cursor=further, again=0)
    following = _following(known, state.name)
    return Backfill(following) if following else replace(state, again=0, done=True)


def begun(state: Poll, known: Sequence[Listed]) -> Poll:
    """Return the state of a catch-up under way."""
    if state.name:
        return replace(state, name=named(known, state.name).name)
    start = (datetime.now(UTC) - FIRST_POLL).isoformat(timespec="seconds")
    return Poll(state.known, known[0].name, start=start)


def since(state: Poll) -> datetime:
    """Return back to when this list is read: what is known, with overlap, else the last two days."""
    known = moment(state.known.get(state.name))
    return known - _OVERLAP if known else datetime.fromisoformat(state.start)


def next_poll(state: Poll, known: Sequence[Listed], body: Mapping[str, Any]) -> Poll:
    """Return where a catch-up goes on; what is known of a list moves when its last page is through."""
    found = sequence(body.get(named(known, state.name).key))
    newest = state.newest or max((at.isoformat() for one in found if (at := seen_at(one))), default="")
    further = _further(state.cursor, body)
    if further and not _all_before(found, since(state)):
        return replace(state, cursor=further, newest=newest, again=0)
    marks = {**state.known, **({state.name: newest} if newest > state.known.get(state.name, "") else {})}
    if following := _following(known, state.name):
        return Poll(marks, following, start=state.start)
    names = {one.name for one in known}
    return Poll({name: at for name, at in marks.items() if name in names})


def _following(known: Sequence[Listed], name: str) -> str:
    names = [one.name for one in known]
    place = names.index(name) + 1 if name in names else len(names)
    return names[place] if place < len(names) else ""


def _further(cursor: str, body: Mapping[str, Any]) -> str:
    """Return the cursor of the next page; "" at the end, and where the same one comes again.

    Raises: Unavailable where it came garbled: it would lead anywhere.
    """
    further = line(body.get("cursor"), _LONGEST_CURSOR)
    if "\ufffd" in further:
        raise Unavailable("The answer was garbled.")
    return further if further != cursor else ""


def _all_before(posts: Sequence[Any], since: datetime) -> bool:
    times = [at for one in posts if (at := seen_at(one))]
    return bool(times) and max(times) < since


def _quoted(phrase: str) -> str:
    return f'"{phrase}"' if " " in phrase else phrase
