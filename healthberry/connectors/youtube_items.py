"""Comments under an organisation's videos become items: a comment and its replies are one conversation.

Source: YouTube Data API v3, revision of April 2026. A comment's `textDisplay` is plain text where that is asked for;
its `textOriginal` is shown to its own author alone. The ids of replies begin with that of their comment and a dot.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from healthberry.connectors.base import Author, InboundItem
from healthberry.connectors.reading import Unreadable, first, identifier, mapping, moment, number, sequence
from healthberry.connectors.text import clean, line, normal

CLOSED: Final = "Comments on this video cannot be answered."


@dataclass(frozen=True)
class Ours:
    """The organisation's channel, and where people look at it."""

    channel_id: str
    web: str


def thread_id(element: Any) -> str:
    """Return the id of a thread, which is that of its first comment; "" where it has none."""
    given = mapping(element)
    return identifier(given.get("id")) or identifier(_top(given).get("id"))


def items_of(element: Any, ours: Ours) -> list[InboundItem]:
    """Return the comment and those replies that came with it. Raises: Unreadable."""
    given, own = mapping(element), thread_id(element)
    if not own:
        raise Unreadable("It is not a comment with an id.")
    snippet = mapping(given.get("snippet"))
    video = identifier(snippet.get("videoId"))
    closed = CLOSED if snippet.get("canReply") is False else None
    top = comment_of({"id": own, **_top(given)}, ours, video=video, may_not_reply=closed)
    embedded = sequence(mapping(given.get("replies")).get("comments"))
    replies = [comment_of(one, ours, video=video, parent=own) for one in embedded if identifier(mapping(one).get("id"))]
    return [top, *replies]


def comment_of(
    element: Any, ours: Ours, *, video: str = "", parent: str = "", may_not_reply: str | None = None
) -> InboundItem:
    """Return one comment or reply; `parent` is the comment that it answers. Raises: Unreadable."""
    given = mapping(element)
    snippet, own = mapping(given.get("snippet")), identifier(given.get("id"))
    if not own:
        raise Unreadable("It is not a comment with an id.")
    posted_at = moment(snippet.get("publishedAt")) or moment(snippet.get("updatedAt"))
    if posted_at is None:
        raise Unreadable("It does not say when it was written.")
    answers = identifier(snippet.get("parentId")) or parent
    author_id = author_of(given)
    updated = moment(snippet.get("updatedAt"))
    return InboundItem(
        remote_id=own,
        thread_id=answers or own,
        in_reply_to=answers or None,
        direction="outbound" if author_id and author_id == ours.channel_id else "inbound",
        author=Author(
            author_id or None,
            line(snippet.get("authorDisplayName"), 100) or "Anonymous",
            f"{ours.web}/channel/{author_id}" if author_id else None,
        ),
        text=words_of(given),
        posted_at=posted_at,
        url=address_of(ours, identifier(snippet.get("videoId")) or video, own),
        may_not_reply=may_not_reply,
        change="edited" if updated and updated > posted_at else "created",
    )


def address_of(ours: Ours, video: str, comment: str) -> str:
    """Return where people see a comment: below its video, or on the channel where the video is not known."""
    if not video:
        return f"{ours.web}/channel/{ours.channel_id}"
    return f"{ours.web}/watch?v={video}&lc={comment}"


def author_of(element: Any) -> str:
    """Return the id of the channel that wrote a comment, "" where it is not told."""
    told = mapping(mapping(element).get("snippet")).get("authorChannelId")
    return identifier(mapping(told).get("value")) or identifier(told)


def words_of(element: Any) -> str:
    """Return the words of a comment."""
    return clean(first(mapping(mapping(element).get("snippet")), "textOriginal", "textDisplay"))


def says(element: Any, channel_id: str, text: str) -> bool:
    """Say whether a comment is the channel's own, with these words."""
    return author_of(element) == channel_id and normal(words_of(element)) == normal(text)


def written_at(element: Any) -> datetime | None:
    """Return when the first comment of a thread was written, by which threads are ordered."""
    return moment(mapping(_top(mapping(element)).get("snippet")).get("publishedAt"))


def replies_told(element: Any) -> int:
    """Return how many replies a thread says that it has."""
    return int(number(mapping(mapping(element).get("snippet")).get("totalReplyCount")) or 0)


def replies_given(element: Any) -> int:
    """Return how many replies came with a thread: a few at most."""
    return len(sequence(mapping(mapping(element).get("replies")).get("comments")))


def _top(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(given.get("snippet")).get("topLevelComment"))
