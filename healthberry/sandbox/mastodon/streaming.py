"""The stream of an account's notifications: server-sent events, nothing is sent again after a break."""

import json
import time
from collections.abc import Iterator

from flask import Blueprint, Response, request, stream_with_context
from flask.typing import ResponseReturnValue

from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import shapes
from .auth import caller, refused

blueprint = Blueprint("mastodon_streaming", __name__, url_prefix="/mastodon/<host>")
guard(blueprint, "mastodon")

_LOOK_SECONDS, _THUMP_SECONDS = 0.2, 10.0


@blueprint.get("/api/v1/streaming/user")
@blueprint.get("/api/v1/streaming/user/notification")
def stream(host: str) -> ResponseReturnValue:
    """Answer GET /api/v1/streaming/user/notification, at the host that the instance names."""
    who = caller(host.removeprefix("streaming."))
    if who is None or not who.place:
        return refused(401, "Invalid access token")
    token = request.headers["Authorization"].partition(" ")[2]
    return Response(stream_with_context(_events(who.place, token)), mimetype="text/event-stream")


def _events(place: str, token: str) -> Iterator[str]:
    last, spoke = _newest(place), time.monotonic()
    yield ":)\n\n"
    while here().store.value("SELECT 1 FROM mastodon_tokens WHERE token = ?", token):
        time.sleep(_LOOK_SECONDS)
        sql = "SELECT * FROM simple_items WHERE channel = 'mastodon' AND place = ? AND serial > ? ORDER BY serial"
        for item in here().store.rows(sql, place, last):
            last = item["serial"]
            yield _event(item)
        if time.monotonic() - spoke > _THUMP_SECONDS:
            spoke = time.monotonic()
            yield ":thump\n\n"


def _newest(place: str) -> int:
    sql = "SELECT MAX(serial) AS top FROM simple_items WHERE channel = 'mastodon' AND place = ?"
    return int(here().store.value(sql, place) or 0)


def _event(item: Row) -> str:
    return f"event: notification\ndata: {json.dumps(shapes.notification(item))}\n\n"
