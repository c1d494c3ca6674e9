"""X API v2, the writing half: create and delete posts."""

import html
import re
import unicodedata
from typing import Any

from flask import Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from healthberry.sandbox.state import Sandbox, here
from healthberry.sandbox.store import Row, Store

from . import activity
from . import store as x_store
from .api import blueprint
from .auth import DAY, call
from .lengths import fits
from .params import words
from .shapes import invalid, problem, written

KNOWN = words(
    "text reply quote_tweet_id media poll reply_settings made_with_ai edit_options card_uri community_id "
    "direct_message_deep_link for_super_followers_only geo nullcast paid_partnership "
    "share_with_followers "
)
REPLY_KNOWN = {"in_reply_to_tweet_id", "exclude_reply_user_ids", "auto_populate_reply_metadata"}
NOT_MENTIONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author "
    "of the post you are replying to."
)
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
GONE = "You attempted to reply to a Tweet that is deleted or not visible to you."


@blueprint.post("/tweets")
@call(user=100, app=None, scopes="tweet.read tweet.write users.read")
def create_post() -> ResponseReturnValue:
    """Answer POST /2/tweets: 201, or X's refusals for length, duplicates and conversations one was not asked into."""
    sandbox = here()
    body: Any = request.get_json(silent=True)
    wrong = _wrong_body(body)
    if wrong is not None:
        return wrong
    parent_id = (body.get("reply") or {}).get("in_reply_to_tweet_id")
    with sandbox.store.writing():
        parent = x_store.visible_post(sandbox.store, int(parent_id)) if parent_id else None
        refused = _refused(sandbox, body["text"], parent_id, parent)
        if refused is not None:
            return refused
        post = _create(sandbox, body["text"], parent, body.get("reply_settings") or "everyone")
    activity.posted(sandbox, post)
    answer = jsonify(
        data={"id": str(post["id"]), "text": written(post["text"])[0], "edit_history_tweet_ids": [str(post["id"])]}
    )
    return _with_daily_limits(sandbox, answer), 201


@blueprint.delete("/tweets/<post_id>")
@call(user=50, app=None, scopes="tweet.read tweet.write users.read")
def delete_post(post_id: str) -> ResponseReturnValue:
    """Answer DELETE /2/tweets/:id; only one's own posts."""
    store = here().store
    post = x_store.visible_post(store, int(post_id)) if post_id.isdigit() and len(post_id) < 20 else None
    if post is None:
        return problem(404, "Not Found Error", f"Could not find tweet with id: [{post_id}].", "resource-not-found")
    if post["author_id"] != g.caller.user_id:
        return problem(403, "Forbidden", "You are not authorized to delete this Tweet.")
    x_store.delete_post(store, post)
    activity.deleted(here(), post)
    return jsonify(data={"deleted": True})


def _wrong_body(body: Any) -> Response | None:
    if not isinstance(body, dict):
        return invalid("The request body is not a JSON object")
    unknown = set(body) - KNOWN
    if unknown:
        return invalid(
            f"[$.{min(unknown)}: is not defined in the schema and the schema does not allow additional properties]"
        )
    reply = body.get("reply") or {}
    if not isinstance(reply, dict) or set(reply) - REPLY_KNOWN:
        return invalid("[$.reply: is not valid]")
    parent_id = reply.get("in_reply_to_tweet_id")
    if reply and not (isinstance(parent_id, str) and re.fullmatch(r"[0-9]{1,19}", parent_id)):
        return invalid("[$.reply.in_reply_to_tweet_id: does not match the regex pattern ^[0-9]{1,19}$]")
    if body.get("quote_tweet_id"):
        return problem(403, "Forbidden", "Quoting posts is not permitted for your access level.")
    if not isinstance(body.get("text"), str) or not body["text"].strip():
        return invalid("[$.text: is missing or empty, and no media was given]")
    return None


def _refused(sandbox: Sandbox, text: str, parent_id: str | None, parent: Row | None) -> Response | None:
    if not fits(text):
        return problem(
            400,
            "Invalid Request",
            "Your Tweet text is too long. Your Tweet text cannot exceed 280 characters.",
            "invalid-request",
        )
    if parent_id and parent is None:
        return problem(403, "Forbidden", GONE)
    if parent is not None and not _may_answer(sandbox.store, parent, g.caller.user_id):
        return problem(403, "Forbidden", NOT_MENTIONED)
    if _is_duplicate(sandbox, g.caller.user_id, text, parent):
        return problem(403, "Forbidden", DUPLICATE)
    return None


def _may_answer(store: Store, parent: Row, user_id: int) -> bool:
    """Say whether the author of a post asked this account into the conversation: by mention, or by quoting it."""
    if parent["author_id"] == user_id:
        return True
    if parent["reply_settings"] not in ("everyone", "mentionedUsers"):
        return False
    if user_id in x_store.mentioned_ids(store, parent["text"]):
        return True
    quoted = x_store.post_by_id(store, parent["quoted"]) if parent["quoted"] else None
    return bool(quoted and quoted["author_id"] == user_id)


def normalised(text: str) -> str:
    """Reduce a text to what X compares when it looks for duplicates: no case, no entities, single spaces."""
    return " ".join(unicodedata.normalize("NFC", html.unescape(text)).casefold().split())


def _is_duplicate(sandbox: Sandbox, user_id: int, text: str, parent: Row | None) -> bool:
    settings = sandbox.settings
    if settings.duplicate_rule == "off":
        return False
    sql = "SELECT id FROM x_posts WHERE author_id = ? AND dedupe = ? AND state = 'visible' AND created_at > ?"
    values: list[object] = [
        user_id,
        normalised(text),
        sandbox.store.now() - int(settings.duplicate_window_seconds * 1000),
    ]
    if settings.duplicate_rule == "same_parent":
        sql += " AND in_reply_to IS ?"
        values.append(parent["id"] if parent else None)
    return sandbox.store.row(sql, *values) is not None


def _create(sandbox: Sandbox, text: str, parent: Row | None, reply_settings: str) -> Row:
    return reply_as(
        sandbox.store, g.caller.user_id, text, parent, dedupe=normalised(text), reply_settings=reply_settings
    )


def reply_as(
    store: Store,
    user_id: int,
    text: str,
    parent: Row | None,
    moment: int | None = None,
    dedupe: str | None = None,
    reply_settings: str = "everyone",
) -> Row:
    """Store a post of an account; X puts the handle of the post's author that is answered in front."""
    author = x_store.user_by_id(store, parent["author_id"]) if parent else None
    lead = ""
    if author and author["id"] != user_id and not text.lower().startswith(f"@{author['username_key']}"):
        lead = f"@{author['username']} "
    new = x_store.NewPost(
        user_id, lead + text, store.now() if moment is None else moment, len(lead), parent, None, reply_settings, dedupe
    )
    return x_store.add_post(store, new)


def _with_daily_limits(sandbox: Sandbox, answer: Response) -> Response:
    now = sandbox.store.now()
    for who, limit in ((f"user:{g.caller.user_id}", 1000), ("app", 10000)):
        verdict = sandbox.limits.hit(who, "daily posts", limit, DAY, now, enforced=False)
        prefix = f"x-{who.split(':')[0]}-limit-24hour"
        answer.headers.update(
            {
                f"{prefix}-limit": str(limit),
                f"{prefix}-remaining": str(verdict.remaining),
                f"{prefix}-reset": str(verdict.reset),
            }
        )
    return answer
