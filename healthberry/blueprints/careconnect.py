"""The one address of Care Connect's API: a call centre or a website reports a problem. No session: Basic proves who."""

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from healthberry.blueprints import guard, hooks
from healthberry.core import channels, events
from healthberry.extensions import csrf

blueprint = Blueprint("careconnect", __name__)

LARGEST_BYTES = 16_000_000  # three pictures of 5 MB, and the words


@blueprint.post("/api/v0.1/problem")
@csrf.exempt  # type: ignore[untyped-decorator]
@guard.own_proof
def take() -> Response:
    """Take a problem: 201 with its reference, 400 with what is wrong in which field, 401."""
    sent = hooks.received(LARGEST_BYTES)
    return hooks.respond(hooks.take_in(channels.connector_of_kind("careconnect"), sent))


@blueprint.errorhandler(HTTPException)
def refused(error: HTTPException) -> Response:
    """Answer what is too large in few bytes: no person reads it."""
    events.forget()
    return Response(
        f"{error.name}\n", error.code or 400, {"Cache-Control": "no-store"}, content_type="text/plain; charset=utf-8"
    )
