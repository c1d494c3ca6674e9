"""X API v2, the filtered stream: its rules, and a line for each post that matches one."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from flask import Response, jsonify, stream_with_context
from flask.typing import ResponseReturnValue

from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row, Store

from . import params
from . import search as x_search
from . import store as x_store
from .answers import posts_json
from .api import blueprint
from .auth import call
from .shapes import PROBLEMS, problem, when

_MOST_RULES: Final = 1000
_LONGEST_RULE: Final = 1024
_KEEP_ALIVE_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.1
# The stream that is open: the number of the one that may go on. One connection per app.
_open: "WeakKeyDictionary[Store, int]" = WeakKeyDictionary()


@blueprint.get("/tweets/search/stream/rules")
@call(user=None, app=450)
def list_rules() -> ResponseReturnValue:
    """Answer GET /2/tweets/search/stream/rules."""
    data = [_rule(row) for row in here().store.rows("SELECT * FROM x_rules ORDER BY id")]
    return jsonify({"data": data, "meta": {"result_count": len(data)}} if data else {"meta": {"result_count": 0}})


@blueprint.post("/tweets/search/stream/rules")
@call(user=None, app=100)
def change_rules() -> ResponseReturnValue:
    """Answer POST /2/tweets/search/stream/rules: `add` or `delete`."""
    body, store = params.body(), here().store
    if isinstance(body.get("delete"), dict):
        ids = [int(one) for one in body["delete"].get("ids", []) if str(one).isdigit()]
        gone = sum(store.row("SELECT id FROM x_rules WHERE id = ?", one) is not None for one in ids)
        for one in ids:
            store.run("DELETE FROM x_rules WHERE id = ?", one)
        return jsonify(meta={"sent": when(store.now()), "summary": {"deleted": gone, "not_deleted": len(ids) - gone}})
    added, errors = [], []
    for asked in body.get("add") or []:
        made, error = _added(store, asked if isinstance(asked, dict) else {})
        added += [made] if made else []
        errors += [error] if error else []
    summary = {"created": len(added), "not_created": len(errors), "valid": len(added), "invalid": len(errors)}
    answer: dict[str, Any] = {"meta": {"sent": when(store.now()), "summary": summary}}
    answer |= ({"data": added} if added else {}) | ({"errors": errors} if errors else {})
    return jsonify(answer), 201


def _added(store: Store, asked: dict[str, Any]) -> tuple[dict[str, str] | None, dict[str, str] | None]:
    value = str(asked.get("value") or "")
    known = store.row("SELECT * FROM x_rules WHERE value = ?", value)
    if known:
        duplicate = {"title": "DuplicateRule", "type": f"{PROBLEMS}duplicate-rules"}
        return None, {"value": value, "id": str(known["id"]), **duplicate}
    try:
        x_search.parse(value)
        fits = 0 < len(value) <= _LONGEST_RULE
    except x_search.BadQuery:
        fits = False
    if not fits or int(store.value("SELECT COUNT(*) AS n FROM x_rules")) >= _MOST_RULES:
        return None, {"value": value, "title": "UnprocessableEntity", "type": f"{PROBLEMS}invalid-rules"}
    store.run("INSERT INTO x_rules (value, tag) VALUES (?, ?)", value, asked.get("tag"))
    return _rule(store.sure("SELECT * FROM x_rules WHERE value = ?", value)), None


@blueprint.get("/tweets/search/stream")
@call(user=None, app=50)
def stream() -> ResponseReturnValue:
    """Answer GET /2/tweets/search/stream: a line for each post from now on, an empty one every 20 seconds."""
    store = here().store
    if not store.row("SELECT id FROM x_rules"):
        more = {"connection_issue": "RuleConfigurationIssue"}
        return problem(409, "ConnectionException", "There are no rules.", "streaming-connection", **more)
    if store in _open:
        detail = "This stream is currently at the maximum allowed connection limit."
        more = {"connection_issue": "TooManyConnections"}
        return problem(429, "ConnectionException", detail, "streaming-connection", **more)
    _open[store] = number = time.monotonic_ns()
    last = int(store.value("SELECT MAX(id) AS last FROM x_posts") or 0)
    fields = params.names("tweet.fields", params.POST_FIELDS)
    return Response(stream_with_context(_lines(store, number, last, fields)), mimetype="application/json")


@blueprint.delete("/connections/all")
@call(user=None, app=50)
def disconnect() -> ResponseReturnValue:
    """Answer DELETE /2/connections/all: the stream ends."""
    count = int(_open.pop(here().store, None) is not None)
    return jsonify(data={"successful_kills": count, "failed_kills": 0, "results": []})


def _lines(store: Store, number: int, last: int, fields: set[str]) -> Iterator[bytes]:
    quiet = time.monotonic()
    try:
        yield b"\r\n"
        while _open.get(store) == number:
            for post in store.rows("SELECT * FROM x_posts WHERE id > ? ORDER BY id", last):
                last = post["id"]
                if rules := _matched(store, post):
                    quiet = time.monotonic()
                    written = posts_json([post], fields)
                    line = {**written, "data": written["data"][0], "matching_rules": rules}
                    yield json.dumps(line).encode() + b"\r\n"
            if time.monotonic() - quiet >= _KEEP_ALIVE_SECONDS:
                quiet = time.monotonic()
                yield b"\r\n"
            time.sleep(_LOOK_SECONDS)
    finally:
        if _open.get(store) == number:
            del _open[store]


def _matched(store: Store, post: Row) -> list[dict[str, str]]:
    if x_store.visible_post(store, post["id"]) is None:
        return []
    rules = store.rows("SELECT * FROM x_rules ORDER BY id")
    return [
        {"id": str(one["id"]), "tag": one["tag"]} for one in rules if x_search.parse(one["value"]).accepts(store, post)
    ]


def _rule(row: Row) -> dict[str, str]:
    return {"id": str(row["id"]), "value": row["value"], "tag": row["tag"] or ""}
