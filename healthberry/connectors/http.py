"""The one way to providers over HTTP: time limits, size limits, errors as ours, logs without secrets."""

import logging
import os
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from healthberry import logs, meter
from healthberry.connectors.certificates import certificates
from healthberry.connectors.errors import ConnectorError, Temporary, TooMuch, Unavailable
from healthberry.connectors.http_answers import Answer, Refusals, retry_after, usual_refusal
from healthberry.connectors.pace import Pace

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
USER_AGENT: Final = "HealthBerry/1 (feedback inbox)"


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
            kind, reason = usual_refusal(answer.status, self._place)
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
        meter.count("provider_calls", self._place, _outcome(outcome))
        logs.event(
            _log,
            "connector.called",
            method=method,
            host=urlsplit(self._base_url).netloc.rpartition("@")[2],
            path=template,
            status=outcome,
            milliseconds=round((time.monotonic() - started) * 1000),
        )


def _outcome(outcome: str | int) -> str:
    if isinstance(outcome, str):
        return "no answer"
    return "answered" if outcome < 400 else f"{outcome // 100}xx"


def _lines(response: httpx.Response, place: str) -> Iterator[str]:
    """Part a stream into lines. Raises: TooMuch where one has no end."""
    waiting = b""
    for chunk in response.iter_bytes():
        *whole, waiting = (waiting + chunk).split(b"\n")
        if len(waiting) > LARGEST_LINE_BYTES:
            raise TooMuch(f"{place} sent a line that is larger than we take.")
        yield from (one.strip().decode("utf-8", "replace") for one in whole)
