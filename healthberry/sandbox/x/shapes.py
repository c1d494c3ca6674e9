"""How X writes posts, accounts and errors in JSON."""

import base64
import html
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from flask import Response, request

from healthberry.sandbox.store import Row, Store

from . import store as x_store

Json = dict[str, Any]
PROBLEMS = "https://api.twitter.com/2/problems/"
LONG_POST = 280
URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
HASHTAG = re.compile(r"(?<![\w&])#(\w*[^\W\d_]\w*)")


def when(moment: int) -> str:
    """Write UTC milliseconds as X does: 2026-11-02T09:15:31.000Z."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: object) -> Response:
    """Make an error answer in X's problem form."""
    body = {
        "title": title,
        "detail": detail,
        "type": kind if kind == "about:blank" else PROBLEMS + kind,
        "status": status,
        **more,
    }
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def invalid(message: str, **parameters: object) -> Response:
    """Make the 400 for a wrong parameter."""
    shown = {name: [str(value)] for name, value in parameters.items()}
    body = {
        "errors": [{"parameters": shown, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": PROBLEMS + "invalid-request",
    }
    return Response(json.dumps(body), 400, mimetype="application/problem+json")


def not_found(what: str, parameter: str, value: str) -> Json:
    """Make the partial error for something that does not exist."""
    return _partial(
        "Not Found Error",
        f"Could not find {what} with {parameter}: [{value}].",
        "resource-not-found",
        what,
        parameter,
        value,
    )


def not_allowed(what: str, parameter: str, value: str) -> Json:
    """Make the partial error for what a protected or suspended account hides."""
    detail = f"Sorry, you are not authorized to see the {what} with {parameter}: [{value}]."
    return _partial("Authorization Error", detail, "not-authorized-for-resource", what, parameter, value)


def _partial(title: str, detail: str, kind: str, what: str, parameter: str, value: str) -> Json:
    known = {"value": value, "resource_id": value, "parameter": parameter, "resource_type": what}
    return {**known, "detail": detail, "title": title, "type": PROBLEMS + kind}


def token_for(*parts: int) -> str:
    """Make an opaque paging token."""
    return base64.b32encode(json.dumps(parts).encode()).decode().lower().rstrip("=")


def parts_of(token: str) -> list[int] | None:
    """Read a paging token back; None when X would not know it."""
    try:
        parts = json.loads(base64.b32decode(token.upper() + "=" * (-len(token) % 8)))
        return [int(part) for part in parts]
    except (ValueError, TypeError):
        return None


def written(text: str) -> tuple[str, Json]:
    """Return a text as X shows it (escaped, links shortened) and its entities without mentions.

    Offsets count code points.
    """
    out, urls, last = "", [], 0
    for match in URL.finditer(text):
        out += html.escape(text[last : match.start()], quote=False)
        urls.append(_link(match.group(), len(out)))
        out += urls[-1]["url"]
        last = match.end()
    out += html.escape(text[last:], quote=False)
    tags = [{"start": m.start(), "end": m.end(), "tag": m.group(1)} for m in HASHTAG.finditer(out)]
    return out, {name: found for name, found in (("urls", urls), ("hashtags", tags)) if found}


def _link(url: str, start: int) -> Json:
    code = re.sub(
        r"[-_]", "x", base64.urlsafe_b64encode(sha256(url.encode("utf-8", "surrogatepass")).digest()).decode()
    )[:10]
    short = f"https://t.co/{code}"
    display = url.split("://", 1)[1]
    display = display if len(display) <= 26 else display[:26] + "…"
    return {"start": start, "end": start + len(short), "url": short, "expanded_url": url, "display_url": display}


def _entities(store: Store, shown: str, entities: Json) -> Json:
    mentions = []
    for match in x_store.MENTION.finditer(shown):
        user = x_store.user_by_name(store, match.group(1))
        mention: Json = {"start": match.start(), "end": match.end(), "username": match.group(1)}
        mentions.append({**mention, "id": str(user["id"])} if user else mention)
    return {**entities, "mentions": mentions} if mentions else entities


def post_json(store: Store, post: Row, fields: set[str]) -> Json:
    """Write one post with the fields asked for."""
    whole, entities = written(post["text"])
    text, shown_entities = whole, entities
    if len(post["text"]) > LONG_POST:
        status = f"{request.host_url}x/i/status/{post['id']}"
        text, shown_entities = written(f"{post['text'][:250].rstrip()}… {status}")
    chain = x_store.versions(store, post)
    full = _optional(store, post, chain)
    full["entities"] = lambda: _entities(store, text, shown_entities)
    if text != whole:
        full["note_tweet"] = lambda: {"text": whole, "entities": _entities(store, whole, entities)}
    chosen = {name: made() for name, made in full.items() if name in fields}
    answer = {"id": str(post["id"]), "text": text, "edit_history_tweet_ids": [str(number) for number in chain]}
    return {**answer, **{name: value for name, value in chosen.items() if value is not None and value != {}}}


def _optional(store: Store, post: Row, chain: list[int]) -> Json:
    parent = x_store.post_by_id(store, post["in_reply_to"]) if post["in_reply_to"] else None
    return {
        "author_id": lambda: str(post["author_id"]),
        "created_at": lambda: when(post["created_at"]),
        "conversation_id": lambda: str(post["conversation_id"]),
        "in_reply_to_user_id": lambda: str(parent["author_id"]) if parent else None,
        "referenced_tweets": lambda: references(post) or None,
        "lang": lambda: "en",
        "reply_settings": lambda: post["reply_settings"],
        "possibly_sensitive": lambda: False,
        "source": lambda: "X for the sandbox",
        "public_metrics": lambda: _metrics(store, post),
        "edit_controls": lambda: _edit_controls(post, chain),
    }


def references(post: Row) -> list[Json]:
    """Return what a post refers to."""
    pairs = (("replied_to", post["in_reply_to"]), ("quoted", post["quoted"]))
    return [{"type": kind, "id": str(number)} for kind, number in pairs if number]


def _metrics(store: Store, post: Row) -> Json:
    replies = store.value("SELECT COUNT(*) AS n FROM x_posts WHERE in_reply_to = ? AND state = 'visible'", post["id"])
    likes = post["id"] // 4096 % 7
    zero = {"retweet_count": 0, "quote_count": 0, "bookmark_count": 0}
    return {**zero, "reply_count": replies, "like_count": likes, "impression_count": 40 + likes * 31}


def _edit_controls(post: Row, chain: list[int]) -> Json:
    until = when(post["created_at"] + 30 * 60_000)
    eligible = post["in_reply_to"] is None
    return {"edits_remaining": max(0, 6 - len(chain)), "is_edit_eligible": eligible, "editable_until": until}


def user_json(user: Row, fields: Iterable[str]) -> Json:
    """Write one account with the fields asked for."""
    full: Json = {
        "created_at": when(user["created_at"]),
        "description": "A simulated account."
        if not user["organisation"]
        else "A simulated organisation. Not monitored round the clock.",
        "profile_image_url": f"{request.host_url}assets/person.png",
        "protected": user["state"] == "protected",
        "verified": bool(user["organisation"]),
        "public_metrics": {
            "followers_count": user["id"] % 900,
            "following_count": user["id"] % 300,
            "tweet_count": user["id"] % 5000,
            "listed_count": 0,
        },
    }
    base = {"id": str(user["id"]), "name": user["name"], "username": user["username"]}
    return {**base, **{name: full[name] for name in fields if name in full}}
