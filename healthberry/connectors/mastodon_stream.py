"""Following an account's notifications as they come: a hint that it is time to poll, never the news itself.

Source: documentation of Mastodon, "methods/streaming": server-sent events, a comment `:thump` every 15 seconds or so,
nothing is sent again after a break; the host is named by the server and may differ from its own.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx

from healthberry.connectors.certificates import certificates
from healthberry.connectors.errors import Gone, NotAuthorised, Permanent, Temporary, Unavailable, UnexpectedAnswer
from healthberry.connectors.http import CONNECT_SECONDS, USER_AGENT

PATH: Final = "/api/v1/streaming/user/notification"
_SILENCE_SECONDS: Final = 90.0
_LONGEST_SECONDS: Final = 6 * 3600.0  # then it is opened anew, in case the server has forgotten us
_LONGEST_LINE: Final = 4_096
_EVENTS: Final = (b"notification", b"update", b"status.update", b"delete", b"notifications_merged")
_REFUSED: Final[Mapping[int, Permanent]] = {
    400: NotAuthorised("The Mastodon server refused our access to its stream."),
    401: NotAuthorised("The Mastodon server refused our access to its stream."),
    403: NotAuthorised("The Mastodon server refused our access to its stream."),
    404: Gone("The Mastodon server has no stream."),
}


def host_of(configured: str, host: str) -> str:
    """Return the host of the stream: the one that the server names, else its own."""
    try:
        return urlsplit(configured).hostname or host
    except ValueError:
        return host


def turns(base: str, token: str, transport: httpx.BaseTransport | None) -> Iterator[None]:
    """Turn once when the stream is open, and at each event. Raises: NotAuthorised, Gone, Unavailable when it ends."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", "User-Agent": USER_AGENT}
    timeout = httpx.Timeout(_SILENCE_SECONDS, connect=CONNECT_SECONDS)
    client = httpx.Client(transport=transport, verify=certificates(), timeout=timeout, trust_env=False)
    try:
        with client.stream("GET", base + PATH, headers=headers, follow_redirects=False) as answer:
            _check(answer)
            yield
            yield from (None for name in _names(answer.iter_bytes()) if name in _EVENTS)
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
        raise Unavailable("The stream of the Mastodon server broke off.") from error
    finally:
        # A transport that was given belongs to whoever gave it: what is open here ends with its answer.
        if transport is None:
            client.close()
    raise Unavailable("The stream of the Mastodon server ended.")


def _check(answer: httpx.Response) -> None:
    if answer.status_code in _REFUSED:
        raise type(_REFUSED[answer.status_code])(_REFUSED[answer.status_code].reason)
    if answer.status_code != 200:
        raise _failed(answer.status_code)
    if "event-stream" not in answer.headers.get("content-type", "text/event-stream"):
        raise UnexpectedAnswer("The Mastodon server has a page where its stream should be.")


def _failed(status: int) -> Temporary | Permanent:
    if status >= 500 or status == 429:
        return Unavailable("The stream of the Mastodon server is not available just now.")
    return UnexpectedAnswer(f"The stream of the Mastodon server gave an answer that we do not understand ({status}).")


def _names(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Return the names of events; the rest of each is thrown away as it comes, however long it is."""
    ends = time.monotonic() + _LONGEST_SECONDS
    held = b""
    for chunk in chunks:
        held += chunk
        *lines, held = held.split(b"\n")
        held = held[:_LONGEST_LINE]
        for one in lines:
            if one.startswith(b"event:"):
                yield one[6:].strip()
        if time.monotonic() > ends:
            return
