"""Responses to reviews: how the Moderation API takes them, what it says, and how they are found again.

Source: NHS.UK "Moderation" API (generation 2) as a public client shows it. Which values `Status` takes is not
documented: a response counts as live where it says "Published", and as refused where it says so.
"""

from typing import Any, Final

from healthberry.connectors import nhsuk_items as items
from healthberry.connectors.base import Reply, SentReply
from healthberry.connectors.errors import ConnectorError, Rejected, Temporary, Unavailable
from healthberry.connectors.http_answers import Answer
from healthberry.connectors.reading import address, identifier, mapping
from healthberry.connectors.text import line, similar

# An address is required, but our members' are nobody's business; this one is kept for documents (RFC 5737).
_NOBODYS_ADDRESS: Final = "192.0.2.1"


def body(reply: Reply, publisher_id: str, name: str, ods_code: str) -> dict[str, Any]:
    """Return the response as the Moderation API takes it; `name` is shown, `ods_code` says about whom."""
    return {
        "Author": reply.author_email,
        "ScreenName": name,
        "Title": f"Reply from {name}",
        "CommentText": reply.text,
        "CommentOriginalURL": reply.target.url or "",
        # Both references must be JSON strings. Ours is chosen before the first attempt, so a second one is seen.
        "PublishersCommentRef": str(reply.key),
        "PublisherID": publisher_id,
        "IPAddress": _NOBODYS_ADDRESS,
        "ODSCode": reply.target.service_code or ods_code,
        "RespondingTo": {
            "PublisherID": str(reply.target.source.get("publisher_id") or "nhsuk"),
            "PublishersCommentRef": str(reply.target.source.get("comment_ref") or reply.target.remote_id),
        },
    }


def found_in(element: Any, reply: Reply) -> SentReply | None:
    """Return the review's response if it carries our key or, moderators may edit, much the same words."""
    response = items.response_of(element)
    ours = identifier(response.get("publishersCommentRef")) == reply.key
    if not response or not (ours or similar(reply.text, str(response.get("commentText") or ""))):
        return None
    url = address(items.comment_of(element).get("commentOriginalURL"))
    return SentReply(items.response_id(element), url, "live" if items.is_live(response) else "pending")


def accepted(answer: Answer, reply: Reply) -> SentReply:
    """Return what a 2xx says. Raises: Rejected, Unavailable when it does not say under which number."""
    body = mapping(answer.json())
    status = line(body.get("Status")).casefold()
    if status in ("rejected", "error", "failed"):
        raise Rejected(line(body.get("ErrorText"), 300) or "NHS.UK does not accept this answer.")
    remote_id = identifier(body.get("CommentID"))
    if not remote_id:
        raise Unavailable("NHS.UK took the answer but did not say under which number.")
    return SentReply(remote_id, reply.target.url, "live" if status == "published" else "pending")


def refusal(answer: Answer, error: ConnectorError) -> ConnectorError:
    """Return `error` with NHS.UK's own words where it gives some."""
    if not isinstance(error, Rejected):
        return error
    try:
        told = mapping(answer.json())
    except Temporary:
        return error
    text = line(told.get("ErrorText") or told.get("message"), 300)
    return Rejected(f"NHS.UK does not accept this answer: {text}") if text else error
