"""Feeds: any RSS, Atom or JSON feed of a news site, blog or forum is read; nobody can be answered there.

What statuses mean: feed_fetch.py. What documents are read: feed_parse.py.

Source: RSS 2.0, Atom (RFC 4287), paging (RFC 5005), JSON Feed 1.1. What is no longer in a feed has scrolled off; it was
not taken down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import httpx

from healthberry.connectors.base import (
    About,
    Access,
    Capabilities,
    Field,
    Linkable,
    Linkables,
    Listing,
    Page,
    ReplyPermission,
    ReplyTarget,
)
from healthberry.connectors.defaults import Defaults
from healthberry.connectors.errors import NotLinked, Permanent, Temporary, UnexpectedAnswer
from healthberry.connectors.feed_fetch import Document, FeedFetch
from healthberry.connectors.feed_formats import without_other_formats
from healthberry.connectors.feed_items import before, items_of, wanted
from healthberry.connectors.feed_parse import NO_FEED, Feed, feed_in, named_in
from healthberry.connectors.public_addresses import Resolve, system_resolve
from healthberry.connectors.reading import as_history, garbled, identifier
from healthberry.connectors.safe_fetch import FetchFailed, check_url
from healthberry.connectors.text import line
from healthberry.connectors.walks import pack, unpack

_LOOKS_BACK: Final = timedelta(days=2)
_MOST_PAGES: Final = 5
_DEEPEST: Final = 100
_KEPT_IDS: Final = 30
_SECONDS: Final = 15.0
_NO_ANSWER: Final = "A feed takes no answers. Open the original: you can answer there if its site lets you."


@dataclass(frozen=True)
class Backfill:
    """Where the walk through history stands; `again` says that the page is read for the second time."""

    url: str = ""
    pages: int = 0
    again: bool = False


@dataclass(frozen=True)
class Poll:
    """What the last complete look saw: validators and the newest ids; and, under way, where it goes on."""

    etag: str = ""
    modified: str = ""
    ids: tuple[str, ...] = ()
    url: str = ""
    pages: int = 0
    again: bool = False
    new_etag: str = ""
    new_modified: str = ""
    new_ids: tuple[str, ...] = ()


class FeedChannel(Defaults):
    """The connector of kind "feed". Channel config: `address` of the feed, `words`, `unwanted` (one on each line)."""

    kind: ClassVar[str] = "feed"
    capabilities = Capabilities(
        label="News and blogs",
        place="Feed",
        opens="Open the article",
        short="RSS",
        display="link",
        item="article",
        reply="none",
        poll_seconds=900,
        connect="fields",
        about=About(
            reads="New articles of any website that offers a feed (RSS, Atom or JSON): local news, blogs, forums, "
            "alerts of a search. With words that must occur, only what mentions you.",
            answers="A feed takes no answers. You open the original and answer there, if its site lets you.",
            needs="The address of the website or of its feed. Nobody has to sign in.",
            data="Changes of an article follow here. A feed does not say that an article was taken down, so it stays "
            "here until you unlink the channel.",
        ),
        group="other",
        fields=(
            Field(
                "address",
                "Address of the website or its feed",
                "Such as https://www.leedsnews.example or https://www.leedsnews.example/feed.xml",
                kind="address",
            ),
            Field(
                "words",
                "Words or phrases of which one must occur",
                "The names of your organisation and its sites. Without any, everything is read.",
                kind="words",
                required=False,
            ),
            Field(
                "unwanted",
                "Words or phrases that must not occur",
                "To leave out places with the same name, vacancies or sport.",
                kind="words",
                required=False,
            ),
        ),
        backfill_depth="what the feed still lists",
        serves_all=False,
        rechecks=False,
    )

    def __init__(
        self,
        websites: str | None,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
        resolve: Resolve = system_resolve,
    ) -> None:
        self._fetch = FeedFetch(websites, transport=transport, resolve=resolve, whole_seconds=read_seconds or _SECONDS)

    def prepare(self, given: Mapping[str, str], redirect_uri: str) -> Access:
        """Complete the address; nothing is asked yet. Raises: NotLinked."""
        typed = line(given.get("address", ""), 1_000)
        whole = typed if "://" in typed else f"https://{typed}"
        try:
            address = self._fetch.known_as(whole)
            if not typed or " " in typed or "." not in check_url(address, ""):
                raise FetchFailed("it is no address")
        except (FetchFailed, ValueError):
            reason = "Enter a public web address, such as https://www.leedsnews.example"
            raise NotLinked(reason, "address") from None
        return Access({**given, "address": address})

    def link(self, access: Access) -> Linkables:
        """Return the feed at the address, or those that the page there names, each read once.

        Raises: NotLinked, Temporary.
        """
        address = line(access.config.get("address"), 1_000)
        try:
            document = self._fetch.document(address)
            if feed := feed_in(document):
                return Linkables([_linkable(feed, address, access)])
        except Permanent as error:
            raise NotLinked(error.reason, "address") from error
        return self._named(document, access)

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one document: first the feed, then the older ones that it names, newest first.

        Raises: Temporary, Permanent.
        """
        state = unpack(Backfill, cursor)
        try:
            feed = self._feed(self._fetch.document(state.url or _address(access)))
        except Permanent:
            if not state.pages:
                raise
            return Page([], cursor, more=False)  # what an older page has become is no trouble of the feed
        items, bad, _ = items_of(feed, wanted(access.config), before(datetime.now(UTC)))
        if not state.again and (feed.garbled or garbled(items, bad)):
            return Page([], pack(replace(state, again=True)), more=True)
        fresh = [item for item in items if item.posted_at >= since]
        more = bool(feed.next) and feed.next != state.url and bool(fresh) and state.pages < _DEEPEST
        return Page(as_history(fresh), pack(Backfill(feed.next, state.pages + 1)), more, bad)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read the feed where it has changed; where all of it is new, also the older documents that it names.

        Every entry comes as it is now. Raises: Temporary, Permanent.
        """
        state = unpack(Poll, cursor)
        document = (
            self._fetch.document(state.url)
            if state.url
            else self._fetch.document(_address(access), state.etag, state.modified)
        )
        if not document.fresh:
            return Page([], cursor, more=False)
        feed = self._feed(document)
        items, bad, ids = items_of(feed, wanted(access.config), datetime.now(UTC))
        if not state.again and (feed.garbled or garbled(items, bad)):
            return Page([], pack(replace(state, again=True)), more=True)
        onward = _onward(state, document, feed, ids, _reached(state, ids, [item.posted_at for item in items]))
        return Page([replace(item, change="edited") for item in items], pack(onward), bool(onward.url), bad)

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say that a feed takes no answers, and where the original is."""
        return ReplyPermission("none", _NO_ANSWER, target.url)

    def _named(self, page: Document, access: Access) -> Linkables:
        found: list[tuple[str, Feed]] = []
        problems: list[str] = []
        for address in map(self._fetch.known_as, named_in(page)):
            try:
                if feed := feed_in(self._fetch.document(address)):
                    found.append((address, feed))
            except (Temporary, Permanent) as error:
                problems.append(f"{address}: {error.reason}")
        if not found:
            raise NotLinked(f"{NO_FEED} The page there names none that can be read, either.", "address")
        several = without_other_formats(found)
        return Linkables([_linkable(feed, address, access) for address, feed in several], problems)

    def _feed(self, document: Document) -> Feed:
        feed = feed_in(document)
        if feed is None:
            raise UnexpectedAnswer("What is at the feed's address now is no feed.")
        return feed


