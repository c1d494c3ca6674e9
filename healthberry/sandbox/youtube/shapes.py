"""How threads and comments look in JSON."""

from collections.abc import Sequence
from html import escape
from typing import Any

from healthberry.sandbox.moments import stamp
from healthberry.sandbox.store import Row

from . import names

EMBEDDED = 2


def thread(row: Row, replies: Sequence[Row], *, plain: bool, closed: bool, with_replies: bool) -> dict[str, Any]:
    """Describe a thread; only a few of its replies come along."""
    video = names.video(row["place"], row["serial"])
    snippet = {
        "channelId": names.channel(row["place"]),
        "videoId": video,
        "topLevelComment": comment(row, row["place"], plain=plain) | {"etag": "e"},
        "canReply": not closed,
        "totalReplyCount": len(replies),
        "isPublic": True,
    }
    described: dict[str, Any] = {"kind": "youtube#commentThread", "etag": "e", "id": row["id"], "snippet": snippet}
    if replies and with_replies:
        few = replies[-EMBEDDED:]
        described["replies"] = {"comments": [comment(one, row["place"], plain=plain) for one in few]}
    return described


def comment(row: Row, place: str, *, plain: bool) -> dict[str, Any]:
    """Describe a comment or a reply; `item_id` tells the organisation's replies from what viewers wrote."""
    ours = "item_id" in row
    author = names.channel(place) if ours else names.viewer(row["author"])
    text = row["text"] if plain else escape(row["text"]).replace("\n", "<br>")
    snippet = {
        "channelId": names.channel(place),
        "textDisplay": text,
        "authorDisplayName": f"@{place}" if ours else row["author"],
        "authorChannelId": {"value": author},
        "canRate": True,
        "viewerRating": "none",
        "likeCount": 0,
        "publishedAt": stamp(row["published_at"]),
        "updatedAt": stamp(max(row["updated_at"], row["published_at"])),
    }
    if "." in row["id"]:
        snippet["parentId"] = names.top(row["id"])
    return {"kind": "youtube#comment", "etag": "e", "id": row["id"], "snippet": snippet}
