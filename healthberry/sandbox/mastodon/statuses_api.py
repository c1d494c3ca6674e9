"""Statuses one by one at a Mastodon server: shown, in their thread, written, edited, deleted."""

import re
from typing import Any, cast

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.gate import guard
from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row
from healthberry.sandbox.telling import Unusable

from . import shapes
from .api import LIMIT, PER_URL
from .auth import Caller, refused, signed_in

blueprint = Blueprint("mastodon_statuses", __name__, url_prefix="/mastodon/<host>/api/v1/statuses")
guard(blueprint, "mastodon")

KEY_SECONDS = 3600
_URL = re.compile(r"https?://\S+")
_NOT_FOUND = (404, "Record not found")


@blueprint.get("")
@signed_in("read:statuses")
def many_statuses(who: Caller) -> ResponseReturnValue:
    """Answer GET /api/v1/statuses?id[]=…: missing ones are just absent."""
    found = [_status(ident) for ident in request.args.getlist("id[]")[:20]]
    return jsonify([one for one in found if one])


@blueprint.get("/<ident>")
@signed_in("read:statuses")
def one_status(who: Caller, ident: str) -> ResponseReturnValue:
    """Answer GET /api/v1/statuses/:id."""
    return jsonify(found) if (found := _status(ident)) else refused(*_NOT_FOUND)


@blueprint.get("/<ident>/context")
@signed_in("read:statuses")
def context(who: Caller, ident: str) -> ResponseReturnValue:
    """Answer GET /api/v1/statuses/:id/context: what it answers, oldest first, and everything below."""
    if _status(ident) is None:
        return refused(*_NOT_FOUND)
    above: list[dict[str, Any]] = []
    parent = _parent(ident)
    while parent and (status := _status(parent)):
        above.insert(0, status)
        parent = _parent(parent)
    return jsonify(ancestors=above, descendants=_below(ident))


@blueprint.post("")
@signed_in("write:statuses")
def create_status(who: Caller) -> ResponseReturnValue:
    """Answer POST /api/v1/statuses: an answer to an item; the same key gives the same status again, for an hour."""
    sandbox, given = here(), request.get_json(silent=True) or request.form
    key, honoured = request.headers.get("Idempotency-Key", ""), sandbox.settings.mastodon_idempotency == "honour"
    sql = "SELECT status_id FROM mastodon_keys WHERE place = ? AND key = ? AND kept_at > ?"
    known = sandbox.store.value(sql, who.place, key, sandbox.store.now() - KEY_SECONDS * 1000)
    if key and honoured and known and (status := _status(known)):
        return jsonify(status)
    text, parent = str(given.get("status") or "").strip(), str(given.get("in_reply_to_id") or "")
    if wrong := _wrong(text):
        return refused(422, wrong)
    site = cast(SimpleSite, sandbox.sites["mastodon"])
    try:
        visibility = str(given.get("visibility") or "public")
        ident = site.answer(sandbox, parent, text, who.place.partition("@")[0], visibility=visibility)
    except Unusable:
        return refused(404, "The post you are trying to reply to does not appear to exist.")
    if key and honoured:
        sql = "INSERT OR REPLACE INTO mastodon_keys VALUES (?, ?, ?, ?)"
        sandbox.store.run(sql, who.place, key, ident, sandbox.store.now())
    return jsonify(_status(ident))


@blueprint.put("/<ident>")
@signed_in("write:statuses")
def edit_status(who: Caller, ident: str) -> ResponseReturnValue:
    """Answer PUT /api/v1/statuses/:id, for the account's own."""
    text = str((request.get_json(silent=True) or request.form).get("status") or "").strip()
    if not _own(who, ident):
        return refused(*_NOT_FOUND)
    if wrong := _wrong(text):
        return refused(422, wrong)
    kept.change_reply(here().store, "mastodon", ident, text=text)
    return jsonify(_status(ident))


@blueprint.delete("/<ident>")
@signed_in("write:statuses")
def delete_status(who: Caller, ident: str) -> ResponseReturnValue:
    """Answer DELETE /api/v1/statuses/:id, for the account's own; with the text as it was typed."""
    found = _own(who, ident)
    if not found:
        return refused(*_NOT_FOUND)
    status = _status(ident) or {}
    kept.change_reply(here().store, "mastodon", ident, state="deleted")
    return jsonify(status | {"text": found["text"]})


def _status(ident: str) -> dict[str, Any] | None:
    store = here().store
    if item := kept.visible_item(store, "mastodon", ident):
        return shapes.status_of_item(item)
    reply = kept.reply(store, "mastodon", ident)
    if reply is None or reply["state"] != "published":
        return None
    return shapes.status_of_reply(reply, _place_of(reply))


def _place_of(reply: Row) -> str:
    item = kept.item(here().store, "mastodon", reply["item_id"])
    return str(item["place"]) if item else "somebody@other.example"


def _own(who: Caller, ident: str) -> Row | None:
    reply = kept.reply(here().store, "mastodon", ident)
    mine = reply is not None and reply["state"] == "published" and _place_of(reply) == who.place
    return reply if mine else None


def _parent(ident: str) -> str:
    store = here().store
    if item := kept.item(store, "mastodon", ident):
        return str(item["in_reply_to"] or "")
    reply = kept.reply(store, "mastodon", ident)
    return str(reply["item_id"]) if reply else ""


def _below(ident: str) -> list[dict[str, Any]]:
    """Return everything that answers a status, or an answer to it, in the order of reading."""
    store, found = here().store, []
    items = store.rows("SELECT id FROM simple_items WHERE channel = 'mastodon' AND in_reply_to = ?", ident)
    for one in [*(row["id"] for row in kept.replies(store, "mastodon", ident)), *(row["id"] for row in items)]:
        if status := _status(one):
            found += [status, *_below(one)]
    return found


def _wrong(text: str) -> str:
    if not text:
        return "Validation failed: Text can't be blank"
    counted = re.sub(r"(@\w+)@[\w.-]+\w", r"\1", _URL.sub("x" * PER_URL, text))
    over = len(counted) > LIMIT
    return f"Validation failed: Text character limit of {LIMIT} exceeded" if over else ""
