"""Fetching a page whose address somebody else chose, without being led astray.

Only a registered domain and hosts below it, http and https on their standard ports, and only addresses that
public_addresses.py has checked; the same again after each redirect. At most 2 redirects, 1 MB, and 5 seconds for all
attempts together.
"""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx

from healthberry.connectors.http import USER_AGENT
from healthberry.connectors.public_addresses import MOST_ADDRESSES, NoAddress, Resolve, public_addresses, system_resolve

WHOLE_SECONDS: Final = 5.0
MOST_REDIRECTS: Final = 2
LARGEST_BYTES: Final = 1024 * 1024
_CONNECT_SECONDS: Final = 1.5
_PASSING: Final = (408, 425, 429)  # as every 5xx
_TOO_LATE: Final = "it did not answer in time"
_NOT_WANTED: Final = {"html": "its home page is not a web page", "plain": "what is there is not plain text"}

Result = TypeVar("Result")


class FetchFailed(Exception):
    """The page could not be had; the message is half a sentence for people: "it does not exist".

    `passes` says that it may be had later.
    """

    def __init__(self, reason: str, *, passes: bool = False) -> None:
        super().__init__(reason)
        self.passes = passes


@dataclass(frozen=True)
class Fetched:
    """A page, or a text: `host` is where it came from in the end; at most 1 MB of it."""

    host: str
    html: str


@dataclass(frozen=True)
class _Asked:
    """What is asked for, and until when (by the monotonic clock)."""

    domain: str
    wanted: str
    https_only: bool
    deadline: float


