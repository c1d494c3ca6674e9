"""Posts, comments, recommendations and private messages of Facebook become items.

Source: Meta's machine-readable specifications of PagePost, Comment, Recommendation and UnifiedThread (April 2026).
Names of people come only with certain permissions: an author without one is anonymous. Ids are opaque, save that a
post on a Page begins with the Page's id and a comment with the post's own part (seen in recorded deliveries).

What is one conversation: under a post of the Page each comment with its replies; a post that somebody else wrote on
the Page with all its comments; elsewhere a comment or a post that mentions the Page. A comment says all that decides
this by itself, so that lists, deliveries and looks agree.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from healthberry.connectors.base import Author, InboundItem, Rating
from healthberry.connectors.graph import at_seconds
from healthberry.connectors.reading import (
    Unreadable,
    address,
    first,
    identifier,
    mapping,
    moment,
    number,
    own_id,
    sequence,
    small,
    withdrawn,
)
from healthberry.connectors.text import clean, line

COMMENT_FIELDS: Final = (
    "id,message,created_time,from,parent{id},object{id,from},permalink_url,attachment,is_hidden,can_comment,"
    "can_reply_privately"
)
POST_FIELDS: Final = "id,message,created_time,from,permalink_url,is_hidden,is_published,attachments,can_reply_privately"
RATING_FIELDS: Final = (
    "created_time,has_rating,has_review,rating,recommendation_type,review_text,reviewer{id,name},open_graph_story{id}"
)
MESSAGE_FIELDS: Final = "id,created_time,from,to,message,attachments"
RATING: Final = "rating-"  # what the ids of recommendations begin with
NO_COMMENT: Final = "Facebook does not let your Page comment here. You can still open it on Facebook."
NO_ANSWER_TO_RATING: Final = (
    "Facebook takes no answers to recommendations from other programs any more. Answer on Facebook itself."
)


@dataclass(frozen=True)
class Us:
    """Our Page: its id, its name, and the base of public addresses."""

    page_id: str
    name: str
    web: str


def is_ours(element: Any, us: Us) -> bool:
    """Say whether the Page itself wrote it."""
    return identifier(mapping(mapping(element).get("from")).get("id")) == us.page_id


def post(element: Any, us: Us) -> list[InboundItem]:
    """Return a post that somebody else wrote on the Page or about it, none for our own. Raises: Unreadable."""
    given = mapping(element)
    post_id, posted_at = _known(given, "post")
    if is_ours(given, us):
        return []
    if given.get("is_hidden") is True:
        return [withdrawn(post_id)]
    return [
        InboundItem(
            remote_id=post_id,
            thread_id=post_id,
            direction="inbound",
            author=_author(given.get("from")),
            text=clean(given.get("message")),
            posted_at=posted_at,
            url=address(given.get("permalink_url")) or f"{us.web}/{post_id}",
            attachments=_attachments(sequence(mapping(given.get("attachments")).get("data"))),
            change="edited",
            source=small(is_post=True, can_reply_privately=given.get("can_reply_privately") is True),
        )
    ]


def comment(element: Any, us: Us) -> list[InboundItem]:
    """Return a comment, the Page's own as outbound. Raises: Unreadable."""
    given = mapping(element)
    comment_id, posted_at = _known(given, "comment")
    if given.get("is_hidden") is True:
        return [withdrawn(comment_id)]
    ours = is_ours(given, us)
    parent = own_id(given.get("parent"))
    thread_id, answers = _place(given, comment_id, parent, us)
    return [
        InboundItem(
            remote_id=comment_id,
            thread_id=thread_id,
            direction="outbound" if ours else "inbound",
            author=_author(given.get("from")),
            text=clean(given.get("message")),
            posted_at=posted_at,
            in_reply_to=answers or None,
            url=address(given.get("permalink_url")) or f"{us.web}/{comment_id}",
            attachments=_attachments([given["attachment"]] if given.get("attachment") else []),
            may_not_reply=NO_COMMENT if not ours and given.get("can_comment") is False else None,
            change="edited",
            source=small(can_reply_privately=given.get("can_reply_privately") is True),
        )
    ]


def post_of(element: Any, us: Us) -> tuple[str, bool]:
    """Return the id of the post that a comment is under, and whether that is the Page's own post.

    Whether `object` names the whole id or the post's part alone is from memory: both are taken. A post whose author is
    not told is somebody else's: Pages are always named to themselves.
    """
    given = mapping(mapping(element).get("object"))
    found = identifier(given.get("id")) or own_id(element).partition("_")[0]
    whole = found if "_" in found else f"{us.page_id}_{found}"
    return whole, whole.startswith(f"{us.page_id}_") and is_ours(given, us)


