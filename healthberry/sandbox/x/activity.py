"""X Activity: whom an event is for, what it says, and sending it to webhooks, signed with the consumer secret.

What is not answered with 200 within ten seconds is not sent again: whoever wants it looks by polling.
"""

import base64
import hashlib
import hmac
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.store import Row, Store

from . import store as x_store
from .shapes import references, when, written

Json = dict[str, Any]
EVENTS: Final = frozenset(
    {"post.mention.create", "post.reply.create", "post.quote.create", "post.delete", "post.create", "oauth.revoke"}
)
WAIT_SECONDS: Final = 10
_DIRECTLY: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def signature(secret: str, signed: bytes) -> str:
    """Return what X signs bytes or a challenge with."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def answers_challenge(url: str, secret: str) -> bool:
    """Ask a webhook whether it knows the secret."""
    token = "crc-" + hashlib.sha256(url.encode()).hexdigest()[:24]
    try:
        with _DIRECTLY.open(f"{url}?crc_token={quote(token)}", timeout=WAIT_SECONDS) as answer:
            said = json.loads(answer.read(10_000))
    except (OSError, ValueError):
        return False
    return isinstance(said, dict) and said.get("response_token") == signature(secret, token.encode())


def posted(sandbox: Sandbox, post: Row) -> None:
    """Tell those whom a new post concerns; returns at once."""
    _send(sandbox, [(name, user_id, _payload(sandbox.store, post)) for name, user_id in _concerned(sandbox, post)])


def deleted(sandbox: Sandbox, post: Row) -> None:
    """Tell that an account deleted a post of its own; returns at once."""
    payload = {"id": str(post["id"]), "author_id": str(post["author_id"])}
    _send(sandbox, [("post.delete", post["author_id"], payload)])


def _concerned(sandbox: Sandbox, post: Row) -> Iterator[tuple[str, int]]:
    for user_id in x_store.mentioned_ids(sandbox.store, post["text"]):
        yield "post.mention.create", user_id
    for name, number in (("post.reply.create", post["in_reply_to"]), ("post.quote.create", post["quoted"])):
        cited = x_store.post_by_id(sandbox.store, number) if number else None
        if cited:
            yield name, cited["author_id"]
    yield "post.create", post["author_id"]


def _payload(store: Store, post: Row) -> Json:
    text, _ = written(post["text"])
    mentions = []
    for match in x_store.MENTION.finditer(text):
        user = x_store.user_by_name(store, match.group(1))
        places = {"start": match.start(), "end": match.end()}
        mentions.append(
            {**places, **{f"{name}_str": str(value) for name, value in places.items()}, "username": match.group(1)}
            | ({"id": str(user["id"])} if user else {})
        )
    payload: Json = {
        "id": str(post["id"]),
        "author_id": str(post["author_id"]),
        "text": text,
        "created_at": when(post["created_at"]),
        "conversation_id": str(post["conversation_id"]),
        "edit_history_tweet_ids": [str(number) for number in x_store.versions(store, post)],
        "entities": {"mentions": mentions},
        "reply_settings": post["reply_settings"],
        "lang": "en",
    }
    cited = references(post)
    return payload | ({"referenced_tweets": cited} if cited else {})


def _send(sandbox: Sandbox, events: list[tuple[str, int, Json]]) -> None:
    sql = """SELECT s.*, w.url FROM x_subscriptions s JOIN x_webhooks w ON w.id = s.webhook_id
             WHERE w.valid = 1 AND s.event_type = ? AND s.user_id = ?"""
    secret = sandbox.config.keys["X_CONSUMER_SECRET"]
    for name, user_id, payload in events:
        for row in sandbox.store.rows(sql, name, user_id):
            body = json.dumps({"data": _event(row, payload), "includes": {}}).encode()
            # Duplicates are announced as normal.
            times = 2 if sandbox.store.value("SELECT name FROM x_flags WHERE name = 'twice'") else 1
            threading.Thread(target=_deliver, args=(row["url"], secret, body, times), daemon=True).start()


def _event(row: Row, payload: Json) -> Json:
    seed = f"{row['id']}:{row['event_type']}:{payload['id']}".encode()
    number = int.from_bytes(hashlib.sha256(seed).digest()[:8], "big", signed=True)  # it may be negative
    return {
        "event_uuid": str(number),
        "filter": {"user_id": str(row["user_id"])},
        "event_type": row["event_type"],
        "tag": row["tag"],
        "payload": payload,
    }


def _deliver(url: str, secret: str, body: bytes, times: int) -> None:
    headers = {"Content-Type": "application/json", "x-twitter-webhooks-signature": signature(secret, body)}
    for _ in range(times):
        request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - the app's own webhook
        try:
            with _DIRECTLY.open(request, timeout=WAIT_SECONDS) as answer:
                answer.read(100)
        except (OSError, ValueError):
            continue
