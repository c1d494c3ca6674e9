"""The second reader of NHS.UK reviews: the older syndication feed (Atom), where the API's key is missing or refused.

| status | means | ours |
|---|---|---|
| 404 | the list is empty | no entries |
| 401, 403 | key missing or wrong | NotAuthorised |
| 5xx, broken body | later | Unavailable |

Source: notes and code of a public importer of 2013 to 2015 (generation 1). Whether the feed still answers is not known.
A list holds all organisations of one type: those of other codes are left out. An entry's number is the API's
`commentRef`, which is inferred; an answer's is the same with an R. Ratings, which stand in a language of their own,
come with the API only.
"""

import calendar
import io
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import feedparser  # type: ignore[import-untyped]
import httpx

from healthberry.connectors.base import Access, Author, InboundItem, Page
from healthberry.connectors.errors import Gone, NotAuthorised, Unavailable
from healthberry.connectors.html_text import words_of
from healthberry.connectors.http import Http
from healthberry.connectors.http_answers import Refusals
from healthberry.connectors.nhsuk_items import feed_reference
from healthberry.connectors.own_keys import codes_in
from healthberry.connectors.reading import (
    Unreadable,
    address,
    as_history,
    identifier,
    mapping,
    moment,
    newest_first,
    read_each,
    withdrawn,
)
from healthberry.connectors.text import line
from healthberry.connectors.walks import pack, unpack

KEY: Final = "syndication_key"
TYPE: Final = "syndication_type"
TYPES: Final = (("", "None"), ("hospitals", "Hospitals"), ("gppractices", "GP practices"), ("clinics", "Clinics"))
REFUSALS: Final[Refusals] = {
    **dict.fromkeys((401, 403), (NotAuthorised, "NHS.UK's feed refused the key.")),
    404: (Gone, "NHS.UK's feed has no such list."),
}
_LOOKS_BACK: Final = timedelta(days=30)
_OVERLAP: Final = timedelta(days=2)
_MOST_PAGES: Final = 500
_TAGS: Final = re.compile(r'<div[^>]*class="commentTags".*?</div>', re.DOTALL)


@dataclass(frozen=True)
class Walk:
    """Where the feed is read; `since` is the API's last complete catch-up, kept for when its key works again."""

    since: str = ""
    fed_since: str = ""
    fed_began: str = ""
    fed_page: int = 0


def is_reference(remote_id: str) -> bool:
    """Say whether an id is the feed's: the API can't be asked about it."""
    return remote_id.startswith("ref:")


