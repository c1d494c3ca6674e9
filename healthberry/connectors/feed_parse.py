"""What a document holds: a feed of any of the three families, or a web page that names its feeds.

Source: RSS 2.0; Atom, RFC 4287 (an entry's id is permanent and compared character by character); paging, RFC 5005
(`rel=next`); JSON Feed 1.1. XML is read by feedparser, which needs no network and no document type.
"""

import calendar
import io
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin

import feedparser  # type: ignore[import-untyped]

from healthberry.connectors.errors import Unavailable, UnexpectedAnswer
from healthberry.connectors.feed_fetch import Document
from healthberry.connectors.html_text import words_of
from healthberry.connectors.reading import address, mapping, moment, sequence
from healthberry.connectors.text import clean, line

NO_FEED: Final = "There is no feed at this address."
MOST_NAMED: Final = 5
_TYPES: Final = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/json")
_ENDS: Final = re.compile(rb"</(?:[\w.-]+:)?(?:rss|feed|RDF)\s*>", re.IGNORECASE)
_PAGE: Final = re.compile(rb"^\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_LINK: Final = re.compile(r"<link\b[^>]{0,2000}>", re.IGNORECASE)
_TAIL: Final = 8_192


@dataclass(frozen=True)
class Entry:
    """One entry as its feed has it: texts are plain, `posted_at` and `updated_at` None where it gives none."""

    key: str
    title: str
    text: str
    author: str
    url: str | None
    posted_at: datetime | None
    updated_at: datetime | None
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Feed:
    """A feed: `entries` read an element only when asked for it; `next` is where older ones are.

    `broken` says that it is not well-formed, `garbled` that its bytes are not in the encoding that it names.
    """

    title: str
    home: str | None
    elements: list[Any]
    read: Callable[[Any], Entry]
    next: str = ""
    broken: bool = False
    garbled: bool = False


def feed_in(document: Document) -> Feed | None:
    """Return the feed that a document is, None for a web page or anything else.

    Raises: Unavailable where it is cut off; UnexpectedAnswer where it declares entities, which no feed needs.
    """
    body = document.body.replace(b"\x00", b"")
    start = body[:_TAIL].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"{"):
        return _json_feed(document)
    if b"<!ENTITY" in body.upper():
        raise UnexpectedAnswer("The feed declares entities of its own, which we do not read.")
    if _PAGE.match(start):
        return None
    parsed = feedparser.parse(
        io.BytesIO(document.body),
        # Not where it came from: ids, too, would be resolved against it, and be others after a redirect.
        response_headers={"content-type": document.content_type or "text/xml"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not _own(parsed, "version"):
        return None
    if not _ENDS.search(body[-_TAIL:]):
        raise Unavailable("The feed was cut off on its way.")
    return _xml_feed(parsed, document)


def named_in(document: Document) -> list[str]:
    """Return the addresses of the feeds that a web page names, in its order, at most 5."""
    page = document.body[: 1024 * 1024].decode("utf-8", "replace")
    found = (_absolute(document, target) for target in _alternates(page))
    return list(dict.fromkeys(one for one in found if one))[:MOST_NAMED]


def _xml_feed(parsed: Any, document: Document) -> Feed:
    head = mapping(_own(parsed, "feed"))
    links = [mapping(one) for one in sequence(_own(head, "links"))]
    onward = next((one.get("href") for one in links if one.get("rel") == "next"), "")
    trouble = _own(parsed, "bozo_exception")
    return Feed(
        title=line(words_of(str(_own(head, "title") or "")), 120),
        home=_absolute(document, _own(head, "link")),
        elements=list(_own(parsed, "entries") or []),
        read=partial(_xml_entry, document),
        next=_absolute(document, onward) or "",
        broken=isinstance(trouble, Exception) and "SAX" in type(trouble).__name__,
        garbled=isinstance(trouble, feedparser.CharacterEncodingOverride),
    )


def _xml_entry(document: Document, element: Any) -> Entry:
    given: dict[str, Any] = {name: _own(element, name) for name in dict.keys(element)}
    contents = [mapping(one) for one in given.get("content") or ()]
    body = next((one for one in contents if one.get("value")), mapping(given.get("summary_detail")))
    title = mapping(given.get("title_detail"))
    posted, updated = _when(given.get("published_parsed")), _when(given.get("updated_parsed"))
    return Entry(
        key=str(given.get("id") or given.get("link") or ""),
        title=line(_plain(title or {"value": given.get("title")})),
        text=clean(_plain(body)),
        author=line(given.get("author"), 100),
        url=_absolute(document, given.get("link")),
        posted_at=posted or updated,
        updated_at=updated,
        raw={"id": given.get("id"), "link": given.get("link"), "title": given.get("title")},
    )


def _absolute(document: Document, target: Any) -> str | None:
    """Return the web address that a link of the document leads to, None where it leads to none."""
    if not isinstance(target, str) or not target.strip():
        return None
    try:
        return address(urljoin(document.url, target.strip()))
    except ValueError:
        return None


def _own(element: Any, name: str) -> Any:
    """Return what feedparser's dictionary itself holds: asked otherwise, it answers with what is like it."""
    return dict.get(element, name)


def _plain(detail: Mapping[str, Any]) -> str:
    value = detail.get("value")
    if not isinstance(value, str):
        return ""
    return value if detail.get("type") == "text/plain" else words_of(value)


def _when(value: Any) -> datetime | None:
    if not isinstance(value, time.struct_time):
        return None
    try:
        at = datetime.fromtimestamp(calendar.timegm(value), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment(at.isoformat())


def _json_feed(document: Document) -> Feed | None:
    try:
        whole = json.loads(document.body.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError) as error:
        raise Unavailable("The feed was cut off or garbled on its way.") from error
    feed = mapping(whole)
    if not str(feed.get("version", "")).startswith(("https://jsonfeed.org/version/", "http://jsonfeed.org/version/")):
        return None
    onward = feed.get("next_url")
    return Feed(
        title=line(feed.get("title"), 120),
        home=address(feed.get("home_page_url")),
        elements=list(sequence(feed.get("items"))),
        read=_json_entry,
        next=_absolute(document, onward) or "",
        garbled="\ufffd" in document.body.decode("utf-8-sig", "replace"),
    )


def _json_entry(element: Any) -> Entry:
    given = mapping(element)
    authors = [mapping(one) for one in sequence(given.get("authors"))] or [mapping(given.get("author"))]
    html, plain = given.get("content_html"), given.get("content_text")
    text = plain if isinstance(plain, str) else words_of(html) if isinstance(html, str) else given.get("summary")
    identifier = given.get("id")
    return Entry(
        key=str(identifier) if isinstance(identifier, str | int) else "",
        title=line(given.get("title")),
        text=clean(text),
        author=line(authors[0].get("name"), 100),
        url=address(given.get("url")) or address(given.get("external_url")),
        posted_at=moment(given.get("date_published")) or moment(given.get("date_modified")),
        updated_at=moment(given.get("date_modified")),
        raw=given,
    )


class _Alternate(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.target = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        kind = given.get("type", "").partition(";")[0].strip().casefold()
        if "alternate" in given.get("rel", "").casefold().split() and kind in _TYPES:
            self.target = given.get("href", "").strip()


def _alternates(page: str) -> Iterator[str]:
    for tag in _LINK.finditer(page):
        parser = _Alternate()
        parser.feed(tag[0])
        if parser.target:
            yield parser.target
