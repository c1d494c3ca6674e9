"""Calling another system back: answers go, signed, to an https address that its owner chose, never into our network."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from healthberry import logs
from healthberry.connectors.errors import (
    Gone,
    NotLinked,
    Permanent,
    RateLimited,
    Rejected,
    Temporary,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.http import USER_AGENT
from healthberry.connectors.http_answers import Answer, retry_after
from healthberry.connectors.public_addresses import NoAddress
from healthberry.connectors.safe_transport import Refused, SafeTransport
from healthberry.connectors.signing import HEADER, sign

_log = logging.getLogger(__name__)

_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_WHOLE_SECONDS: Final = 30.0
_LARGEST_BYTES: Final = 64 * 1024
_HEADERS: Final = {"user-agent": USER_AGENT, "accept": "application/json"}

# Source: docs/channels/webhook.md, "Answers": it is we who say what a status means.
_REFUSALS: Final[Mapping[int, tuple[type[Temporary] | type[Permanent], str]]] = {
    400: (Rejected, "The other system did not take this answer."),
    # Not NotAuthorised: the same secret opens our own hook, and must not be forgotten because they mislaid it.
    401: (Rejected, "The other system does not know our signature: check the shared secret on both sides."),
    403: (Rejected, "The other system does not know our signature: check the shared secret on both sides."),
    404: (Gone, "The other system does not have this message any more."),
    405: (UnexpectedAnswer, "The address for answers takes none."),
    409: (Rejected, "The other system did not take this answer."),
    410: (Gone, "The other system does not have this message any more."),
    413: (Rejected, "This answer is too long for the other system."),
    422: (Rejected, "The other system did not take this answer."),
    429: (RateLimited, "The other system asks us to slow down."),
}


class Caller:
    """Calls the address for answers of a channel; each call finds its way to a public address anew."""

    def __init__(self, way: Callable[[], SafeTransport], clock: Callable[[], float]) -> None:
        self._way, self._clock = way, clock

    def check(self, url: str) -> None:
        """Check an address that somebody typed in. Raises: NotLinked."""
        way, parts = self._way(), urlsplit(url)
        if way.is_allowed(url):
            return
        if parts.scheme != "https" or parts.username is not None or parts.fragment or _port(url) not in (None, 443):
            raise NotLinked("Enter an address that begins with https:// and has no other port.", "callback")
        try:
            way.check(parts.hostname or "")
        except NoAddress as none:
            raise NotLinked(f"This address can't be used: {none}.", "callback") from none

    def post(self, url: str, secret: str, fields: Mapping[str, Any], key: str) -> Answer:
        """Send an answer, and return what was said to it. Raises: as the table says; Unavailable: nobody knows."""
        body = json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode()
        headers = {"content-type": "application/json", "idempotency-key": key}
        return self._ask("POST", url, body, body, secret, headers)

    def look(self, url: str, secret: str, key: str) -> Answer:
        """Ask whether the answer with this key was taken; what is signed is the key. Raises: as the table says."""
        joined = httpx.URL(url).copy_merge_params({"key": key})
        return self._ask("GET", str(joined), b"", key.encode(), secret, {})

    def _ask(
        self, method: str, url: str, body: bytes, signed: bytes, secret: str, headers: Mapping[str, str]
    ) -> Answer:
        signature = {HEADER: sign(secret, signed, int(self._clock()))}
        started, outcome = time.monotonic(), "failed"
        client = httpx.Client(transport=self._way(), timeout=_TIMEOUT, trust_env=False, headers=_HEADERS)
        try:
            request = client.build_request(method, url, content=body, headers={**headers, **signature})
            answer = _read(client.send(request, stream=True, follow_redirects=False))
            outcome = str(answer.status)
        except Refused as refused:
            if refused.passes:
                raise Unavailable("The other system could not be reached.") from refused
            raise Rejected(f"The address for answers can't be used: {refused}.") from refused
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            outcome = type(error).__name__
            raise Unavailable("The other system did not answer.") from error
        finally:
            client.close()
            _record(method, url, outcome, started)
        if not 200 <= answer.status < 300:
            raise _refusal(answer)
        return answer


def _read(response: httpx.Response) -> Answer:
    """Return the beginning of an answer: nothing that we need is long, and nobody may keep us reading."""
    ends = time.monotonic() + _WHOLE_SECONDS
    try:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _LARGEST_BYTES or time.monotonic() > ends:
                break
        return Answer(response.status_code, response.headers, bytes(body[:_LARGEST_BYTES]))
    finally:
        response.close()


def _record(method: str, url: str, outcome: str, started: float) -> None:
    logs.event(
        _log,
        "connector.called",
        method=method,
        host=urlsplit(url).hostname,
        status=outcome,
        milliseconds=round((time.monotonic() - started) * 1000),
    )


def _refusal(answer: Answer) -> Temporary | Permanent:
    kind, reason = _REFUSALS.get(answer.status, (None, ""))
    if kind is None and (answer.status >= 500 or answer.status in (408, 425)):
        kind, reason = Unavailable, "The other system is not available just now."
    if kind is None:
        kind, reason = UnexpectedAnswer, f"The other system gave an answer that we do not understand ({answer.status})."
    error = kind(reason)
    if isinstance(error, Temporary):
        error.retry_after = retry_after(answer.headers)
    return error


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return 0