def _place(given: Mapping[str, Any], comment_id: str, parent: str, us: Us) -> tuple[str, str]:
    """Return the thread of a comment and what it answers ("" where that is nothing of ours to show)."""
    post_id, own_post = post_of(given, us)
    if own_post:
        return (parent or comment_id), parent
    if post_id.startswith(f"{us.page_id}_"):
        return post_id, parent or post_id
    # Under somebody else's post elsewhere: our answer belongs to the post, others' words are a mention by themselves.
    if is_ours(given, us) and not parent:
        return post_id, post_id
    return (parent or comment_id), parent


def rating(element: Any, us: Us) -> list[InboundItem]:
    """Return a recommendation, or a review with stars from before 2018. Raises: Unreadable.

    Its node has no id of its own: its story's stands for it, else one made of who and when.
    """
    given = mapping(element)
    posted_at = moment(given.get("created_time")) or at_seconds(given.get("created_time"))
    if posted_at is None:
        raise Unreadable("It does not say when it was written.")
    reviewer = mapping(given.get("reviewer")) or {"id": given.get("reviewer_id"), "name": given.get("reviewer_name")}
    story = own_id(given.get("open_graph_story")) or identifier(given.get("open_graph_story_id"))
    made = hashlib.sha256(f"{identifier(reviewer.get('id'))} {posted_at.isoformat()}".encode()).hexdigest()[:32]
    rating_id = f"{RATING}{story or made}"
    verdict = line(given.get("recommendation_type")).casefold()
    stars = number(given.get("rating"))
    return [
        InboundItem(
            remote_id=rating_id,
            thread_id=rating_id,
            direction="inbound",
            author=_author(reviewer),
            title={"positive": "Recommends", "negative": "Does not recommend"}.get(verdict, ""),
            text=clean(given.get("review_text")),
            posted_at=posted_at,
            ratings=(Rating("Rating", stars, 5),) if stars is not None and 1 <= stars <= 5 else (),
            url=f"{us.web}/{us.page_id}/reviews",
            may_not_reply=NO_ANSWER_TO_RATING,
            change="edited",
            source={"is_rating": True},
        )
    ]


def message(element: Any, thread: Mapping[str, Any], us: Us) -> list[InboundItem]:
    """Return a private message of a thread, the Page's own as outbound. Raises: Unreadable."""
    given = mapping(element)
    message_id, posted_at = _known(given, "message")
    ours = is_ours(given, us)
    people = [mapping(one) for one in sequence(mapping(thread.get("participants")).get("data"))]
    them = next((one for one in people if identifier(one.get("id")) not in ("", us.page_id)), {})
    sender = mapping(given.get("from")) or ({} if ours else them)
    files = [mapping(one) for one in sequence(mapping(given.get("attachments")).get("data"))]
    kinds = ", ".join(line(first(one, "name", "mime_type"), 100) or "a file" for one in files)
    return [
        InboundItem(
            remote_id=message_id,
            thread_id=own_id(thread) or message_id,
            direction="outbound" if ours else "inbound",
            author=_author(sender),
            # Files of private messages stay where they are: neither kept nor linked to.
            text=clean(given.get("message")) or (f"[Sent on Facebook: {kinds}]" if files else ""),
            posted_at=posted_at,
            change="edited",
            source=small(
                private=True,
                psid=identifier(them.get("id")) or ("" if ours else identifier(sender.get("id"))),
                can_reply=thread.get("can_reply") is not False,
            ),
        )
    ]


def _known(given: Mapping[str, Any], what: str) -> tuple[str, datetime]:
    found, posted_at = own_id(given), moment(given.get("created_time"))
    if not found:
        raise Unreadable(f"It is not a {what} with an id.")
    if posted_at is None:
        raise Unreadable("It does not say when it was written.")
    return found, posted_at


def _author(given: Any) -> Author:
    person = mapping(given)
    return Author(identifier(person.get("id")) or None, line(person.get("name"), 200))


def _attachments(given: Sequence[Any]) -> tuple[Mapping[str, str], ...]:
    found = []
    for one in map(mapping, given):
        known = {
            "type": line(one.get("type"), 50),
            "url": address(one.get("url")) or "",
            "name": line(one.get("title"), 200),
        }
        if known["url"]:
            found.append({name: value for name, value in known.items() if value})
    return tuple(found)
