"""Comments, mentions and photo tags of Instagram become items: words and where they stand, never pictures.

Source: Meta's machine-readable specifications of IGComment, IGMedia and IGUser (April 2026) and "Instagram mentions".
Ids of mentions and tags are marked: what stands under somebody else's post is asked for in another way than what
stands under ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from healthberry.connectors.base import Author, InboundItem
from healthberry.connectors.reading import Unreadable, address, identifier, mapping, moment, own_id, small, withdrawn
from healthberry.connectors.text import clean, line

REPLY_FIELDS: Final = "id,text,timestamp,username,from,parent_id,hidden,media{id,permalink}"
REPLIES: Final = 50
COMMENT_FIELDS: Final = f"{REPLY_FIELDS},replies.limit({REPLIES}){{{REPLY_FIELDS}}}"
TAG_FIELDS: Final = "id,caption,permalink,timestamp,username"
MENTION: Final = "mention-"  # a comment elsewhere that mentions us
CAPTION: Final = "caption-"  # a post elsewhere whose words mention us
TAG: Final = "tag-"  # a post elsewhere with us in its picture
NO_ANSWER_TO_TAG: Final = (
    "Instagram lets other programs answer only where your account is named in the words. You can answer on Instagram."
)


@dataclass(frozen=True)
class Us:
    """Our account: its id, its name without @, and the base of public addresses."""

    ig_id: str
    username: str
    web: str


def is_ours(element: Any, us: Us) -> bool:
    """Say whether our account wrote it; the id is not told everywhere, then the name decides."""
    given = mapping(element)
    writer = identifier(mapping(given.get("from")).get("id"))
    return writer == us.ig_id or (bool(us.username) and _username(given).casefold() == us.username.casefold())


def comment(element: Any, us: Us, thread: str = "") -> list[InboundItem]:
    """Return a comment under one of our posts, our own as outbound; `thread` is what it hangs below, where known.

    Raises: Unreadable.
    """
    given = mapping(element)
    comment_id, posted_at = _known(given, "comment")
    if given.get("hidden") is True:
        return [withdrawn(comment_id)]
    parent = identifier(given.get("parent_id")) or identifier(mapping(given.get("parent")).get("id")) or thread
    return [
        InboundItem(
            remote_id=comment_id,
            thread_id=parent or comment_id,
            direction="outbound" if is_ours(given, us) else "inbound",
            author=_author(given, us),
            text=clean(given.get("text")),
            posted_at=posted_at,
            in_reply_to=parent or None,
            url=address(mapping(given.get("media")).get("permalink")) or f"{us.web}/{us.username}",
            change="edited",
        )
    ]


def mention(element: Any, us: Us, media_id: str) -> list[InboundItem]:
    """Return a comment elsewhere that mentions us. Raises: Unreadable."""
    given = mapping(element)
    comment_id, posted_at = _known(given, "comment")
    if is_ours(given, us):
        return []
    media = mapping(given.get("media"))
    source = small(media_id=identifier(media.get("id")) or media_id, comment_id=comment_id)
    return [_elsewhere(MENTION + comment_id, given, us, clean(given.get("text")), posted_at, source, media)]


def caption(element: Any, us: Us) -> list[InboundItem]:
    """Return a post elsewhere that names us in its words or, else, has us in its picture. Raises: Unreadable."""
    given = mapping(element)
    media_id, posted_at = _known(given, "post")
    if is_ours(given, us):
        return []
    words = clean(given.get("caption"))
    named = bool(us.username) and f"@{us.username}".casefold() in words.casefold()
    source = small(media_id=media_id) if named else {}
    return [_elsewhere((CAPTION if named else TAG) + media_id, given, us, words, posted_at, source, given)]


def _elsewhere(
    remote: str,
    given: Mapping[str, Any],
    us: Us,
    text: str,
    posted_at: datetime,
    source: Mapping[str, Any],
    media: Mapping[str, Any],
) -> InboundItem:
    return InboundItem(
        remote_id=remote,
        thread_id=remote,
        direction="inbound",
        author=_author(given, us),
        text=text,
        title="" if text else "A post with your account in its picture",
        posted_at=posted_at,
        url=address(media.get("permalink")),
        may_not_reply=None if source else NO_ANSWER_TO_TAG,
        change="edited",
        source=source,
    )


def _known(given: Mapping[str, Any], what: str) -> tuple[str, datetime]:
    found, posted_at = own_id(given), moment(given.get("timestamp"))
    if not found:
        raise Unreadable(f"It is not a {what} with an id.")
    if posted_at is None:
        raise Unreadable("It does not say when it was written.")
    return found, posted_at


def _username(given: Mapping[str, Any]) -> str:
    return line(given.get("username"), 50) or line(mapping(given.get("from")).get("username"), 50)


def _author(given: Mapping[str, Any], us: Us) -> Author:
    name, writer = _username(given), identifier(mapping(given.get("from")).get("id"))
    if not name:
        return Author(writer or None, "")
    return Author(writer or name, f"@{name}", f"{us.web}/{name}")
