"""Describe items and their answers, in whatever state, for the control API and the pages."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from . import careopinion_store, nhsuk_store, x_shapes, x_store
from .state import Sandbox
from .store import Row, Store

Json = dict[str, Any]
LONDON = ZoneInfo("Europe/London")


def shown(sandbox: Sandbox, channel: str, remote_id: str) -> Json | None:
    """Describe an item and its answers, in whatever state; None when it never was."""
    return {"x": _shown_x, "careopinion": _shown_careopinion, "nhsuk": _shown_nhsuk}[channel](sandbox, remote_id)


def _shown_x(sandbox: Sandbox, remote_id: str) -> Json | None:
    store = sandbox.store
    post = x_store.post_by_id(store, int(remote_id)) if remote_id.isdigit() and len(remote_id) < 19 + 1 else None
    if post is None:
        return None
    return {
        **_x_item(store, post),
        "title": "",
        "replies": [_x_item(store, reply) for reply in x_store.replies_to(store, post)],
    }


def _x_item(store: Store, post: Row) -> Json:
    author = x_store.user_by_id(store, post["author_id"]) or {"name": "", "username": "", "state": "missing"}
    state = (
        post["state"] if post["state"] != "visible" else {"active": "published"}.get(author["state"], author["state"])
    )
    return {
        "remote_id": str(post["id"]),
        "text": post["text"][post["lead"] :],
        "full_text": post["text"],
        "author": author["name"],
        "username": author["username"],
        "state": state,
        "at": stamp(post["created_at"]),
        "in_reply_to": str(post["in_reply_to"]) if post["in_reply_to"] else None,
    }


def _shown_careopinion(sandbox: Sandbox, remote_id: str) -> Json | None:
    store = sandbox.store
    story = careopinion_store.any_story(store, int(remote_id)) if remote_id.isdigit() and len(remote_id) < 19 else None
    if story is None:
        return None
    waiting = story["published_at"] > store.now()
    replies = [
        {
            "remote_id": str(row["id"]),
            "text": row["body"],
            "typed_text": row["typed"],
            "author": row["author"],
            "at": stamp(row["submitted_at"]),
            "state": "awaiting publication" if row["published_at"] > store.now() else "published",
        }
        for row in careopinion_store.responses(store, story["id"], published_only=False)
    ]
    state = "withdrawn" if story["state"] != "visible" else "awaiting publication" if waiting else "published"
    return {
        "remote_id": remote_id,
        "text": story["body"],
        "title": story["title"],
        "author": story["author"],
        "state": state,
        "at": stamp(story["published_at"]),
        "ods_code": story["place"],
        "replies": replies,
    }


def _shown_nhsuk(sandbox: Sandbox, remote_id: str) -> Json | None:
    store = sandbox.store
    review = nhsuk_store.any_review(store, remote_id)
    if review is None:
        return None
    row = nhsuk_store.response_to(store, review["ref"], published_only=False)
    replies = []
    if row:
        state = "awaiting publication" if row["published_at"] > store.now() else "published"
        replies = [
            {
                "remote_id": row["guid"],
                "text": row["body"],
                "author": row["author"],
                "at": stamp(row["submitted_at"]),
                "state": state,
            }
        ]
    waiting = review["published_at"] > store.now()
    state = (
        "awaiting publication"
        if waiting
        else {"Published": "published", "Removed": "withdrawn"}.get(review["status"], "gone")
    )
    return {
        "remote_id": review["guid"],
        "text": review["body"],
        "title": review["title"],
        "author": review["screen_name"],
        "state": state,
        "rating": review["rating"],
        "at": stamp(review["submitted_at"]),
        "ods_code": review["ods_code"],
        "replies": replies,
    }


def stamp(moment: int) -> str:
    """Write UTC milliseconds in ISO 8601."""
    return x_shapes.when(moment)


def day(moment: int) -> str:
    """Write UTC milliseconds for people: 3 Feb 2026, 09:12."""
    at = datetime.fromtimestamp(moment / 1000, LONDON)
    return f"{at.day} {at:%b %Y, %H:%M}"
