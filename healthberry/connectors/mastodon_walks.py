"""How a backfill and a poll walk through an account's lists: mentions, tags, and our own answers, page by page.

Source: documentation of Mastodon, "guidelines": ids are opaque; `max_id` leads to older pages, `min_id` walks forward
without gaps, `since_id` may skip. Ids of statuses follow the time of writing, so one that reaches the server late may
lie before what was read: a list is read again from twenty items before its end, and its last two days every hour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from healthberry.connectors.http import Params
from healthberry.connectors.http_answers import Answer
from healthberry.connectors.mastodon_server import newer_than, older_than
from healthberry.connectors.reading import identifier, mapping, moment

FIRST_POLL: Final = timedelta(days=2)
_OVERLAP: Final = 20
_MENTIONS: Final = "mentions"
_OWN: Final = "own"


@dataclass(frozen=True)
class Listed:
    """One list of a server: its name in cursors, how it is asked for, and what its elements are."""

    name: str
    template: str
    params: Params = ()
    path: Mapping[str, str] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Say whether it holds what the account itself wrote."""
        return self.name == _OWN

    @property
    def notified(self) -> bool:
        """Say whether its elements are notifications, each with a status."""
        return self.name == _MENTIONS


@dataclass(frozen=True)
class Backfill:
    """Which list, from where ("" is its beginning), whether for the second time, or done."""

    name: str = _MENTIONS
    before: str = ""
    again: bool = False
    done: bool = False


@dataclass(frozen=True)
class Poll:
    """The last ids known of each list, oldest first, and the page under way; `name` is "" between two catch-ups.

    A list without known ids is read backwards from its end to `start`; `newest` waits to become known.
    """

    known: dict[str, list[str]] = field(default_factory=dict)
    name: str = ""
    before: str = ""
    after: str = ""
    start: str = ""
    newest: tuple[str, ...] = ()
    again: bool = False


def lists(account_id: str, tags: Sequence[str]) -> list[Listed]:
    """Return the lists of a channel in the order in which they are read.

    Source: documentation of Mastodon: at most 80 notifications (40 before 4.1) and 40 statuses a page. What strangers
    send may be filtered away by the account's settings, unless it is asked for (4.3).
    """
    mentions = [("types[]", "mention"), ("include_filtered", "true"), ("limit", "80")]
    size = [("limit", "40")]
    return [
        Listed(_MENTIONS, "/api/v1/notifications", mentions),
        *(Listed(f"#{tag}", "/api/v1/timelines/tag/{tag}", size, {"tag": tag}) for tag in tags),
        Listed(_OWN, "/api/v1/accounts/{id}/statuses", [("exclude_reblogs", "true"), *size], {"id": account_id}),
    ]


def named(known: Sequence[Listed], name: str) -> Listed:
    """Return the list of that name; the first where it is not read any more."""
    return next((one for one in known if one.name == name), known[0])


def next_page(
    state: Backfill, known: Sequence[Listed], body: Sequence[Any], answer: Answer, since: datetime
) -> Backfill:
    """Return where a backfill goes on: the next page, the next list, or nowhere."""
    before = _further(state.before, body, answer)
    if before and not _all_before(body, since):
        return replace(state, before=before, again=False)
    following = _following(known, state.name)
    return Backfill(following) if following else replace(state, again=False, done=True)


def begun(state: Poll, known: Sequence[Listed]) -> Poll:
    """Return the state of a catch-up under way."""
    if state.name:
        return replace(state, name=named(known, state.name).name)
    return _at(replace(state, start=""), known[0].name)


def window(state: Poll) -> Params:
    """Return the parameters that say which page of this list is read."""
    if state.after:
        return [("min_id", state.after)]
    return [("max_id", state.before)] if state.before else []


def seen(state: Poll) -> frozenset[str]:
    """Return the ids of this list's elements that need not be read again."""
    return frozenset(state.known.get(state.name, ()))


def next_poll(state: Poll, known: Sequence[Listed], body: Sequence[Any], answer: Answer) -> Poll:
    """Return where a catch-up goes on; a list's known ids move as its pages are read."""
    ids = [one for one in map(element_id, body) if one]
    if state.after:
        onward = _remember(state, [one for one in reversed(ids) if one not in seen(state)])
        after = newer_than(answer) or (ids[0] if ids else "")
        if ids and after and after != state.after:
            return replace(onward, after=after, again=False)
        return _next_list(onward, known)
    newest = state.newest or tuple(ids[:_OVERLAP])
    before = _further(state.before, body, answer)
    if before and not _all_before(body, datetime.fromisoformat(state.start)):
        return replace(state, before=before, newest=newest, again=False)
    return _next_list(_remember(state, list(reversed(newest))), known)


def element_id(element: Any) -> str:
    """Return the id by which a list knows an element, "" where it has none."""
    return identifier(mapping(element).get("id"))


def _remember(state: Poll, ids: Sequence[str]) -> Poll:
    """Add ids, oldest first, to what is known of the list."""
    if not ids:
        return state
    both = [*state.known.get(state.name, ()), *ids][-_OVERLAP:]
    return replace(state, known={**state.known, state.name: both})


def _next_list(state: Poll, known: Sequence[Listed]) -> Poll:
    following = _following(known, state.name)
    if following:
        return _at(state, following)
    names = {one.name for one in known}
    return Poll({name: ids for name, ids in state.known.items() if name in names})


def _at(state: Poll, name: str) -> Poll:
    ids = [one for one in state.known.get(name, ()) if isinstance(one, str)]
    start = state.start or (datetime.now(UTC) - FIRST_POLL).isoformat(timespec="seconds")
    return Poll({**state.known, name: ids} if ids else state.known, name, after=ids[0] if ids else "", start=start)


def _following(known: Sequence[Listed], name: str) -> str:
    names = [one.name for one in known]
    place = names.index(name) + 1 if name in names else len(names)
    return names[place] if place < len(names) else ""


def _further(before: str, body: Sequence[Any], answer: Answer) -> str:
    """Return the id before which the next page lies; "" at the end, and where the same one comes again."""
    ids = [one for one in map(element_id, body) if one]
    further = (older_than(answer) or (ids[-1] if ids else "")) if body else ""
    return further if further != before else ""


def _all_before(body: Sequence[Any], since: datetime) -> bool:
    times = [at for one in body if (at := moment(mapping(one).get("created_at")))]
    return bool(times) and max(times) < since
