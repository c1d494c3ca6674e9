"""Reading an account's lists page by page, the threads around them, and looking again at what is stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from healthberry.connectors import bluesky_posts as posts
from healthberry.connectors import bluesky_walks as walks
from healthberry.connectors.base import InboundItem, Page
from healthberry.connectors.bluesky_server import Calls, repeated
from healthberry.connectors.errors import Gone, Rejected, Unavailable, UnexpectedAnswer
from healthberry.connectors.reading import mapping, newest_first, read_each, sequence, withdrawn

BATCH: Final = 25  # Source: lexicon app.bsky.feed.getPosts
_NOT_BELIEVED: Final = 5
_PARENTS: Final = 20


class Reader:
    """Reads pages of an account's lists."""

    def __init__(self, calls: Calls, us: posts.Us, lists: Sequence[walks.Listed]) -> None:
        self.lists = lists
        self._calls, self._us = calls, us

    def read(self, one: walks.Listed, cursor: str, since: datetime) -> tuple[Page, Mapping[str, Any]]:
        """Return a page without what was before `since`, with what its answers answer, and what Bluesky said."""
        body = self._calls.get(one.method, walks.query(one, cursor, since))
        wanted = [post for post in sequence(body.get(one.key)) if not _before(post, since)]
        if one.own:
            wanted = [post for post in wanted if posts.answered(post)]
        above = self._above(wanted) if one.notified else []
        found, bad = read_each([*above, *wanted], self._items, posts.uri_of)
        return Page(newest_first(found), None, False, bad), body

    def _items(self, post: Any) -> list[InboundItem]:
        item = posts.item(post, self._us)
        # What the account itself posted, and answers nobody, is no feedback.
        return [] if item.direction == "outbound" and item.in_reply_to is None else [item]

    def _above(self, wanted: Sequence[Any]) -> list[Any]:
        """Return what the answers among these answer: without it nobody knows what they are about."""
        known = {posts.uri_of(post) for post in wanted}
        found: list[Any] = []
        for post in wanted:
            parent, uri = posts.answered(post), posts.uri_of(post)
            if uri and parent and parent not in known:
                found += (above := self._parents(uri))
                known |= {parent, *map(posts.uri_of, above)}
        return found

    def _parents(self, uri: str) -> list[Any]:
        asked = [("uri", uri), ("depth", "0"), ("parentHeight", str(_PARENTS))]
        try:
            place = mapping(self._calls.get("app.bsky.feed.getPostThread", asked).get("thread"))
        except (Gone, Rejected, UnexpectedAnswer):  # one thread that cannot be had holds up nothing else
            return []
        found: list[Any] = []
        # Deleted and blocked posts stand in a thread without words: what is above them is not served.
        while len(found) < _PARENTS and (place := mapping(place.get("parent"))) and place.get("post") is not None:
            found.insert(0, place["post"])
        return [post for post in found if posts.uri_of(post)]


def again(calls: Calls, us: posts.Us, remote_ids: Sequence[str]) -> list[InboundItem]:
    """Return posts as they are now, and those that are gone. Raises: Temporary, Permanent."""
    found: list[InboundItem] = []
    for start in range(0, len(remote_ids), BATCH):
        asked = remote_ids[start : start + BATCH]
        body = calls.get("app.bsky.feed.getPosts", repeated("uris", asked))
        shown = [post for post in sequence(body.get("posts")) if posts.uri_of(post) in asked]
        if not shown and len(asked) >= _NOT_BELIEVED:
            # Words once forgotten don't come back.
            raise Unavailable("Everything that we asked for is said to be gone.")
        items, _ = read_each(shown, lambda post: [posts.item(post, us)], posts.uri_of)
        gone = set(asked) - {posts.uri_of(post) for post in shown}
        found += [*items, *(withdrawn(uri) for uri in asked if uri in gone)]
    return found


def _before(post: Any, since: datetime) -> bool:
    at = walks.seen_at(post)
    return at is not None and at < since
