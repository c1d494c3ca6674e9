"""Reading at a Mastodon server: itself, the account, notifications, tags, and what the account wrote."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, make_response, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.gate import guard
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import shapes
from .auth import Caller, refused, signed_in

blueprint = Blueprint("mastodon", __name__, url_prefix="/mastodon/<host>")
guard(blueprint, "mastodon")

LIMIT, PER_URL = 500, 23


@blueprint.get("/api/v2/instance")
def instance(host: str) -> ResponseReturnValue:
    """Answer GET /api/v2/instance; the stream has a host of its own."""
    statuses = {"max_characters": LIMIT, "max_media_attachments": 4, "characters_reserved_per_url": PER_URL}
    urls = {"streaming": f"wss://streaming.{host}"}
    return jsonify(
        domain=host,
        title=host,
        version="4.4.0",
        configuration={"urls": urls, "statuses": statuses},
        api_versions={"mastodon": 6},
    )


@blueprint.get("/api/v1/accounts/verify_credentials")
@signed_in("read:accounts")
def verify_credentials(who: Caller) -> ResponseReturnValue:
    """Answer GET /api/v1/accounts/verify_credentials."""
    return jsonify(shapes.ours(who.place) | {"source": {"privacy": "public"}})


@blueprint.get("/api/v1/notifications")
@signed_in("read:notifications")
def notifications(who: Caller) -> ResponseReturnValue:
    """Answer GET /api/v1/notifications: mentions alone exist here; strangers' are filtered unless asked for."""
    types, filtered = request.args.getlist("types[]"), request.args.get("include_filtered") in ("true", "1")
    items = [row for row in _items(who.place) if _notifies(row, filtered)]
    if types and "mention" not in types:
        items = []
    items.sort(key=lambda row: -row["serial"])
    return _page(items, shapes.notification_id, shapes.notification, usual=40, most=80)


@blueprint.get("/api/v1/timelines/tag/<tag>")
@signed_in("read:statuses")
def tag_timeline(who: Caller, tag: str) -> ResponseReturnValue:
    """Answer GET /api/v1/timelines/tag/:tag: public statuses of every server."""
    sql = f"""SELECT * FROM simple_items WHERE channel = 'mastodon' AND text LIKE ? AND {kept.PUBLISHED}
              ORDER BY serial DESC"""  # noqa: S608
    rows = here().store.rows(sql, f"%#{tag}%", here().store.now())
    word = re.compile(rf"(?i)#{re.escape(tag)}\b")
    found = [row for row in rows if word.search(row["text"]) and _more(row).get("visibility", "public") == "public"]
    return _page(found, lambda row: row["id"], shapes.status_of_item, usual=20, most=40)


@blueprint.get("/api/v1/accounts/<account>/statuses")
@signed_in("read:statuses")
def account_statuses(who: Caller, account: str) -> ResponseReturnValue:
    """Answer GET /api/v1/accounts/:id/statuses, of the account itself alone."""
    if account != shapes.account_id(who.place):
        return refused(404, "Record not found")
    sql = """SELECT r.* FROM simple_replies r JOIN simple_items i ON i.channel = r.channel AND i.id = r.item_id
             WHERE r.channel = 'mastodon' AND i.place = ? AND r.state = 'published' ORDER BY r.serial DESC"""
    rows = here().store.rows(sql, who.place)
    return _page(rows, lambda row: row["id"], lambda row: shapes.status_of_reply(row, who.place), usual=20, most=40)


def _items(place: str) -> list[Row]:
    return kept.visible_items(here().store, "mastodon", place)


def _more(row: Row) -> dict[str, Any]:
    return dict(json.loads(row["more"]))


def _notifies(row: Row, filtered: bool) -> bool:
    more = _more(row)
    named = more.get("mention", True) or shapes.mentions(row)
    return bool(named) and (filtered or not more.get("filtered"))


def _page(
    rows: Sequence[Row], name: Callable[[Row], str], shape: Callable[[Row], dict[str, Any]], *, usual: int, most: int
) -> Response:
    """Cut a page out of rows, newest first, by max_id, since_id and min_id, and link its neighbours."""
    given = request.args
    size = min(max(given.get("limit", usual, int), 1), most)
    rows = [row for row in rows if _before(name(row), given.get("max_id")) and _after(name(row), given.get("since_id"))]
    if given.get("min_id"):
        rows = [row for row in rows if _after(name(row), given["min_id"])][-size:]
    rows = rows[:size]
    answer = make_response(jsonify([shape(row) for row in rows]))
    if rows:
        answer.headers["Link"] = (
            f"{_neighbour('next', 'max_id', name(rows[-1]))}, {_neighbour('prev', 'min_id', name(rows[0]))}"
        )
    return answer


def _before(ident: str, bound: str | None) -> bool:
    return not bound or not bound.isdigit() or int(ident) < int(bound)


def _after(ident: str, bound: str | None) -> bool:
    return not bound or not bound.isdigit() or int(ident) > int(bound)


def _neighbour(relation: str, name: str, ident: str) -> str:
    rest = [
        (key, value) for key, value in request.args.items(multi=True) if key not in ("max_id", "min_id", "since_id")
    ]
    return f'<{request.base_url}?{urlencode([*rest, (name, ident)])}>; rel="{relation}"'
