"""Calls to Mastodon servers, whose addresses people type: only public ones, politely, their refusals as ours.

| status | says | ours |
|---|---|---|
| 400, with "token" in it | Invalid Bearer token (another implementation) | NotAuthorised |
| 400, 422 | Validation failed: … | Rejected |
| 401 | The access token is invalid, was revoked | NotAuthorised |
| 403 | outside the authorized scopes; login disabled | NotAuthorised |
| 404, 410 | Record not found: deleted or private | Gone |
| 429 | Too many requests | RateLimited until X-RateLimit-Reset |
| 5xx, timeout | | Unavailable: a post may exist all the same |

Source: documentation of Mastodon, "rate-limits" and "methods"; other implementations differ in everything but the
status, so only that and the parsed JSON count.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from healthberry.connectors.errors import (
    ConnectorError,
    Gone,
    NotAuthorised,
    NotLinked,
    RateLimited,
    Rejected,
    Temporary,
    UnexpectedAnswer,
)
from healthberry.connectors.http import Http, Params
from healthberry.connectors.http_answers import Answer, Refusals
from healthberry.connectors.reading import identifier, mapping, moment, number
from healthberry.connectors.safe_transport import SafeTransport
from healthberry.connectors.text import line
from healthberry.connectors.websites import registered

PLACE: Final = "Mastodon"
REFUSALS: Final[Refusals] = {
    400: (Rejected, "The Mastodon server does not accept this."),
    401: (NotAuthorised, "The Mastodon server refused our access. Connect the account again."),
    403: (NotAuthorised, "The Mastodon server does not allow this account to do that. Connect the account again."),
    404: (Gone, "This is no longer on Mastodon."),
    410: (Gone, "This is no longer on Mastodon."),
    422: (Rejected, "The Mastodon server does not accept this."),
}
_SERVERS: Final = 64
_LEFT_FOR_OTHERS: Final = 10  # of a server's limit: replies and other programs of the account need some, too
_USUAL_WAIT: Final = 300.0
_NOT_A_SERVER: Final = (
    "That is no address of a Mastodon server. It looks like mastodon.social, or @you@mastodon.social."
)


class Servers:
    """The servers that channels are on, each with its own connections; `mapped` is a base for all of them, or None."""

    def __init__(
        self, mapped: str | None, *, transport: httpx.BaseTransport | None = None, read_seconds: float | None = None
    ) -> None:
        self._mapped, self._transport, self._read_seconds = mapped, transport, read_seconds
        self._known: OrderedDict[str, Http] = OrderedDict()
        self._lock = Lock()

    def base(self, host: str) -> str:
        """Return the base address of a host."""
        return f"{self._mapped}/{host}" if self._mapped else f"https://{host}"

    def network(self) -> httpx.BaseTransport | None:
        """Return what reaches servers: public addresses alone, unless a base stands for all of them."""
        return self._transport if self._transport or self._mapped else SafeTransport()

    def http(self, host: str) -> Http:
        """Return the calls to a host. Raises: UnexpectedAnswer for what cannot be one."""
        if registered(host) != host:
            raise UnexpectedAnswer("This channel names no Mastodon server.")
        with self._lock:
            if host not in self._known:
                self._known[host] = Http(
                    self.base(host), PLACE, REFUSALS, transport=self.network(), read_seconds=self._read_seconds
                )
                if len(self._known) > _SERVERS:
                    self._known.popitem(last=False)
            self._known.move_to_end(host)
            return self._known[host]


class Calls:
    """Calls to one server with one token; they end before the server's limit is used up.

    Source: documentation of Mastodon, "rate-limits": 300 calls in 5 minutes for each account.
    """

    def __init__(self, http: Http, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._wait: float | None = None

    def get(self, template: str, params: Params = (), **path: str) -> Answer:
        """Read. Raises: as the table says; RateLimited where only a few calls are left."""
        if self._wait is not None:
            raise RateLimited("Mastodon asks us to slow down.", self._wait)
        answer = self._http.ask("GET", template, headers=self._headers, params=params, json=None, form=None, **path)
        self._wait = _wait(answer)
        return accepted(self._http, answer)

    def write(
        self, method: str, template: str, json: Mapping[str, Any] | None = None, *, key: str = "", **path: str
    ) -> Answer:
        """Write, with `key` the same in every attempt. Raises: as the table says."""
        headers = {**self._headers, **({"Idempotency-Key": key} if key else {})}
        return accepted(
            self._http, self._http.ask(method, template, headers=headers, params=(), json=json, form=None, **path)
        )

    def object(self, template: str, params: Params = (), **path: str) -> Mapping[str, Any]:
        """Read one object. Raises: as the table says."""
        return an_object(self.get(template, params, **path))

    def list(self, template: str, params: Params = (), **path: str) -> tuple[Sequence[Any], Answer]:
        """Read a list; return it with the answer, whose headers say how to go on. Raises: as the table says."""
        answer = self.get(template, params, **path)
        body = answer.json()
        if not isinstance(body, list):
            raise UnexpectedAnswer("The Mastodon server gave an answer that is no list.")
        return body, answer


def server_of(text: str) -> str:
    """Return the host of what somebody typed: an address, a profile, or @you@server. Raises: NotLinked."""
    words = line(text, 300).casefold()
    if "/" not in words:
        words = words.rpartition("@")[2]
    try:
        host = urlsplit(words if "://" in words else f"https://{words}").hostname or ""
    except ValueError:
        host = ""
    found = registered(host)
    if not found:
        raise NotLinked(_NOT_A_SERVER, "server")
    return found


def accepted(http: Http, answer: Answer) -> Answer:
    """Return an answer of 2xx; anything else is raised as the table says."""
    if not 200 <= answer.status < 300:
        raise _refusal(http, answer)
    return answer


def an_object(answer: Answer) -> Mapping[str, Any]:
    """Return the object that an answer is. Raises: UnexpectedAnswer, Unavailable."""
    body = answer.json()
    if not isinstance(body, dict):
        raise UnexpectedAnswer("The Mastodon server gave an answer that is no object.")
    return body


def older_than(answer: Answer) -> str:
    """Return the `max_id` that leads to the next page; the host of the link does not matter, it is never called."""
    return _linked(answer, "next", "max_id")


def newer_than(answer: Answer) -> str:
    """Return the `min_id` that leads to what is newer than this page."""
    return _linked(answer, "prev", "min_id")


def _refusal(http: Http, answer: Answer) -> ConnectorError:
    said = _said(answer)
    if answer.status == 400 and "token" in said.casefold():
        return NotAuthorised(REFUSALS[401][1])
    error = http.refusal(answer)
    if isinstance(error, Rejected) and said and not answer.is_html:
        return Rejected(f"The Mastodon server does not accept this: {said}")
    if isinstance(error, RateLimited) and error.retry_after is None:
        error.retry_after = _until_reset(answer)
    return error


def _said(answer: Answer) -> str:
    try:
        body = mapping(answer.json())
    except Temporary:
        return line(answer.body[:300].decode("utf-8", "replace"), 300)
    return line(body.get("error_description") or body.get("error"), 300)


def _wait(answer: Answer) -> float | None:
    left = number(answer.headers.get("x-ratelimit-remaining"))
    return None if left is None or left > _LEFT_FOR_OTHERS else _until_reset(answer)


def _until_reset(answer: Answer) -> float:
    """Return the seconds until the limit is renewed; the header holds a time, other implementations seconds."""
    given = answer.headers.get("x-ratelimit-reset", "")
    try:
        at = datetime.fromisoformat(given).timestamp() if moment(given) else number(given)
    except ValueError:
        at = None
    seconds = _USUAL_WAIT if at is None else at - datetime.now(UTC).timestamp()
    return min(max(seconds, 1.0), 3600.0)


def _linked(answer: Answer, relation: str, name: str) -> str:
    links = httpx.Response(200, headers={"link": answer.headers.get("link", "")[:5_000]}).links
    try:
        return identifier(httpx.URL(links.get(relation, {}).get("url", "")).params.get(name))
    except httpx.InvalidURL:
        return ""
