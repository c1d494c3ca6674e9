"""What a feed's entries become: items, as far as the words that were asked for occur in them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from healthberry.connectors.base import Author, BadItem, InboundItem
from healthberry.connectors.feed_parse import Entry, Feed
from healthberry.connectors.reading import Unreadable, bad_item, identifier, newest_first, read_each

_BROKEN: Final = "The feed is not well-formed, so something in it may be missing."
_NO_KEY: Final = "It has neither an id, nor a link, nor a title with a date, so that it can not be told from others."


@dataclass(frozen=True)
class Wanted:
    """Which entries are wanted: one of `words` occurs (any will do where there is none), and none of `unwanted`."""

    words: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()

    def includes(self, entry: Entry) -> bool:
        """Say whether an entry is wanted; small and capital letters are the same."""
        said = f"{entry.title}\n{entry.text}".casefold()
        return (not self.words or any(word in said for word in self.words)) and not any(
            word in said for word in self.unwanted
        )


def wanted(config: Mapping[str, Any]) -> Wanted:
    """Return what the channel's settings `words` and `unwanted` ask for, one on each line."""
    return Wanted(_lines(config.get("words")), _lines(config.get("unwanted")))


def items_of(feed: Feed, want: Wanted, undated: datetime) -> tuple[list[InboundItem], list[BadItem], list[str]]:
    """Return what is wanted of a feed, newest first, what could not be read, and the ids of all its entries.

    An id that comes twice is the entry that was updated last. An entry without a date gets `undated`.
    """
    ids: list[str] = []

    def read(element: Any) -> list[InboundItem]:
        entry = feed.read(element)
        item = _item(entry, feed, undated)
        ids.append(item.remote_id)
        return [item] if want.includes(entry) else []

    found, bad = read_each(_oldest_first(feed), read, lambda element: _name(feed, element))
    if feed.broken:
        bad.append(bad_item({"feed": feed.home or feed.title}, _BROKEN, ""))
    return newest_first(found), bad, ids


def _item(entry: Entry, feed: Feed, undated: datetime) -> InboundItem:
    if not entry.title and not entry.text:
        raise Unreadable("It has no words.")
    remote_id = _id(entry)
    return InboundItem(
        remote_id=remote_id,
        thread_id=remote_id,
        direction="inbound",
        author=Author(None, entry.author or feed.title or "Somebody"),
        text=entry.text or entry.title,
        posted_at=entry.posted_at or undated,
        title=entry.title if entry.text else "",
        url=entry.url,
    )


def _id(entry: Entry) -> str:
    """Return the entry's own id as it is; its hash where it is longer than we store."""
    key = entry.key or (f"{entry.title} {entry.posted_at.isoformat()}" if entry.title and entry.posted_at else "")
    if not key:
        raise Unreadable(_NO_KEY)
    known = identifier(entry.key)
    return known or f"sha256:{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def _name(feed: Feed, element: Any) -> str:
    return identifier(feed.read(element).key)


def _oldest_first(feed: Feed) -> Iterable[Any]:
    """Order so that the last of two entries with one id is the one that was updated last."""
    start = datetime(1970, 1, 1, tzinfo=UTC)

    def updated(element: Any) -> datetime:
        try:
            entry = feed.read(element)
        except (ValueError, TypeError, KeyError, AttributeError):
            return start
        return entry.updated_at or entry.posted_at or start

    return sorted(feed.elements, key=updated)


def _lines(value: Any) -> tuple[str, ...]:
    return tuple(word.casefold() for line in str(value or "").split("\n") if (word := line.strip()))


def before(at: datetime) -> datetime:
    """Return the time that an entry of the past without a date gets: it counts as history."""
    return at - timedelta(days=1)
