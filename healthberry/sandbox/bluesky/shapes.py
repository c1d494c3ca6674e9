"""Identifiers, records and views as the lexicons write them."""

import json
import re
from base64 import b32encode
from hashlib import sha256
from typing import Any

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.moments import stamp
from healthberry.sandbox.state import here
from healthberry.sandbox.store import Row, Store

POST = "app.bsky.feed.post"
TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)]")


def did_of(handle: str) -> str:
    """Return the identifier of an account, which stays when its handle changes."""
    return "did:plc:" + b32encode(sha256(handle.lower().encode()).digest()).decode().lower()[:24]


def account(store: Store, handle: str) -> str:
    """Return the identifier of an account, which begins to exist when it is first asked for."""
    known = store.value("SELECT did FROM bluesky_accounts WHERE handle = ?", handle.lower())
    if known is None:
        known = did_of(handle)
        store.run("INSERT OR IGNORE INTO bluesky_accounts VALUES (?, ?)", known, handle.lower())
    return str(known)


def handle_of(store: Store, did: str) -> str:
    """Return the handle that an account has now."""
    return str(store.value("SELECT handle FROM bluesky_accounts WHERE did = ?", did) or "handle.invalid")


def tid(moment: int, number: int) -> str:
    """Make a record key of a moment (milliseconds) and a number."""
    microseconds = moment * 1000 + number % 1000
    return _letters(microseconds, 11) + _letters(number // 1000 % 32, 2)


def cid(record: object) -> str:
    """Return what stands for a version of a record: it changes with every letter."""
    digest = sha256(json.dumps(record, sort_keys=True).encode("utf-8", "surrogatepass")).digest()
    return "bafyrei" + b32encode(digest).decode().lower().rstrip("=")


def authors_handle(author: str) -> str:
    """Return the handle of whoever has a screen name."""
    return (re.sub(r"[^a-z0-9]+", "-", author.lower()).strip("-")[:18] or "somebody") + ".bsky.example"


def record_of_item(item: Row) -> dict[str, Any]:
    """Return what a patient wrote: a mention counts by its facet, not by its words."""
    store, more = here().store, json.loads(item["more"])
    named = more.get("mention", True)
    lead = f"@{item['place']} " if named and f"@{item['place']}" not in item["text"] else ""
    text = lead + item["text"]
    record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": stamp(item["created_at"]), "langs": ["en"]}
    facets = _links(text)
    if named:
        start = len(text[: text.index(f"@{item['place']}")].encode())
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": account(store, item["place"])}
        index = {"byteStart": start, "byteEnd": start + len(f"@{item['place']}".encode())}
        facets.insert(0, {"index": index, "features": [feature]})
    if facets:
        record["facets"] = facets
    if item["in_reply_to"]:
        record["reply"] = _reply(item["in_reply_to"])
    return record


def record(uri: str) -> tuple[dict[str, Any], Row, bool] | None:
    """Return a post's record, its row, and whether it is an organisation's; None where it is not there."""
    store = here().store
    if item := kept.visible_item(store, "bluesky", uri):
        return record_of_item(item), item, False
    reply = kept.reply(store, "bluesky", uri)
    if reply is None or reply["state"] != "published":
        return None
    return record_of_reply(reply), reply, True


def record_of_reply(reply: Row) -> dict[str, Any]:
    """Return what an organisation published, as it was put; on its page it has no record of its own."""
    given = json.loads(reply["more"]).get("record")
    if isinstance(given, dict):
        return given
    made = {"$type": POST, "text": reply["text"], "createdAt": stamp(reply["created_at"]), "langs": ["en"]}
    return made | {"reply": _reply(reply["item_id"])}


def view(uri: str) -> dict[str, Any] | None:
    """Return a post as feeds show it; None where it is not there."""
    found = record(uri)
    if found is None:
        return None
    given, row, _ = found
    store, did = here().store, uri.removeprefix("at://").partition("/")[0]
    return {
        "uri": uri,
        "cid": cid(given),
        "author": {"did": did, "handle": handle_of(store, did), "displayName": row["author"]},
        "record": given,
        "indexedAt": stamp(row["published_at"]),
        "replyCount": len(kept.replies(store, "bluesky", uri)),
        "viewer": {"replyDisabled": True} if json.loads(row["more"]).get("limited") else {},
        "labels": [],
    }


def reference(uri: str) -> dict[str, str]:
    """Return the reference to a version of a post; to one that is gone as well."""
    found = record(uri)
    return {"uri": uri, "cid": cid(found[0] if found else uri)}


def _reply(parent: str) -> dict[str, Any]:
    found = record(parent)
    above = (found[0].get("reply") or {}).get("root") if found else None
    return {"root": above or reference(parent), "parent": reference(parent)}


def _links(text: str) -> list[dict[str, Any]]:
    return [
        {
            "index": {"byteStart": len(text[: one.start()].encode()), "byteEnd": len(text[: one.end()].encode())},
            "features": [{"$type": "app.bsky.richtext.facet#link", "uri": one[0]}],
        }
        for one in _URL.finditer(text)
    ]


def _letters(number: int, size: int) -> str:
    return "".join(_LETTERS[number // 32**place % 32] for place in range(size - 1, -1, -1))
