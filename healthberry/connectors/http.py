"""The one way to providers over HTTP: time limits, size limits, errors as ours, logs without secrets.

What a call becomes, before a connector's own table of statuses is asked:

    no connection, timeout, broken or cut-off body    Unavailable   (may have been carried out all the same)
    408, 425, every 5xx                               Unavailable   (with Retry-After)
    429                                               RateLimited   (Retry-After, else x-rate-limit-reset)
    3xx                                               UnexpectedAnswer, redirects are never followed
    other 4xx                                         UnexpectedAnswer
"""

import json
import logging
import os
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from healthberry import logs
from healthberry.connectors.certificates import certificates
from healthberry.connectors.errors import (
    ConnectorError,
    Permanent,
    RateLimited,
    Temporary,
    TooMuch,
    Unavailable,
    UnexpectedAnswer,
)

Refusals = Mapping[int, tuple[type[Temporary] | type[Permanent], str]]
Params = Sequence[tuple[str, str]]

# httpx prints whole addresses at INFO, and queries may carry tokens.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_log = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 20.0
WHOLE_SECONDS: Final = 90.0  # a body that trickles in slowly is given up after this
LARGEST_BYTES: Final = 64 * 1024 * 1024
LARGEST_LINE_BYTES: Final = 1024 * 1024
LONGEST_WAIT: Final = 24 * 3600.0
USER_AGENT: Final = "HealthBerry/1 (feedback inbox)"


@dataclass(frozen=True)
class Answer:
    """What a provider said; header names ignore case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_html(self) -> bool:
        """Say whether this is a page for people where data was asked for."""
        declared = self.headers.get("content-type", "").lower()
        return "html" in declared or self.body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))

    def json(self) -> Any:
        """Return the decoded body; malformed UTF-8 becomes U+FFFD, control characters in strings pass.

        Raises: Unavailable when the body is cut off or garbled, so that the same page is asked for again.
        """
        try:
            return json.loads(self.body.decode("utf-8-sig", "replace"), strict=False, parse_int=_integer)
        except (ValueError, RecursionError) as error:
            raise Unavailable("The answer was cut off or garbled.") from error


class Pace:
    """Keep calls of this process at most `per_second`: `wait` returns when the next one may start."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1 / per_second
        self._clock, self._sleep = clock, sleep
        self._lock = Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Sleep until it is this caller's turn."""
        with self._lock:
            turn = max(self._next, self._clock())
            self._next = turn + self._gap
        if (pause := turn - self._clock()) > 0:
            self._sleep(pause)