class SafeFetch:
    """Fetches pages below a registered domain; `mapped` is a base that stands for all hosts (the sandbox).

    With `mapped`, `https://host/path` is fetched as `<mapped>/host/path`; all other rules stay, but addresses are not
    resolved.
    """

    def __init__(
        self,
        mapped: str | None,
        *,
        transport: httpx.BaseTransport | None = None,
        resolve: Resolve = system_resolve,
        whole_seconds: float = WHOLE_SECONDS,
    ) -> None:
        self._mapped = mapped.rstrip("/") if mapped else None
        self._transport = transport
        self._resolve = resolve
        self._whole_seconds = whole_seconds

    def first_of(self, urls: Sequence[str], domain: str, *, wanted: str = "html", https_only: bool = False) -> Fetched:
        """Return the first of the pages that answers with HTML, or with what is `wanted` ("plain" for plain text).

        `https_only` also refuses redirects that lead out of it, where somebody on the way could write the answer.
        Raises: FetchFailed with the most frequent reason; it passes where any of them does.

        Takes at most 5 seconds in all, also where a server sends one byte at a time or a name server is silent.
        """
        deadline = time.monotonic() + self._whole_seconds
        client = httpx.Client(transport=self._transport, trust_env=False, headers={"User-Agent": USER_AGENT})
        try:
            asked = _Asked(domain, wanted, https_only, deadline)
            return within(self._whole_seconds, lambda: self._first(client, urls, asked))
        finally:
            client.close()  # also ends a read that is still under way in the other thread

    def _first(self, client: httpx.Client, urls: Sequence[str], asked: "_Asked") -> Fetched:
        failures: list[FetchFailed] = []
        for url in urls:
            if time.monotonic() > asked.deadline:
                failures.append(FetchFailed(_TOO_LATE, passes=True))
                break
            try:
                return self._follow(client, url, asked)
            except FetchFailed as failure:
                failures.append(failure)
            except httpx.TimeoutException:
                failures.append(FetchFailed("it did not answer in time", passes=True))
            except httpx.TransportError:
                failures.append(FetchFailed("no connection could be made", passes=True))
            except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ValueError):
                failures.append(FetchFailed("no connection could be made"))
        raise _likeliest(failures)

    def _follow(self, client: httpx.Client, url: str, asked: "_Asked") -> Fetched:
        for _ in range(MOST_REDIRECTS + 1):
            host = check_url(url, asked.domain)
            if asked.https_only and urlsplit(url).scheme != "https":
                raise FetchFailed("it redirects to an address that is not https")
            response = self._get(client, url, host, asked.deadline)
            try:
                if not response.is_redirect:
                    return Fetched(host, _text(response, asked))
                url = self._unmapped(url, response.headers.get("location", ""))
            finally:
                response.close()
        raise FetchFailed("it redirects more than twice")

    def _get(
        self, client: httpx.Client, url: str, host: str, deadline: float, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if self._mapped:
            return _send(client, f"{self._mapped}/{host}{path}", deadline, headers=headers)
        addresses = self._checked_addresses(host, 443 if parts.scheme == "https" else 80)
        for address in addresses[:MOST_ADDRESSES]:
            literal = f"[{address}]" if ":" in address else address
            try:
                return _send(client, f"{parts.scheme}://{literal}{path}", deadline, host, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed: httpx.HTTPError = error
        raise failed

    def _checked_addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            return public_addresses(host, port, self._resolve)
        except NoAddress as none:
            raise FetchFailed(str(none), passes=none.passes) from none

    def _unmapped(self, url: str, location: str) -> str:
        if self._mapped and location.startswith(self._mapped + "/"):
            return "https://" + location.removeprefix(self._mapped + "/")
        mapped_path = urlsplit(self._mapped).path if self._mapped else ""
        if mapped_path and location.startswith(mapped_path + "/"):
            return "https://" + location.removeprefix(mapped_path + "/")
        return urljoin(url, location)


def _likeliest(failures: Sequence[FetchFailed]) -> FetchFailed:
    reasons = Counter(map(str, failures))
    reason = reasons.most_common(1)[0][0] if reasons else "it has no address"
    return FetchFailed(reason, passes=any(failure.passes for failure in failures))


def check_url(url: str, domain: str) -> str:
    """Return the host of an address that may be fetched for `domain`, "" being any. Raises: FetchFailed."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise FetchFailed("it redirects to something that is no address") from None
    if parts.scheme not in ("http", "https") or port not in (None, 443 if parts.scheme == "https" else 80):
        raise FetchFailed("it redirects to an address that we do not follow")
    if parts.username is not None or parts.password is not None:
        raise FetchFailed("it redirects to an address that we do not follow")
    if not host or (domain and host != domain and not host.endswith("." + domain)):
        raise FetchFailed("it redirects to a different domain")
    return host


def _send(
    client: httpx.Client, url: str, deadline: float, host: str = "", headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """Ask for `url`; with `host` the connection goes to an address, while name and certificate are the host's."""
    left = max(deadline - time.monotonic(), 0.1)
    request = client.build_request(
        "GET",
        url,
        headers={**(headers or {}), **({"Host": host} if host else {})},
        timeout=httpx.Timeout(left, connect=min(left, _CONNECT_SECONDS)),
        extensions={"sni_hostname": host} if host else None,
    )
    return client.send(request, stream=True, follow_redirects=False)


def _text(response: httpx.Response, asked: "_Asked") -> str:
    if response.status_code != 200:
        passes = response.status_code >= 500 or response.status_code in _PASSING
        raise FetchFailed(f"it answers with an error (status {response.status_code})", passes=passes)
    declared = response.headers.get("content-type", "text/html").lower()
    if asked.wanted not in declared:
        raise FetchFailed(_NOT_WANTED[asked.wanted])
    body = bytearray()
    for chunk in _until(response.iter_bytes(16_384), asked.deadline):
        body += chunk
        if len(body) >= LARGEST_BYTES:
            break
    # Handles and addresses are ASCII: whatever the page's encoding says, they survive this.
    return bytes(body[:LARGEST_BYTES]).decode("utf-8", "replace")


def _until(chunks: Iterator[bytes], deadline: float) -> Iterator[bytes]:
    for chunk in chunks:
        if time.monotonic() > deadline:
            raise FetchFailed(_TOO_LATE, passes=True)
        yield chunk


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """Return what `work` returns, or give up after `seconds`: time limits of sockets and resolvers do not add up."""
    done: queue.SimpleQueue[tuple[Result | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:
            done.put((None, error))

    threading.Thread(target=run, daemon=True, name="safe-fetch").start()
    try:
        result, error = done.get(timeout=seconds + 0.2)
    except queue.Empty:
        raise FetchFailed(_TOO_LATE, passes=True) from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]
