"""Fetching a feed whose address somebody typed: public addresses only, 5 MB, 15 seconds, at most five redirects.

Source: RFC 9110 (conditional requests, 301, 304, 308, 410, Retry-After); generic rules for polling feeds politely.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from healthberry.connectors.errors import (
    ConnectorError,
    Gone,
    NotAuthorised,
    Permanent,
    RateLimited,
    Temporary,
    TooMuch,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.http import USER_AGENT
from healthberry.connectors.http_answers import retry_after
from healthberry.connectors.safe_fetch import FetchFailed, SafeFetch, check_url, within

# What statuses mean; every other 5xx passes, every other 4xx is not understood.
REFUSALS: Final[Mapping[int, tuple[type[Temporary] | type[Permanent], str]]] = {
    401: (NotAuthorised, "This feed asks for a password, and we read public feeds only."),
    403: (NotAuthorised, "The site does not let us read this feed."),
    404: (Unavailable, "There is nothing at the feed's address at present (status 404)."),
    410: (Gone, "The site says that this feed is gone for good (status 410). Unlink it, or give its new address."),
    429: (RateLimited, "The site asks us to come less often."),
    408: (Unavailable, "The site is not available just now."),
    425: (Unavailable, "The site is not available just now."),
}
_LARGEST: Final = 5 * 1024 * 1024
_MOST_REDIRECTS: Final = 5
_ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/html;q=0.5, "
    "*/*;q=0.1"
)


@dataclass(frozen=True)
class Document:
    """What came: `url` is where from in the end; not `fresh` where nothing has changed since (304)."""

    url: str
    content_type: str
    body: bytes = field(repr=False)
    etag: str = ""
    modified: str = ""
    fresh: bool = True


class FeedFetch(SafeFetch):
    """Fetches any public address, with conditional requests; all else as SafeFetch does."""

    def known_as(self, address: str) -> str:
        """Return the address as its site knows it; in the sandbox, people may copy the one that stands for it."""
        return self._unmapped(address, address)

    def document(self, address: str, etag: str = "", modified: str = "") -> Document:
        """Return what is at `address`, unless it is still what `etag` or `modified` name. Raises: as the table says."""
        headers = {"Accept": _ACCEPT}
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
        deadline = time.monotonic() + self._whole_seconds
        client = httpx.Client(transport=self._transport, trust_env=False, headers={"User-Agent": USER_AGENT})
        try:
            return within(self._whole_seconds, lambda: self._read(client, self.known_as(address), headers, deadline))
        except FetchFailed as failure:
            reason = f"The feed could not be read: {failure}."
            raise (Unavailable(reason) if failure.passes else UnexpectedAnswer(reason)) from failure
        except (httpx.TimeoutException, httpx.TransportError) as error:
            raise Unavailable("The feed's site did not answer.") from error
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ValueError) as error:
            raise UnexpectedAnswer("The feed's site can not be reached by this address.") from error
        finally:
            client.close()

    def _read(self, client: httpx.Client, url: str, headers: Mapping[str, str], deadline: float) -> Document:
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._get(client, url, check_url(url, ""), deadline, headers)
            try:
                if response.has_redirect_location:
                    url = self._unmapped(url, response.headers.get("location", ""))
                    continue
                return _document(response, url, deadline)
            finally:
                response.close()
        raise FetchFailed("it redirects too often")


def refusal(status: int, headers: Mapping[str, str]) -> ConnectorError:
    """Return the error that a status outside 2xx means."""
    kind, reason = REFUSALS.get(status, (None, ""))
    if kind is None and status >= 500:
        kind, reason = Unavailable, "The feed's site is not available just now."
    error = (kind or UnexpectedAnswer)(reason or f"The feed's site answers with an error (status {status}).")
    if isinstance(error, Temporary):
        error.retry_after = retry_after(headers)
    return error


def _document(response: httpx.Response, url: str, deadline: float) -> Document:
    etag, modified = (response.headers.get(name, "")[:500] for name in ("etag", "last-modified"))
    declared = response.headers.get("content-type", "")
    if response.status_code == 304:
        return Document(url, declared, b"", etag, modified, fresh=False)
    if not 200 <= response.status_code < 300:
        raise refusal(response.status_code, response.headers)
    body = bytearray()
    for chunk in response.iter_bytes(65_536):
        body += chunk
        if len(body) > _LARGEST:
            raise TooMuch("The feed is larger than 5 MB.")
        if time.monotonic() > deadline:
            raise FetchFailed("it did not answer in time", passes=True)
    return Document(url, declared, bytes(body), etag, modified)