class SyndicationFeed:
    """Reads the lists of one type of organisations, page by page."""

    def __init__(
        self, base_url: str, *, transport: httpx.BaseTransport | None = None, read_seconds: float | None = None
    ) -> None:
        self._http = Http(base_url, "NHS.UK's feed", REFUSALS, transport=transport, read_seconds=read_seconds)

    def stands_in(self, access: Access) -> bool:
        """Say whether the channel's settings name a feed and hold a key for it."""
        return bool(access.secrets.get(KEY) and access.config.get(TYPE))

    def backfill(self, access: Access, since: datetime, cursor: str | None) -> Page:
        """Read one page of history. Raises: Temporary, Permanent."""
        state = unpack(Walk, cursor)
        page, more = self._page(access, "comments", state.fed_page + 1)
        recent = [item for item in page.items if item.posted_at >= since]
        onward = replace(state, fed_page=state.fed_page + 1)
        return Page(newest_first(as_history(recent)), pack(onward), more, page.bad)

    def poll(self, access: Access, cursor: str | None) -> Page:
        """Read one page of what changed since two days before the last catch-up, at first thirty days.

        Raises: Temporary, Permanent.
        """
        state, now = unpack(Walk, cursor), datetime.now(UTC)
        begun = state if state.fed_began else replace(state, fed_began=now.isoformat(), fed_page=0)
        last = moment(begun.fed_since)
        day = (last - _OVERLAP if last else now - _LOOKS_BACK).date()
        page, more = self._page(access, f"commentssince/{day.year}/{day.month}/{day.day}", begun.fed_page + 1)
        ended = Walk(since=begun.since, fed_since=begun.fed_began)
        onward = replace(begun, fed_page=begun.fed_page + 1) if more else ended
        return Page(newest_first(page.items), pack(onward), more, page.bad)

    def _page(self, access: Access, listed: str, number: int) -> tuple[Page, bool]:
        kind = identifier(access.config.get(TYPE))
        params = [("apikey", access.secrets.get(KEY, "")), ("page", str(number))]
        try:
            answer = self._http.get(f"/organisations/{{kind}}/{listed}.atom", headers={}, params=params, kind=kind)
        except Gone:
            return Page([], None, more=False), False
        if answer.is_html or b"</feed>" not in answer.body[-200:]:
            raise Unavailable("NHS.UK's feed was cut off, or a page for people came instead.")
        parsed = feedparser.parse(
            io.BytesIO(answer.body), sanitize_html=False, resolve_relative_uris=False, response_headers={}
        )
        codes = {code.casefold() for code in codes_in(access.config, "ods_codes")}
        entries = [entry for entry in parsed.entries if _code(entry).casefold() in codes]
        found, bad = read_each(entries, _items, lambda entry: feed_reference(_number(entry)))
        onward = next((link.get("href", "") for link in parsed.feed.get("links", ()) if link.get("rel") == "next"), "")
        # On the last page the next one may be the last one again.
        return Page(found, None, False, bad), _page_of(onward) > number and number < _MOST_PAGES


def _items(entry: Mapping[str, Any]) -> list[InboundItem]:
    number = _number(entry)
    kind = next((tag.get("term") for tag in entry.get("tags", ()) if "commentType" in str(tag.get("scheme"))), "")
    if not number:
        raise Unreadable("It is not a review with a number.")
    own, thread = feed_reference(number, answer=kind == "reply"), feed_reference(number)
    if kind == "deletion":
        return [replace(withdrawn(own, thread), provisional=True)]
    posted_at = _when(entry.get("published_parsed")) or _when(entry.get("updated_parsed"))
    if posted_at is None:
        raise Unreadable("It does not say when it was written.")
    item = InboundItem(
        remote_id=own,
        thread_id=thread,
        in_reply_to=thread if kind == "reply" else None,
        direction="outbound" if kind == "reply" else "inbound",
        author=Author(None, line(entry.get("author"), 100) or ("Organisation" if kind == "reply" else "Anonymous")),
        # Titles come escaped twice now and then.
        title=line(unescape(str(entry.get("title") or "")), 500),
        text=_words(entry),
        posted_at=posted_at,
        url=address(_alternate(entry)),
        service_code=_code(entry) or None,
        provisional=True,
    )
    return [item]


def _number(entry: Mapping[str, Any]) -> str:
    """Return the number of the review that an entry is, answers or takes back."""
    return identifier(entry.get("id")).rstrip("R")


def _words(entry: Mapping[str, Any]) -> str:
    content = next(iter(entry.get("content") or ()), None) or mapping(entry.get("summary_detail"))
    value = str(content.get("value") or "")
    return value.strip() if content.get("type") == "text/plain" else words_of(_TAGS.sub("", value))


def _alternate(entry: Mapping[str, Any]) -> str:
    return next((str(link.get("href")) for link in entry.get("links", ()) if link.get("rel") == "alternate"), "")


def _code(entry: Mapping[str, Any]) -> str:
    try:
        return identifier(next(iter(parse_qs(urlsplit(_alternate(entry)).query).get("id", ())), ""))
    except ValueError:
        return ""


def _page_of(target: str) -> int:
    found = re.search(r"[?&]page=(\d{1,6})\b", target)
    return int(found[1]) if found else 0


def _when(value: Any) -> datetime | None:
    if not isinstance(value, time.struct_time):
        return None
    try:
        return moment(datetime.fromtimestamp(calendar.timegm(value), UTC).isoformat())
    except (ValueError, OverflowError, OSError):
        return None
