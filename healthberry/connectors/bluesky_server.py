"""Calls to Bluesky: XRPC at the entryway and at the account's own server (its PDS), refusals as ours.

| status | error | ours |
|---|---|---|
| 400 | ExpiredToken | Unavailable while reading (the token is being renewed); NotAuthorised for replies and renewals |
| 400, 401 | InvalidToken, AuthenticationRequired, AuthMissing, AccountTakedown, other 401 | NotAuthorised |
| 400 | RecordNotFound, NotFound; any 404 | Gone |
| 400 | other | Rejected |
| 403 | | NotAuthorised |
| 429 | RateLimitExceeded | RateLimited until Retry-After, else RateLimit-Reset |
| 5xx, timeout | | Unavailable: a record may have been written all the same |

Source: lexicons and PDS of bluesky-social/atproto, August 2026; which of them come with 401 is from memory.
"""

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
    RateLimited,
    Rejected,
    SignInOver,
    Temporary,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.http import Http, Params
from healthberry.connectors.http_answers import Answer, Refusals
from healthberry.connectors.reading import mapping
from healthberry.connectors.safe_transport import SafeTransport
from healthberry.connectors.text import line
from healthberry.connectors.websites import registered

PLACE: Final = "Bluesky"
CONNECT_AGAIN: Final = "Bluesky refused our access. Connect the account again with a new app password."
REFUSALS: Final[Refusals] = {
    400: (Rejected, "Bluesky does not accept this."),
    401: (NotAuthorised, CONNECT_AGAIN),
    403: (NotAuthorised, CONNECT_AGAIN),
    404: (Gone, "This is no longer on Bluesky."),
}
EXPIRED: Final = "ExpiredToken"
_OVER: Final = ("InvalidToken", "AuthenticationRequired")
_REFUSED: Final = ("AuthMissing", "AccountTakedown", "AccountDeactivated")  # which may pass
_MISSING: Final = ("RecordNotFound", "NotFound", "RepoNotFound")
_RENEWING_SECONDS: Final = 60.0
_SERVERS: Final = 64


class Servers:
    """The entryway, and the servers on which accounts live: public ones alone, unless they lie below the entryway."""

    def __init__(
        self, entryway: str, *, transport: httpx.BaseTransport | None = None, read_seconds: float | None = None
    ) -> None:
        self._entryway, self._transport, self._read_seconds = entryway, transport, read_seconds
        self._known: dict[str, Http] = {}
        self._lock = Lock()

    def entryway(self) -> Http:
        """Return the calls to where everybody signs in."""
        return self._at(self._entryway)

    def of(self, pds: str) -> Http:
        """Return the calls to an account's own server. Raises: UnexpectedAnswer for what cannot be one."""
        return self._at(self.checked(pds))

    def checked(self, pds: str) -> str:
        """Return the address of an account's own server. Raises: UnexpectedAnswer."""
        address = pds.rstrip("/")
        if not address or address == self._entryway or address.startswith(self._entryway + "/"):
            return address or self._entryway
        try:
            parts = urlsplit(address)
            usable = parts.scheme == "https" and parts.port in (None, 443) and not parts.path and not parts.username
            host = parts.hostname or ""
        except ValueError:
            usable, host = False, ""
        if not usable or registered(host) != host:
            raise UnexpectedAnswer("The account names no server that we can reach.")
        return f"https://{host}"

    def _at(self, base: str) -> Http:
        with self._lock:
            if base not in self._known:
                # Whoever owns an account says where it lives: such an address is not ours to trust.
                foreign = not base.startswith(self._entryway)
                network = self._transport or (SafeTransport() if foreign else None)
                if len(self._known) >= _SERVERS:
                    self._known.pop(next(iter(self._known)))
                self._known[base] = Http(base, PLACE, REFUSALS, transport=network, read_seconds=self._read_seconds)
            return self._known[base]


class Calls:
    """Calls to one server with one token; "" for what needs none.

    `at_once` says that a token that has run out is said at once, so that it is renewed at once: somebody waits for it.
    """

    def __init__(self, http: Http, token: str, *, at_once: bool = False) -> None:
        self._http, self._at_once = http, at_once
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, method: str, params: Params = ()) -> Mapping[str, Any]:
        """Query. Raises: as the table says."""
        answer = self._http.ask("GET", f"/xrpc/{method}", headers=self._headers, params=params)
        return self._object(answer)

    def post(self, method: str, json: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Call a procedure. Raises: as the table says; Unavailable means that nobody knows."""
        answer = self._http.ask("POST", f"/xrpc/{method}", headers=self._headers, json=json)
        return self._object(answer)

    def tell(self, method: str) -> None:
        """Call a procedure that answers nothing. Raises: as the table says."""
        answer = self._http.ask("POST", f"/xrpc/{method}", headers=self._headers)
        if not 200 <= answer.status < 300:
            raise self._refusal(answer)

    def _object(self, answer: Answer) -> Mapping[str, Any]:
        if not 200 <= answer.status < 300:
            raise self._refusal(answer)
        body = answer.json()
        if not isinstance(body, dict):
            raise UnexpectedAnswer("Bluesky gave an answer that is no object.")
        return body

    def _refusal(self, answer: Answer) -> ConnectorError:
        name, said = error_of(answer)
        if name == EXPIRED:
            renewing = Unavailable("The sign-in at Bluesky is being renewed.", _RENEWING_SECONDS)
            return SignInOver(CONNECT_AGAIN) if self._at_once else renewing
        if answer.status in (400, 401) and name in _OVER:
            return SignInOver(CONNECT_AGAIN)
        if answer.status in (400, 401) and name in _REFUSED:
            return NotAuthorised(CONNECT_AGAIN)
        if answer.status == 400 and name in _MISSING:
            return Gone(REFUSALS[404][1])
        error = self._http.refusal(answer)
        if isinstance(error, Rejected):
            return Refused(name, f"Bluesky does not accept this: {said or name}" if said or name else error.reason)
        if isinstance(error, RateLimited) and error.retry_after is None:
            error.retry_after = _until_reset(answer)
        return error


class Refused(Rejected):
    """A refusal with Bluesky's own name for it."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


def error_of(answer: Answer) -> tuple[str, str]:
    """Return the name and the words of an error, "" for what it does not say."""
    try:
        body = mapping(answer.json())
    except Temporary:
        return "", ""
    return line(body.get("error"), 100), line(body.get("message"), 300)


def repeated(name: str, values: Sequence[str]) -> Params:
    """Return a parameter that is given several times."""
    return [(name, value) for value in values]


def _until_reset(answer: Answer) -> float | None:
    """Return the seconds until the limit is renewed. Source: PDS, `RateLimit-Reset` in epoch seconds."""
    try:
        at = float(answer.headers.get("ratelimit-reset", ""))
    except ValueError:
        return None
    return min(max(at - datetime.now(UTC).timestamp(), 1.0), 3600.0)
