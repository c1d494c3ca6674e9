"""Answering a review on Google, which keeps one answer per review: what is published replaces what stands there."""

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from healthberry.connectors import google_items as items
from healthberry.connectors.base import Access, Reply, ReplyPermission, ReplyTarget, SentReply
from healthberry.connectors.errors import Gone, Rejected
from healthberry.connectors.google_api import Api
from healthberry.connectors.text import line

_ONE_ANSWER: Final = "Google keeps one answer per review: what you publish replaces the one that is there."
_NEWER: Final = (
    "Somebody has answered this review on Google since, and Google keeps one answer per review. Read theirs first: if "
    "yours is to replace it, send it again."
)


def may_reply(target: ReplyTarget) -> ReplyPermission:
    """Say that it can be answered, and that an answer which is there already is replaced."""
    if target.may_not_reply:
        return ReplyPermission("none", target.may_not_reply, target.url)
    url = line(target.source.get("reply_url"), 2_000) or target.url
    return ReplyPermission("api", _ONE_ANSWER if target.source.get("replied_at") else "", url)


def reply(api: Api, access: Access, reply: Reply) -> SentReply:
    """Publish the answer, unless a colleague's stands there that its writer could not have seen.

    Google replaces what is there: the same answer twice is one.
    Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
    """
    name = reply.target.remote_id
    present = items.reply_of(api.review(access, name))
    shows = bool(present) and items.state_of(present) != "rejected"
    if shows and items.says(present, reply.text):
        return items.sent(present, name, reply.target.url)
    if shows and _is_news(present, reply):
        raise Rejected(_NEWER)
    return items.sent(api.answer(access, name, reply.text), name, reply.target.url, at_once=True)


def take_down(api: Api, access: Access, remote_id: str) -> None:
    """Delete the one answer of a review; one that is gone is no error. Raises: Rejected; Temporary, Permanent.

    Source: reference of Business Profile, `accounts.locations.reviews.deleteReply`.
    """
    name = remote_id.removesuffix("/reply")
    if name == remote_id or items.parts_of(name) is None:
        raise Rejected("Google knows no answer under this name.")
    with contextlib.suppress(Gone):
        api.take_answer_down(access, name)


def find_reply(api: Api, access: Access, reply: Reply) -> SentReply | None:
    """Look whether the review's answer has our words, and whether it shows.

    Raises: Rejected when moderators refused it; Gone when the review is no longer there; Temporary, Permanent.
    """
    present = items.reply_of(api.review(access, reply.target.remote_id))
    if not items.says(present, reply.text):
        return None
    return items.sent(present, reply.target.remote_id, reply.target.url)


def _is_news(present: Mapping[str, Any], reply: Reply) -> bool:
    """Say whether the answer that stands there is another one than its replacement's writer was shown."""
    changed_at = items.replied_at(present)
    if changed_at is None or changed_at.isoformat() != reply.target.source.get("replied_at"):
        return True
    return reply.queued_at is not None and changed_at > reply.queued_at
