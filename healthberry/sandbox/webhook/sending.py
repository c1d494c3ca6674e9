"""Sending what patients entered to the hook of a survey, signed, at once; what was not taken is sent again if asked."""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.moments import stamp
from healthberry.sandbox.store import Row, Store

KIND = "webhook"
_WAIT_SECONDS = 10
_MOST = 500
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def signature(secret: str, signed: bytes, at: int) -> str:
    """Return the value of the signature's header; `at` in Unix seconds."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + signed, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def is_signed(store: Store, secret: str, header: str, signed: bytes) -> bool:
    """Say whether this was signed with the secret within the last five minutes."""
    named = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    if not named.get("t", "").isdigit() or abs(store.now() / 1000 - int(named["t"])) > 300:
        return False
    return hmac.compare_digest(signature(secret, signed, int(named["t"])).encode(), header.encode())


def hook_of(store: Store, place: str) -> Row | None:
    """Return where a survey sends to, and its secret; None as long as nobody said."""
    return store.row("SELECT hook, secret FROM webhook_hooks WHERE place = ?", place)


def set_hook(store: Store, place: str, hook: str, secret: str) -> None:
    """Say where a survey sends to from now on."""
    store.run("INSERT OR REPLACE INTO webhook_hooks VALUES (?, ?, ?)", place, hook.strip(), secret.strip())


def send(store: Store, place: str, ids: Sequence[str], change: str) -> None:
    """Send items in requests of at most 500, and note what was answered; None is no answer, or nowhere to send."""
    for first in range(0, len(ids), _MOST):
        part = ids[first : first + _MOST]
        status, answer = _post(store, hook_of(store, place), [_element(store, one, change) for one in part])
        now = store.now()
        rows = [(place, one, change, now, status, answer[:2000]) for one in part]
        store.many("INSERT INTO webhook_sent (place, item_id, change, at, status, answer) VALUES (?,?,?,?,?,?)", rows)


def send_again(store: Store, place: str) -> int:
    """Send whatever was not taken the last time, each in its present state; return how many."""
    sql = """SELECT item_id, change, status, MAX(serial) AS newest FROM webhook_sent WHERE place = ?
             GROUP BY item_id ORDER BY newest"""
    waiting = [row for row in store.rows(sql, place) if row["status"] != 202]
    for row in waiting:
        send(store, place, [row["item_id"]], row["change"])
    return len(waiting)


def sent(store: Store, place: str) -> list[Row]:
    """Return the newest 50 that were sent, newest first: item_id, change, at, status, answer."""
    return store.rows("SELECT * FROM webhook_sent WHERE place = ? ORDER BY serial DESC LIMIT 50", place)


def _element(store: Store, ident: str, change: str) -> dict[str, Any]:
    item = kept.item(store, KIND, ident)
    if item is None or change == "withdrawn":
        return {"id": ident, "change": "withdrawn"}
    thread = json.loads(item["more"]).get("thread_id") or ident
    element: dict[str, Any] = {
        "id": ident,
        "thread_id": thread,
        "change": change,
        "text": item["text"],
        "title": item["title"],
        "posted_at": stamp(item["created_at"]),
        "in_reply_to": item["in_reply_to"],
    }
    if item["author"] != "Anonymous":
        element["author"] = {"id": item["author"].lower(), "name": item["author"]}
    if item["rating"]:
        element["ratings"] = [{"name": "Overall", "value": item["rating"], "out_of": 5}]
    fields: dict[str, Any] = json.loads(item["more"]).get("fields", {})
    return element | fields


def _post(store: Store, to: Row | None, items: Sequence[dict[str, Any]]) -> tuple[int | None, str]:
    if to is None:
        return None, "No hook is set."
    body = json.dumps({"version": 1, "items": list(items)}).encode()
    headers = {
        "Content-Type": "application/json",
        "X-HealthBerry-Signature": signature(to["secret"], body, store.now() // 1000),
    }
    try:
        request = urllib.request.Request(to["hook"], body, headers)  # noqa: S310 - whoever runs the sandbox said where
        with _DIRECTLY.open(request, timeout=_WAIT_SECONDS) as answer:
            return answer.status, answer.read(2000).decode("utf-8", "replace")
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read(2000).decode("utf-8", "replace")
    except (OSError, ValueError) as error:
        return None, type(error).__name__
