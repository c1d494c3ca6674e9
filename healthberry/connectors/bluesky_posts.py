"""Posts of Bluesky become items.

Source: lexicons app.bsky.feed.post, app.bsky.feed.defs and app.bsky.notification.listNotifications. A post names the
one that its thread began with: threads are the same whenever they are read. Accounts are known by their DID; handles
change.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from healthberry.connectors.base import Author, InboundItem
from healthberry.connectors.bluesky_text import words
from healthberry.connectors.reading import Unreadable, address, identifier, mapping, moment, sequence, small
from healthberry.connectors.text import line

LIMITED: Final = "The author has limited who can answer this post. You may be able to answer on Bluesky itself."
COLLECTION: Final = "app.bsky.feed.post"
_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/app\.bsky\.feed\.post/([A-Za-z0-9._~:-]+)")


@dataclass(frozen=True)
class Us:
    """Our account, and where people see posts."""

    did: str
    handle: str
    web: str


def uri_of(post: Any) -> str:
    """Return the address by which a post is known, "" where it has none."""
    uri = identifier(mapping(post).get("uri"))
    return uri if _URI.fullmatch(uri) else ""


def record_of(post: Any) -> Mapping[str, Any]:
    """Return what the author wrote; lists of records call it `value`."""
    given = mapping(post)
    return mapping(given.get("record") or given.get("value"))


def answered(post: Any) -> str:
    """Return the address of the post that this one answers, "" where it answers none."""
    return uri_of(mapping(record_of(post).get("reply")).get("parent"))


def page_of(uri: str, web: str) -> str | None:
    """Return the page on which people see a post."""
    found = _URI.fullmatch(uri)
    return f"{web}/profile/{found[1]}/post/{found[2]}" if found else None


def item(post: Any, us: Us) -> InboundItem:
    """Return a post as an item, as it is now. Raises: Unreadable."""
    given, record = mapping(post), record_of(post)
    uri = uri_of(given)
    if not uri:
        raise Unreadable("It is not a post with an address.")
    posted_at = _posted_at(given, record)
    if posted_at is None:
        raise Unreadable("It does not say when it was posted.")
    did = uri.removeprefix("at://").partition("/")[0]
    root = uri_of(mapping(record.get("reply")).get("root"))
    return InboundItem(
        remote_id=uri,
        thread_id=root or answered(given) or uri,
        in_reply_to=answered(given) or None,
        direction="outbound" if did == us.did else "inbound",
        author=_author(mapping(given.get("author")), did, us),
        text=words(record),
        posted_at=posted_at,
        url=page_of(uri, us.web),
        attachments=_attachments(record),
        may_not_reply=LIMITED if is_limited(given) and did != us.did else None,
        change="edited",
        source=small(cid=given.get("cid"), lang=_language(record)),
    )


def is_limited(post: Any) -> bool:
    """Say whether the author lets us answer; that the view says so under this name is from memory."""
    return mapping(mapping(post).get("viewer")).get("replyDisabled") is True


def _posted_at(post: Mapping[str, Any], record: Mapping[str, Any]) -> datetime | None:
    """Return when it was written; authors may claim anything, but not a time after it was first seen."""
    known = [at for at in (moment(record.get("createdAt")), moment(post.get("indexedAt"))) if at]
    return min(known) if known else None


def _author(author: Mapping[str, Any], did: str, us: Us) -> Author:
    handle = line(author.get("handle"), 300) or (us.handle if did == us.did else "")
    # A handle that leads nowhere any more is served as "handle.invalid".
    name = f"@{handle}" if handle and handle != "handle.invalid" else line(author.get("displayName"), 100)
    return Author(did, name, f"{us.web}/profile/{did}")


def _attachments(record: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    """Return what hangs on a post: pictures by their descriptions, for they are not copied, and a link's address."""
    embed = mapping(record.get("embed"))
    embed = mapping(embed.get("media")) or embed
    images = [mapping(one) for one in sequence(embed.get("images"))]
    found = [{"type": "image", "description": line(one.get("alt"), 500)} for one in images if one]
    external = mapping(embed.get("external"))
    if link := address(external.get("uri")):
        found.append({"type": "link", "url": link, "description": line(external.get("title"), 300)})
    return tuple({name: value for name, value in one.items() if value} for one in found)


def _language(record: Mapping[str, Any]) -> str:
    languages = sequence(record.get("langs"))
    return line(languages[0], 20) if languages else ""
