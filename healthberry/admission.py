"""More requests at once than a process can answer soon are refused at the door, with 503 and when to come back.

A queue that grows makes everybody wait, then everybody give up: work is done for nobody. What is let in is answered.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from healthberry import meter
from healthberry.fixed_headers import fixed
from healthberry.in_turn import InTurn

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What is open for long by its nature, or must answer while all else is refused.
_FREE: Final = ("/stream", "/health", "/metrics")
_BENEATH: Final = tuple(f"{one}/" for one in _FREE)
_RETRY_SECONDS: Final = "3"
_PAGES_AT_ONCE: Final = 2
_PATIENCE_SECONDS: Final = 1.5
_PAGE: Final = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><title>Busy · HealthBerry</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>HealthBerry is very busy</h1>
<p>Nothing is lost. Wait a few seconds, then reload this page. If you had sent something, send it again: it was not
taken.</p></main></body></html>
"""
_NOTICE: Final = """<div class="notice notice--trouble" id="notice-text">\
<p>HealthBerry is very busy. Nothing was changed. Try again in a few seconds.</p></div>
"""


class Admission:
    """A door before an application that lets in at most `most` requests at once, in this process."""

    def __init__(self, inner: "WSGIApplication", most: int, *, secure: bool = False) -> None:
        self._inner, self._most, self._secure = inner, most, secure
        self._inside = 0
        self._lock = threading.Lock()
        self._pages = InTurn(_PAGES_AT_ONCE, _PATIENCE_SECONDS)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer, or refuse in a few microseconds."""
        path = str(environ.get("PATH_INFO", ""))
        if path in _FREE or path.startswith(_BENEATH):
            return self._inner(environ, start_response)
        if not self._enter():
            return _refuse(environ, start_response, secure=self._secure)
        try:
            return _Leaving(self._work(environ, start_response), self._leave)
        except BaseException:
            self._leave()
            raise

    def _work(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Draw pages in turn. What is sent to us is not held up by them, nor they by those who send slowly."""
        if environ["REQUEST_METHOD"] != "GET":
            return self._inner(environ, start_response)
        with self._pages.turn():
            return self._inner(environ, start_response)

    def _enter(self) -> bool:
        with self._lock:
            if self._inside >= self._most:
                return False
            self._inside += 1
            return True

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1


class _Leaving:
    """The pieces of an answer; whoever has sent the last one, or goes away before, leaves once."""

    def __init__(self, pieces: Iterable[bytes], leave: Callable[[], None]) -> None:
        self._pieces, self._leave = pieces, leave
        self._left = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        self._go()

    def close(self) -> None:
        try:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()
        finally:
            self._go()

    def __del__(self) -> None:
        self._go()  # a server that forgot to close it must not take the place for ever

    def _go(self) -> None:
        if not self._left:
            self._left = True
            self._leave()


def _refuse(environ: "WSGIEnvironment", start_response: "StartResponse", *, secure: bool) -> Iterable[bytes]:
    meter.count("refused")
    headers = [
        ("Retry-After", _RETRY_SECONDS),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        ("Content-Type", "text/html; charset=utf-8"),
        *fixed(secure=secure).items(),
    ]
    body = _PAGE
    if environ.get("HTTP_HX_REQUEST") == "true":
        headers += [("HX-Retarget", "#notice"), ("HX-Reswap", "innerHTML")]
        body = _NOTICE
    start_response("503 Service Unavailable", headers)
    return [body.encode()]
