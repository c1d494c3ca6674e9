"""The live stream of a page, and who else is on it."""

from uuid import UUID

from flask import Blueprint, Response, current_app, request
from flask_login import current_user

from healthberry.blueprints.guard import member
from healthberry.core import conversations, scope
from healthberry.core.errors import CoreError, NotFound
from healthberry.realtime import presence, topics
from healthberry.realtime.hub import hub_of
from healthberry.realtime.stream import Stream

blueprint = Blueprint("stream", __name__)

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx and what imitates it would keep messages back
}


@blueprint.get("/stream")
def follow() -> Response:
    """Send a page what changes, from `Last-Event-ID` or else `after`; see realtime/topics.py for `view`."""
    hub = hub_of(current_app._get_current_object())  # type: ignore[attr-defined]  # noqa: SLF001
    with hub.door:
        if not current_user.is_authenticated:
            return _refuse(403)
        try:
            organisation_id = member().organisation_id
            stream = Stream(member().id, member().session_key, topics.asked_for(member(), request.args))
            scope.leave()  # a connection held here while the next one is waited for could starve all
            room = hub.join(organisation_id, stream, _after())
        except NotFound:
            return _refuse(404)
        except CoreError:
            return _refuse(403)
    response = Response(stream.messages(), mimetype="text/event-stream", headers=_HEADERS)
    response.call_on_close(lambda: room.part(stream))
    return response


@blueprint.post("/conversations/<uuid:conversation_id>/presence")
def tell_presence(conversation_id: UUID) -> tuple[str, int]:
    """Tell colleagues that the member is writing here (`writing=1`), or stopped."""
    conversations.find(member(), conversation_id)
    presence.write(member(), conversation_id, writing=request.form.get("writing") == "1")
    return "", 204


def _after() -> int | None:
    text = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _refuse(status: int) -> Response:
    """Refuse without a page: what answers here is not shown, the script tries again ever more slowly."""
    scope.leave()
    return Response(status=status, headers={"HX-Reswap": "none", "Cache-Control": "no-store"})
