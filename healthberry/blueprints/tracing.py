"""Every request has an id that its log lines, its answer and the proxy's log share; and it is counted."""

import re
import time
from contextlib import ExitStack
from uuid import uuid4

from flask import Flask, Response, g, request

from healthberry import logs, meter, observing
from healthberry.blueprints import devices
from healthberry.core import origin
from healthberry.extensions import part

HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LIVE = {"stream.follow"}
_METHODS = {"GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "PATCH"}


def install(app: Flask) -> None:
    """Name each request before anything else of it happens, and count it after."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    g.request_id = given if _GIVEN.fullmatch(given) else uuid4().hex
    g.began = time.perf_counter()
    # Nothing of the request before, which the same thread may have answered.
    logs.forget()
    logs.know(request_id=g.request_id)
    origin.come_from(request.remote_addr, g.request_id, devices.in_words)
    g.spans = ExitStack()
    g.span = g.spans.enter_context(observing.span("request", route=request.endpoint or "none"))


def _end(response: Response) -> Response:
    response.headers.setdefault(HEADER, g.get("request_id", ""))
    route = request.endpoint or "none"
    meter.count(
        "http_requests", route, request.method if request.method in _METHODS else "other", str(response.status_code)
    )
    if route not in _LIVE and "began" in g:
        meter.observe("http_request_seconds", time.perf_counter() - g.began, route)
    meter.flush(part("valkey"))
    if g.get("span") is not None:
        g.span.set_attribute("status", response.status_code)
        g.span.set_attribute("request_id", g.request_id)
    return response


def _leave(error: BaseException | None = None) -> None:
    if "spans" in g:
        g.pop("spans").close()
    logs.forget()
    origin.forget()
