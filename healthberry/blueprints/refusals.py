"""How a refusal looks: its own plain sentence, as a page, or as a notice where htmx asked."""

import logging
from typing import cast

from flask import Flask, current_app, g, make_response, render_template, request
from flask.globals import request_ctx
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from healthberry import logs
from healthberry.core import events
from healthberry.core.codes import TooMany
from healthberry.core.errors import Conflict, CoreError, Invalid, NotAllowed, NotFound

log = logging.getLogger(__name__)

_STATUS = {NotFound: 404, NotAllowed: 403, Conflict: 409, Invalid: 422}
_PAGES = {400, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503}
_CSRF = "This page was open for too long, or was opened in another sign-in. Go back, reload it and try again."


def install(app: Flask) -> None:
    """Answer every refusal and failure of the application."""
    app.register_error_handler(CoreError, _refused)
    app.register_error_handler(TooMany, _too_many)
    app.register_error_handler(CSRFError, lambda error: answer(400, _CSRF))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database_gone)
    app.register_error_handler(PoolTimeout, _database_gone)
    app.register_error_handler(Exception, _broke)


def answer(status: int, reason: str = "") -> Response:
    """Answer with the page for `status`; `reason` replaces its own sentence. Rolls back whatever was begun."""
    g.refusing = True
    try:
        events.forget()
    except Exception:
        log.warning("request.rollback_failed", exc_info=True)
    if request_ctx.url_adapter is None:  # its "Host" is no name: no page can link to anything
        return make_response(
            "The name of this site cannot be read.\n", status, {"Content-Type": "text/plain; charset=utf-8"}
        )
    page = status if status in _PAGES else (500 if status >= 500 else 400)
    is_part = request.headers.get("HX-Request") == "true"
    template = "errors/_notice.html" if is_part else f"errors/{page}.html"
    response = make_response(render_template(template, status=page, reason=reason), status)
    if is_part:
        response.headers["HX-Retarget"] = "#notice"
        response.headers["HX-Reswap"] = "innerHTML"
    response.vary.add("HX-Request")
    return response


def on_form(refusal: Invalid | Conflict) -> tuple[dict[str, str], int]:
    """Take back what was begun; return the words for the form, by field ("" for all of it), and the status."""
    events.forget()
    if isinstance(refusal, Invalid):
        return {refusal.field: refusal.reason}, 422
    return {"": refusal.reason}, 409


def _refused(error: CoreError) -> Response:
    if isinstance(error, NotAllowed):  # who tries what they may not do is seen: whose ids these are stands in each line
        logs.event(log, "request.not_allowed", logging.WARNING, route=request.endpoint)
    return answer(_STATUS.get(type(error), 400), error.reason)


def _too_many(error: TooMany) -> Response:
    logs.event(log, "request.too_many", logging.WARNING, route=request.endpoint)
    response = answer(429, error.reason)
    response.headers["Retry-After"] = str(error.wait_seconds)
    return response


def _http(error: HTTPException) -> Response:
    if error.response is not None:
        return cast(Response, error.response)
    response = answer(error.code or 500)
    for name in ("Allow", "Retry-After"):
        for key, value in error.get_headers():
            if key == name:
                response.headers[name] = value
    return response


def _database_gone(error: Exception) -> Response:
    logs.event(log, "database.unavailable", logging.ERROR, error=type(error).__name__)
    g.asks_for_nobody = True  # its page must not ask the database who is signed in (guard.load)
    response = answer(503)
    response.headers["Retry-After"] = "10"
    return response


def _broke(error: Exception) -> Response:
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    log.error("request.failed", exc_info=error)
    return answer(500)
