"""One website's articles offered as several feeds: nobody should have to choose between RSS, Atom and JSON."""

from collections.abc import Iterable
from datetime import UTC, datetime

from healthberry.connectors.feed_items import items_of, wanted
from healthberry.connectors.feed_parse import Feed


def without_other_formats(named: Iterable[tuple[str, Feed]]) -> list[tuple[str, Feed]]:
    """Return (address, feed) of each whose articles no other has; of equal ones that which leads on to older ones."""
    kept: list[tuple[str, Feed, set[str]]] = []
    for address, feed in sorted(named, key=lambda one: not one[1].next):
        links = _links(feed)
        if not any(feed.title == other.title and _alike(links, known) for _, other, known in kept):
            kept.append((address, feed, links))
    return [(address, feed) for address, feed, _ in kept]


def _alike(links: set[str], known: set[str]) -> bool:
    """Say whether most of the shorter one is in the other: formats may list different numbers of articles."""
    return 2 * len(links & known) > min(len(links), len(known))


def _links(feed: Feed) -> set[str]:
    items, _, _ = items_of(feed, wanted({}), datetime.now(UTC))
    return {item.url for item in items if item.url}
