"""What people wrote under an organisation's posts on Google+ becomes items: out of archives, and of the API that was.

Source: keys of real Takeout archives of 2011 to 2019 (Plexodus-Tools, activity_data_structure.md); the discovery
document of the Google+ API v1, revision 20190616. Every key is optional. Content is HTML: it becomes text, with
its links.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from healthberry.connectors.base import Author, InboundItem
from healthberry.connectors.html_text import words_of
from healthberry.connectors.reading import Unreadable, address, identifier, mapping, moment, sequence, small
from healthberry.connectors.text import clean, line

CLOSED: Final = "Google+ closed in 2019, so nobody can be answered there. What was said stays here to be read."
_TITLE: Final = 80
# `[^>]` and `[^"]` cannot run away; what lies within a link is cut short.
_LINK = re.compile(r"<a\b([^>]{0,2000})>(.{0,2000}?)</a>", re.IGNORECASE | re.DOTALL)
_HREF = re.compile(r'href="(https?://[^"]{1,2000})"', re.IGNORECASE)
_SELF_EXPLAINED = re.compile(r"ot-hashtag|proflink|ot-anchor", re.IGNORECASE)
# 2014-03-05 10:15:42+0000, and from memory of other archives 2014-03-05 10:15:42:+0000.
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?:?\s?(Z|[+-]\d\d):?(\d\d)?")


def words(markup: Any) -> str:
    """Return the words of a piece of content; the address of a link stands behind its words."""
    return clean(words_of(_LINK.sub(_with_address, clean(markup))))


def time_of(value: Any) -> datetime | None:
    """Return a time as archives write it, None for none."""
    found = _TIME.search(value) if isinstance(value, str) else None
    if found is None:
        return None
    zone = "+00:00" if found[3] == "Z" else f"{found[3]}:{found[4] or '00'}"
    return moment(f"{found[1]}T{found[2]}{zone}")


def is_public(post: Mapping[str, Any]) -> bool:
    """Say whether everybody could read a post; one that does not say counts as not public."""
    acl = mapping(post.get("postAcl"))
    circles = sequence(mapping(acl.get("visibleToStandardAcl")).get("circles"))
    return acl.get("isPublic") is True or any(mapping(one).get("type") == "CIRCLE_TYPE_PUBLIC" for one in circles)


def comments_of(post: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return the comments of an archived post that are objects."""
    return (one for one in sequence(post.get("comments")) if isinstance(one, Mapping))


def is_post(value: Any) -> bool:
    """Say whether a JSON document is an archived post; other folders hold lists and other objects."""
    return isinstance(value, Mapping) and bool({"comments", "postAcl", "activityId"} & set(value)) and "author" in value


def archived(post: Mapping[str, Any], comment: Mapping[str, Any], *, named: bool) -> InboundItem:
    """Make the item of one archived comment. Raises: Unreadable."""
    at, text = time_of(comment.get("creationTime")), words(comment.get("content"))
    if at is None:
        raise Unreadable("It does not say when it was written.")
    if not text:
        raise Unreadable("It holds no words.")
    author, owner = mapping(comment.get("author")), mapping(post.get("author"))
    ours = _person(author) == _person(owner) != ""
    thread = _id(post, "post")
    return InboundItem(
        remote_id=_id(comment, "comment"),
        thread_id=thread,
        direction="outbound" if ours else "inbound",
        author=_author(author, named=named or ours),
        text=text,
        posted_at=at,
        title=_title(words(post.get("content"))),
        in_reply_to=None,
        url=address(comment.get("postUrl")) or address(post.get("url")),
        may_not_reply=CLOSED,
        source=small(post=line(post.get("url"), 500)),
    )


def from_api(activity: Mapping[str, Any], comment: Mapping[str, Any], page_id: str) -> InboundItem:
    """Make the item of one comment as the API gave it. Raises: Unreadable."""
    remote_id, thread = identifier(comment.get("id")), identifier(activity.get("id"))
    at, text = moment(comment.get("published")), words(mapping(comment.get("object")).get("content"))
    if not remote_id or not thread or at is None or not text:
        raise Unreadable("It lacks its id, its time or its words.")
    actor = mapping(comment.get("actor"))
    ours = identifier(actor.get("id")) == page_id
    return InboundItem(
        remote_id=remote_id,
        thread_id=thread,
        direction="outbound" if ours else "inbound",
        author=Author(
            identifier(actor.get("id")) or None, line(actor.get("displayName"), 100), address(actor.get("url"))
        ),
        text=text,
        posted_at=at,
        title=_title(words(mapping(activity.get("object")).get("content"))),
        url=address(activity.get("url")),
        may_not_reply=CLOSED,
    )


def hashed(*parts: Any) -> str:
    """Return an id for what has none of its own: the same words by the same author at the same time are the same."""
    return "gplus-" + hashlib.sha256("\x1f".join(clean(part) for part in parts).encode()).hexdigest()[:40]


def _id(element: Mapping[str, Any], what: str) -> str:
    name = identifier(element.get("resourceName"))
    author = mapping(element.get("author"))
    place = element.get("postUrl") or element.get("url")
    return name or hashed(what, place, element.get("creationTime"), _person(author), element.get("content"))


def _person(author: Mapping[str, Any]) -> str:
    return identifier(author.get("resourceName")) or line(author.get("profilePageUrl"), 300)


def _author(author: Mapping[str, Any], *, named: bool) -> Author:
    if not named:
        return Author(None, "Anonymous")
    name = line(author.get("displayName"), 100)
    return Author(identifier(author.get("resourceName")) or None, name, address(author.get("profilePageUrl")))


def _title(post: str) -> str:
    shown = line(post, _TITLE)
    return f"On the post “{shown}{'…' if len(line(post)) > _TITLE else ''}”" if shown else ""


def _with_address(found: re.Match[str]) -> str:
    attributes, inner = found[1], found[2]
    href = _HREF.search(attributes)
    if href is None or _SELF_EXPLAINED.search(attributes) or href[1].split("://")[-1][:15] in inner:
        return inner
    return f"{inner} ({href[1]})"
