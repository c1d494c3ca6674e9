"""An account's own records at its server: put, created, looked up, listed, deleted. Nothing lags here."""

import json
from datetime import datetime
from typing import Any

import regex
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.gate import guard
from healthberry.sandbox.simple_store import NewReply
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import shapes
from .session import refused, signed_in

blueprint = Blueprint("bluesky_repo", __name__, url_prefix="/bluesky/pds/xrpc")
guard(blueprint, "bluesky")

GRAPHEMES, BYTES = 300, 3000


@blueprint.post("/com.atproto.repo.putRecord")
@signed_in
def put_record(did: str) -> ResponseReturnValue:
    """Write a record under its key: the same one again changes nothing, another one replaces it unless told not to."""
    given = request.get_json(silent=True) or {}
    if refusal := _refusal(did, given):
        return refusal
    uri, record = f"at://{did}/{shapes.POST}/{given['rkey']}", given["record"]
    old = _stored(uri)
    if old is not None and shapes.record_of_reply(old) == record:
        return jsonify(uri=uri, cid=shapes.cid(record), validationStatus="valid")
    if "swapRecord" in given and given["swapRecord"] != (shapes.cid(shapes.record_of_reply(old)) if old else None):
        return refused(400, "InvalidSwap", "Record was at another version")
    if old is None:
        _add(did, given["rkey"], record)
    else:
        more = json.dumps({**json.loads(old["more"]), "record": record})
        kept.change_reply(here().store, "bluesky", uri, text=record["text"], more=more, state="published")
    return _wrote(uri, record)


@blueprint.post("/com.atproto.repo.createRecord")
@signed_in
def create_record(did: str) -> ResponseReturnValue:
    """Write a new record; a key that is taken is no clean error."""
    given = request.get_json(silent=True) or {}
    given.setdefault("rkey", shapes.tid(here().store.now(), 0))
    if refusal := _refusal(did, given):
        return refusal
    uri = f"at://{did}/{shapes.POST}/{given['rkey']}"
    if _stored(uri) is not None:
        return refused(500, "InternalServerError", "Internal Server Error")
    _add(did, given["rkey"], given["record"])
    return _wrote(uri, given["record"])


@blueprint.get("/com.atproto.repo.getRecord")
def get_record() -> ResponseReturnValue:
    """Return a record; nobody has to be signed in."""
    uri = f"at://{request.args.get('repo')}/{request.args.get('collection')}/{request.args.get('rkey')}"
    found = shapes.record(uri)
    if found is None:
        return refused(400, "RecordNotFound", f"Could not locate record: {uri}")
    return jsonify(uri=uri, cid=shapes.cid(found[0]), value=found[0])


@blueprint.get("/com.atproto.repo.listRecords")
def list_records() -> ResponseReturnValue:
    """List an account's own posts, newest key first."""
    did, size = request.args.get("repo", ""), min(request.args.get("limit", 50, int), 100)
    sql = """SELECT * FROM simple_replies WHERE channel = 'bluesky' AND id LIKE ? AND id < ? AND state = 'published'
             ORDER BY id DESC LIMIT ?"""
    start = f"at://{did}/{shapes.POST}/"
    before = start + request.args.get("cursor", "~")
    rows = here().store.rows(sql, f"{start}%", before, size)
    records = [(row["id"], shapes.record_of_reply(row)) for row in rows]
    found = [{"uri": uri, "cid": shapes.cid(record), "value": record} for uri, record in records]
    more = {"cursor": rows[-1]["id"].rpartition("/")[2]} if len(rows) == size else {}
    return jsonify({"records": found, **more})


@blueprint.post("/com.atproto.repo.deleteRecord")
@signed_in
def delete_record(did: str) -> ResponseReturnValue:
    """Make sure that a record does not exist."""
    given = request.get_json(silent=True) or {}
    uri = f"at://{did}/{given.get('collection')}/{given.get('rkey')}"
    here().store.run("DELETE FROM simple_replies WHERE channel = 'bluesky' AND id = ?", uri)
    return jsonify({})


def _stored(uri: str) -> Row | None:
    found = kept.reply(here().store, "bluesky", uri)
    return found if found and found["state"] == "published" else None


def _refusal(did: str, given: dict[str, Any]) -> Response | None:
    if given.get("repo") != did:
        return refused(403, "Forbidden", "Cannot write to another account")
    if given.get("collection") != shapes.POST or not shapes.TID.fullmatch(str(given.get("rkey"))):
        return refused(400, "InvalidRequest", "Invalid record key for collection")
    wrong = _wrong(given.get("record"))
    return refused(400, "InvalidRequest", f"Invalid {shapes.POST} record: {wrong}") if wrong else None


def _wrong(record: Any) -> str:
    if not isinstance(record, dict) or record.get("$type") != shapes.POST or not isinstance(record.get("text"), str):
        return "Record/$type must be a post with text"
    text = record["text"]
    if len(regex.findall(r"\X", text)) > GRAPHEMES:
        return f"Record/text must not be longer than {GRAPHEMES} graphemes"
    if len(text.encode()) > BYTES:
        return f"Record/text must not be longer than {BYTES} bytes"
    try:
        zoned = datetime.fromisoformat(str(record.get("createdAt"))).tzinfo is not None
    except ValueError:
        zoned = False
    if not zoned:
        return "Record/createdAt must be a datetime with a timezone"
    reply = record.get("reply") or {}
    whole = all(set(reply.get(name) or {}) >= {"uri", "cid"} for name in ("root", "parent"))
    return "" if not reply or whole else "Record/reply must have root and parent with uri and cid"


def _add(did: str, rkey: str, record: dict[str, Any]) -> None:
    """Store a post; what it answers may be gone or closed to it: it is written all the same."""
    sandbox, now = here(), here().store.now()
    parent = ((record.get("reply") or {}).get("parent") or {}).get("uri", "")
    more = {"did": did, "rkey": rkey, "record": record}
    reply = NewReply(parent, shapes.handle_of(sandbox.store, did), record["text"], now, now, more)
    kept.add_reply(sandbox.store, "bluesky", reply, lambda serial, one: f"at://{did}/{shapes.POST}/{rkey}")


def _wrote(uri: str, record: dict[str, Any]) -> Response:
    commit = {"cid": shapes.cid([uri, record]), "rev": shapes.tid(here().store.now(), 1)}
    return jsonify(uri=uri, cid=shapes.cid(record), commit=commit, validationStatus="valid")
