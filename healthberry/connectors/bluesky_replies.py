"""Answers on Bluesky: one record under a key that is known before the first attempt, so that there is never a second.

Source: PDS of bluesky-social/atproto: `putRecord` of the same bytes changes nothing; with `swapRecord` null a record
that differs is never overwritten (InvalidSwap); what was written is certain at the PDS at once, elsewhere it may lag.
"""

import contextlib
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from healthberry.connectors import bluesky_posts as posts
from healthberry.connectors.base import Reply, SentReply
from healthberry.connectors.bluesky_server import Calls, Refused
from healthberry.connectors.bluesky_text import GRAPHEMES, facets, length
from healthberry.connectors.errors import Gone, Rejected, UnexpectedAnswer
from healthberry.connectors.keys import made_at
from healthberry.connectors.reading import mapping, sequence
from healthberry.connectors.text import line

_LETTERS: Final = "234567abcdefghijklmnopqrstuvwxyz"
_GONE: Final = "The post that you answer has been deleted, or its author blocks this account."
_NOT_OURS: Final = "This was not published by the account that is connected, so it can't be deleted from here."
_NO_KEY: Final = "This answer was written in a way that Bluesky cannot take. Write it again."


def record_key(key: str) -> str:
    """Return the key of the record that a reply becomes: a TID of the reply's own time, the same in every attempt.

    Source: packages/syntax: microseconds in eleven letters, a number of the clock in two. Raises: Rejected.
    """
    digest = int.from_bytes(sha256(key.encode()).digest()[:8], "big")
    microseconds = int(_written_at(key).timestamp() * 1000) * 1000 + digest % 1000
    return _letters(microseconds, 11) + _letters(digest // 1000 % 1024, 2)


def record(reply: Reply, parent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record that a reply becomes; nothing in it is of the time of an attempt. Raises: Rejected, Gone."""
    above = _reference(parent)
    root = mapping(mapping(posts.record_of(parent).get("reply")).get("root"))
    made: dict[str, Any] = {
        "$type": posts.COLLECTION,
        "text": reply.text,
        "createdAt": _written_at(reply.key).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "reply": {"root": _reference(root) if posts.uri_of(root) else above, "parent": above},
    }
    return {**made, "facets": links} if (links := facets(reply.text)) else made


def publish(calls: Calls, us: posts.Us, reply: Reply) -> SentReply:
    """Write the record unless it is there. Raises: Unavailable, RateLimited, Rejected, NotAuthorised, Gone."""
    if found := _written(calls, us, reply):
        return found
    parent = post_now(calls, reply.target.remote_id)
    if posts.is_limited(parent):
        raise Rejected(posts.LIMITED)
    if (counted := length(reply.text)) > GRAPHEMES:
        raise Rejected(f"This is {counted - GRAPHEMES} characters longer than Bluesky takes.")
    body = {
        "repo": us.did,
        "collection": posts.COLLECTION,
        "rkey": record_key(reply.key),
        "record": record(reply, parent),
        "swapRecord": None,
    }
    try:
        made = calls.post("com.atproto.repo.putRecord", body)
    except Refused as error:
        if error.name == "InvalidSwap" and (found := _written(calls, us, reply)):
            return found
        raise
    return _sent(us, posts.uri_of(made) or _uri(us, reply))


def find(calls: Calls, us: posts.Us, reply: Reply) -> SentReply | None:
    """Return the record if it was written. Raises: Gone where it was not, and what it answers is gone; Temporary."""
    if found := _written(calls, us, reply):
        return found
    post_now(calls, reply.target.remote_id)
    return None


def take_down(calls: Calls, us: posts.Us, uri: str) -> None:
    """Delete one of our records; one that is gone is no error. Raises: Rejected for another's; Temporary, Permanent.

    Source: lexicon com.atproto.repo.deleteRecord: "ensure it does not exist".
    """
    where, _, key = uri.rpartition("/")
    if where != f"at://{us.did}/{posts.COLLECTION}" or not key:
        raise Rejected(_NOT_OURS)
    with contextlib.suppress(Gone):
        calls.post("com.atproto.repo.deleteRecord", {"repo": us.did, "collection": posts.COLLECTION, "rkey": key})


def post_now(calls: Calls, uri: str) -> Mapping[str, Any]:
    """Return a post as it is now. Raises: Gone."""
    body = calls.get("app.bsky.feed.getPosts", [("uris", uri)])
    found = next((one for one in sequence(body.get("posts")) if posts.uri_of(one) == uri), None)
    if found is None:
        raise Gone(_GONE)
    return mapping(found)


def _written(calls: Calls, us: posts.Us, reply: Reply) -> SentReply | None:
    where = [("repo", us.did), ("collection", posts.COLLECTION), ("rkey", record_key(reply.key))]
    try:
        found = calls.get("com.atproto.repo.getRecord", where)
    except Gone:
        return None
    except Refused as error:
        # Some versions of the PDS name no error for it (seen by others, not documented).
        if "locate record" in error.reason.casefold():
            return None
        raise
    said = posts.record_of(found).get("text")
    if isinstance(said, str) and said != reply.text:
        # Two answers of the very same millisecond: what is there is never overwritten, and this one is refused.
        return None
    return _sent(us, posts.uri_of(found) or _uri(us, reply))


def _written_at(key: str) -> datetime:
    at = made_at(key)
    if at is None:
        raise Rejected(_NO_KEY)
    return at


def _reference(post: Mapping[str, Any]) -> dict[str, str]:
    uri, cid = posts.uri_of(post), line(post.get("cid"), 200)
    if not uri or not cid:
        raise UnexpectedAnswer("Bluesky does not say which version of the post would be answered.")
    return {"uri": uri, "cid": cid}


def _uri(us: posts.Us, reply: Reply) -> str:
    return f"at://{us.did}/{posts.COLLECTION}/{record_key(reply.key)}"


def _sent(us: posts.Us, uri: str) -> SentReply:
    return SentReply(uri, posts.page_of(uri, us.web))


def _letters(number: int, size: int) -> str:
    return "".join(_LETTERS[number >> (5 * place) & 31] for place in reversed(range(size)))
