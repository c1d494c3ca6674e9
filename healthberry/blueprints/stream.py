"""The live stream of a page; what it brings is made in realtime/."""

import logging

from flask import Blueprint, Response, current_app, request
from flask_login import current_user

from healthberry.blueprints.guard import declares, is_overdue, member, this_session
from healthberry.core import changes, events, scope
from healthberry.core.errors import CoreError, NotFound
from healthberry.core.permissions import require
from healthberry.realtime import topics
from healthberry.realtime.hub import hub_of
from healthberry.realtime.stream import Stream

log = logging.getLogger(__name__)

blueprint = Blueprint("stream", __name__)

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx and what imitates it would keep messages back
}


@blueprint.get("/stream")
@declares("read")
def follow() -> Response:
    """Send a page what changes, from `Last-Event-ID` or else `after`; see realtime/topics.py for `view`."""
    hub = hub_of(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
    with hub.door:
        if not current_user.is_authenticated:
            return _refuse(401)
        if is_overdue():
            return _refuse(403)
        asking = member()
        require(asking, "read")
        stream = Stream(asking.id, this_session().id, topics.asked_for(asking, request.args))
        copy = changes.copy_of(asking)
        scope.leave()  # a connection held here while the next one is waited for could starve all
        room = hub.join(copy, stream, _after())
    response = Response(stream.messages(), mimetype="text/event-stream", headers=_HEADERS)
    response.call_on_close(lambda: room.part(stream))
    return response


@blueprint.errorhandler(Exception)
def broke(error: Exception) -> Response:
    """Refuse in few bytes: nobody reads a page that answers here, and the script asks again ever more slowly."""
    if isinstance(error, CoreError):
        return _refuse(404 if isinstance(error, NotFound) else 403)
    log.error("stream_not_opened", exc_info=error)
    return _refuse(503)


def _after() -> int | None:
    text = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _refuse(status: int) -> Response:
    events.forget()
    return Response(status=status, headers={"HX-Reswap": "none", "Cache-Control": "no-store"})
