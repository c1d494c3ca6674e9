"""What the network shows, maybe with a lag: notifications, posts, threads, searches, and the pages of posts."""

import json
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.gate import guard
from healthberry.sandbox.moments import stamp
from healthberry.sandbox.simple_pages import item as item_page
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row

from . import shapes
from .session import refused, signed_in

blueprint = Blueprint("bluesky", __name__, url_prefix="/bluesky")
guard(blueprint, "bluesky")

_LIKED_EVERY = 7


@blueprint.get("/pds/xrpc/app.bsky.notification.listNotifications")
@signed_in
def list_notifications(did: str) -> ResponseReturnValue:
    """List what happened to an account, newest first; reasons are sorted out after the page was cut."""
    if request.args.get("seenAt"):
        return refused(400, "InvalidRequest", "The seenAt parameter is unsupported")
    reasons, rows = request.args.getlist("reasons"), _rows(shapes.handle_of(here().store, did))
    events: list[tuple[Row, str]] = []
    for row in rows:
        if not _notifies(row):
            continue
        events.append((row, "reply" if row["in_reply_to"] else "mention"))
        if row["serial"] % _LIKED_EVERY == 0:
            events.append((row, "like"))
    page, cursor = _cut(events)
    found = [_notification(row, reason) for row, reason in page if not reasons or reason in reasons]
    return _listed("notifications", found, cursor)


@blueprint.get("/pds/xrpc/app.bsky.feed.searchPosts")
@signed_in
def search_posts(did: str) -> ResponseReturnValue:
    """Find posts of anybody by a word or a phrase in quotation marks, newest first."""
    wanted = request.args.get("q", "").strip()
    if not wanted:
        return refused(400, "BadQueryString", "q is required")
    words = [wanted.strip('"')] if wanted.startswith('"') else wanted.split()
    sql = f"""SELECT * FROM simple_items WHERE channel = 'bluesky' AND {kept.PUBLISHED}
              ORDER BY published_at DESC, serial DESC"""  # noqa: S608
    rows = _seen(here().store.rows(sql, here().store.now()))
    since = request.args.get("since", "")
    found = [row for row in rows if all(one.casefold() in row["text"].casefold() for one in words)]
    page, cursor = _cut([(row, "") for row in found if not since or stamp(row["published_at"]) >= since])
    return _listed("posts", [shapes.view(row["id"]) for row, _ in page], cursor)


@blueprint.get("/pds/xrpc/app.bsky.feed.getPosts")
@signed_in
def get_posts(did: str) -> ResponseReturnValue:
    """Return up to 25 posts; missing ones are just absent."""
    uris = request.args.getlist("uris")
    if not 1 <= len(uris) <= 25:
        return refused(400, "InvalidRequest", "Error: Params must have between 1 and 25 uris")
    return jsonify(posts=[found for uri in uris if (found := shapes.view(uri))])


@blueprint.get("/pds/xrpc/app.bsky.feed.getPostThread")
@signed_in
def get_post_thread(did: str) -> ResponseReturnValue:
    """Return a post with what is above it, and below it as deep as asked; what is gone says so in its place."""
    uri = request.args.get("uri", "")
    if shapes.view(uri) is None:
        return refused(400, "NotFound", f"Post not found: {uri}")
    height, depth = request.args.get("parentHeight", 80, int), request.args.get("depth", 6, int)
    return jsonify(thread=_thread(uri, height, depth))


@blueprint.get("/profile/<did>/post/<rkey>")
def page(did: str, rkey: str) -> ResponseReturnValue:
    """Show a post to people; an answer on the page of what it answers."""
    uri = f"at://{did}/{shapes.POST}/{rkey}"
    reply = kept.reply(here().store, "bluesky", uri)
    return item_page("bluesky", reply["item_id"] if reply else uri)


def _rows(place: str) -> list[Row]:
    return _seen(kept.visible_items(here().store, "bluesky", place))


def _seen(rows: Sequence[Row]) -> list[Row]:
    """Return what the network has heard of by now."""
    until = here().store.now() - int(here().settings.bluesky_lag_seconds * 1000)
    return [row for row in rows if row["published_at"] <= until]


def _notifies(row: Row) -> bool:
    return bool(row["in_reply_to"]) or bool(json.loads(row["more"]).get("mention", True))


def _notification(row: Row, reason: str) -> dict[str, Any]:
    view = shapes.view(row["id"]) or {}
    kept_names = ("uri", "cid", "author", "record", "indexedAt", "labels")
    return {name: view.get(name) for name in kept_names} | {"reason": reason, "isRead": False}


def _cut(rows: Sequence[tuple[Row, str]]) -> tuple[Sequence[tuple[Row, str]], str | None]:
    """Return the page that was asked for, and the cursor of the next one: the time and number of the last row."""
    size = min(max(request.args.get("limit", 50, int), 1), 100)
    given = request.args.get("cursor", "")
    rest = [(row, reason) for row, reason in rows if not given or _place(row, reason) < given]
    page = rest[:size]
    return page, _place(*page[-1]) if len(rest) > size else None


def _place(row: Row, reason: str) -> str:
    # A like is listed after the post that it is of.
    return f"{row['published_at']:015d}::{row['serial']:012d}::{0 if reason == 'like' else 1}"


def _listed(name: str, found: Sequence[Any], cursor: str | None) -> Response:
    return jsonify({name: list(found), **({"cursor": cursor} if cursor else {})})


def _thread(uri: str, height: int, depth: int) -> dict[str, Any]:
    view = shapes.view(uri)
    if view is None:
        return {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": True}
    node: dict[str, Any] = {"$type": "app.bsky.feed.defs#threadViewPost", "post": view}
    parent = (view["record"].get("reply") or {}).get("parent", {}).get("uri")
    if parent and height > 0:
        node["parent"] = _thread(parent, height - 1, 0)
    if depth > 0:
        node["replies"] = [_thread(one, 0, depth - 1) for one in _below(uri)]
    return node


def _below(uri: str) -> list[str]:
    store = here().store
    items = store.rows("SELECT id FROM simple_items WHERE channel = 'bluesky' AND in_reply_to = ?", uri)
    return [*(row["id"] for row in kept.replies(store, "bluesky", uri)), *(row["id"] for row in items)]