class Http:
    """Calls to one provider below `base_url`; one connection pool per process, opened at the first call.

    `refusals` is the connector's table of statuses; `place` names the provider in sentences. `transport` replaces the
    network in tests.
    """

    def __init__(
        self,
        base_url: str,
        place: str,
        refusals: Refusals,
        *,
        transport: httpx.BaseTransport | None = None,
        read_seconds: float | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._place = place
        self._refusals = refusals
        self._transport = transport
        wait = READ_SECONDS if read_seconds is None else read_seconds
        self._timeout = httpx.Timeout(wait, connect=min(CONNECT_SECONDS, wait))
        self._pace = pace
        self._client: httpx.Client | None = None
        self._process = 0

    def get(self, template: str, *, headers: Mapping[str, str], params: Params = (), **path: str) -> Answer:
        """Read `template` ("/2/users/{id}") with `path` filled in. Raises: as the table says."""
        return self.call("GET", template, headers=headers, params=params, **path)

    def post(self, template: str, *, headers: Mapping[str, str], json: Any = None, form: Any = None) -> Answer:
        """Send JSON or a form. Raises: as the table says; Unavailable means that nobody knows."""
        return self.call("POST", template, headers=headers, json=json, form=form)

    def call(
        self,
        method: str,
        template: str,
        *,
        headers: Mapping[str, str],
        params: Params = (),
        json: Any = None,
        form: Any = None,
        **path: str,
    ) -> Answer:
        """Make one call and return a 2xx answer; anything else is raised as `refusal` says."""
        answer = self.ask(method, template, headers=headers, params=params, json=json, form=form, **path)
        if not 200 <= answer.status < 300:
            raise self.refusal(answer)
        return answer

    def ask(
        self,
        method: str,
        template: str,
        *,
        headers: Mapping[str, str],
        params: Params = (),
        json: Any = None,
        form: Any = None,
        **path: str,
    ) -> Answer:
        """Make one call and return the answer whatever its status. Raises: Unavailable, TooMuch."""
        if self._pace:
            self._pace.wait()
        started = time.monotonic()
        outcome: str | int = "failed"
        url = self._base_url + template.format(**{name: quote(value, safe="") for name, value in path.items()})
        try:
            request = self._open().build_request(
                method, url, params=list(params) or None, headers=dict(headers), json=json, data=form
            )
            answer = self._read(request)
            outcome = answer.status
            return answer
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            outcome = type(error).__name__
            raise Unavailable(f"{self._place} did not answer.") from error
        finally:
            self._record(method, template, outcome, started)

    def lines(
        self, template: str, *, headers: Mapping[str, str], params: Params = (), silence_seconds: float
    ) -> Iterator[str | None]:
        """Follow a stream: None once it is open, then each line that is not empty.

        Raises: as the table says; Unavailable when nothing came for so long, not even an empty line.
        """
        started = time.monotonic()
        outcome: str | int = "failed"
        timeout = httpx.Timeout(silence_seconds, connect=min(CONNECT_SECONDS, silence_seconds))
        try:
            with self._open().stream(
                "GET", self._base_url + template, headers=dict(headers), params=list(params) or None, timeout=timeout
            ) as response:
                outcome = response.status_code
                if not response.is_success:
                    raise self.refusal(Answer(outcome, response.headers, b""))
                yield None
                yield from filter(None, _lines(response, self._place))
        except (httpx.HTTPError, httpx.StreamError) as error:
            outcome = type(error).__name__
            raise Unavailable(f"{self._place} closed the stream.") from error
        finally:
            self._record("GET", template, outcome, started)

    def refusal(self, answer: Answer) -> ConnectorError:
        """Return the error that a status outside 2xx means for this provider."""
        kind, reason = self._refusals.get(answer.status, (None, ""))
        if kind is None:
            kind, reason = _usual(answer.status, self._place)
        error = kind(reason)
        if isinstance(error, Temporary):
            error.retry_after = retry_after(answer.headers)
        return error

    def _read(self, request: httpx.Request) -> Answer:
        deadline = time.monotonic() + WHOLE_SECONDS
        response = self._open().send(request, stream=True, follow_redirects=False)
        try:
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LARGEST_BYTES:
                    raise TooMuch(f"{self._place} sent more than we take in one answer.")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("too slow as a whole", request=request)
            return Answer(response.status_code, response.headers, bytes(body))
        finally:
            response.close()

    def _open(self) -> httpx.Client:
        # A forked worker must not share its parent's sockets.
        if self._client is None or self._process != os.getpid():
            if self._client is not None:
                self._client.close()
            loopback = urlsplit(self._base_url).hostname in {"127.0.0.1", "localhost", "::1"}
            self._client = httpx.Client(
                transport=self._transport,
                verify=certificates(trust_env=not loopback),
                timeout=self._timeout,
                limits=httpx.Limits(max_connections=20, max_keepalive_connections=5),
                headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
                trust_env=not loopback,
            )
            self._process = os.getpid()
            weakref.finalize(self, self._client.close)
        return self._client

    def _record(self, method: str, template: str, outcome: str | int, started: float) -> None:
        logs.event(
            _log,
            "connector.called",
            method=method,
            host=urlsplit(self._base_url).netloc.rpartition("@")[2],
            path=template,
            status=outcome,
            milliseconds=round((time.monotonic() - started) * 1000),
        )


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds to wait that the headers ask for (at most a day), or None where they ask for nothing."""
    now = now or datetime.now(UTC)
    asked = headers.get("retry-after", "").strip()
    reset = headers.get("x-rate-limit-reset", "").strip()
    seconds = _number(asked)
    if asked and seconds is None:
        seconds = _until(asked, now)
    if seconds is None and (at := _number(reset)) is not None:
        seconds = at - now.timestamp()
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_WAIT)


def _lines(response: httpx.Response, place: str) -> Iterator[str]:
    """Part a stream into lines. Raises: TooMuch where one has no end."""
    waiting = b""
    for chunk in response.iter_bytes():
        *whole, waiting = (waiting + chunk).split(b"\n")
        if len(waiting) > LARGEST_LINE_BYTES:
            raise TooMuch(f"{place} sent a line that is larger than we take.")
        yield from (one.strip().decode("utf-8", "replace") for one in whole)


def _usual(status: int, place: str) -> tuple[type[Temporary] | type[Permanent], str]:
    if status == 429:
        return RateLimited, f"{place} asks us to slow down."
    if status >= 500 or status in (408, 425):
        return Unavailable, f"{place} is not available just now."
    return UnexpectedAnswer, f"{place} gave an answer that we do not understand (status {status})."


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e12 else None  # also drops "nan" and "inf"


def _until(text: str, now: datetime) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


def _integer(digits: str) -> int | str:
    # Python refuses to convert thousands of digits; such a "number" is no reason to lose the page.
    return int(digits) if len(digits) < 400 else digits