def _address(access: Access) -> str:
    return line(access.config.get("address"), 1_000)


def _linkable(feed: Feed, address: str, access: Access) -> Linkable:
    count = len(feed.elements)
    listing = Listing(
        kind=FeedChannel.kind,
        remote_id=identifier(address) or address[:200],
        label=feed.title or urlsplit(address).hostname or address,
        url=feed.home or address,
        config={**access.config, "address": address},
        amount="1 article" if count == 1 else f"{count} articles",
    )
    return Linkable(listing)


def _reached(state: Poll, ids: list[str], times: list[Any]) -> bool:
    """Say whether this document reaches back to what was seen before; the first time, two days."""
    if state.ids:
        return any(one in state.ids for one in ids)
    return not times or min(times) < datetime.now(UTC) - _LOOKS_BACK


def _onward(state: Poll, document: Document, feed: Feed, ids: list[str], reached: bool) -> Poll:
    if not state.url:
        state = replace(
            state, new_etag=document.etag, new_modified=document.modified, new_ids=tuple(reversed(ids[-_KEPT_IDS:]))
        )
    pages = state.pages + 1
    if feed.next and feed.next != state.url and not reached and pages < _MOST_PAGES:
        return replace(state, url=feed.next, pages=pages, again=False)
    return Poll(state.new_etag, state.new_modified, state.new_ids)
