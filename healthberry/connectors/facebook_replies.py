"""Answering on Facebook: publicly under a comment or post, once in private to its author, or within a private exchange.

Source: developers.facebook.com, "Comments and mentions", "Private replies" and "Send API" (2026). Nothing there knows
an idempotency key: the same answer sent twice shows twice. Only the second private answer to one comment is refused
(10900).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from healthberry.connectors import facebook_items as items
from healthberry.connectors import graph_answers
from healthberry.connectors.base import Reply, ReplyPermission, ReplyTarget, ReplyWay, SentReply
from healthberry.connectors.errors import Rejected, Unavailable
from healthberry.connectors.facebook_items import Us
from healthberry.connectors.graph import Graph, after
from healthberry.connectors.graph_errors import AlreadyThere
from healthberry.connectors.reading import address, identifier, mapping, own_id, sequence

PRIVATE_LENGTH: Final = 2_000  # from memory
_PRIVATE_WINDOW: Final = timedelta(hours=24)
_ONCE_WINDOW: Final = timedelta(days=7)
_LATE: Final = (
    "Facebook takes a private answer only within 24 hours of the person's last message. That time is over: they have "
    "to write again first."
)
_PUBLIC: Final = ReplyWay("public", "Publicly", "Everybody who sees this on Facebook sees your answer.")
_PRIVATE: Final = ReplyWay(
    "private",
    "In private",
    "Only this person sees it, in Messenger. Once, within 7 days; up to 2,000 characters.",
    private=True,
)
_MESSAGE: Final = ReplyWay(
    "message", "In private", "Only this person sees it, in Messenger. Up to 2,000 characters.", private=True
)


def permission(target: ReplyTarget, *, private: bool, now: datetime | None = None) -> ReplyPermission:
    """Say how this can be answered; `private` says whether the channel may send private messages."""
    now = now or datetime.now(UTC)
    if target.source.get("private"):
        return _in_private(target, now)
    if target.may_not_reply:
        return ReplyPermission("none", target.may_not_reply, target.url)
    fresh = target.posted_at is None or now - target.posted_at < _ONCE_WINDOW
    both = private and fresh and bool(target.source.get("can_reply_privately"))
    return ReplyPermission("api", "", target.url, ways=(_PUBLIC, _PRIVATE) if both else (_PUBLIC,))


def _in_private(target: ReplyTarget, now: datetime) -> ReplyPermission:
    until = target.posted_at + _PRIVATE_WINDOW if target.posted_at else None
    if until and until <= now:
        return ReplyPermission("none", _LATE, target.url)
    if not target.source.get("psid") or target.source.get("can_reply") is False:
        return ReplyPermission("none", "Facebook does not let your Page write to this person.", target.url)
    return ReplyPermission("api", "", target.url, (_MESSAGE,), until)


class Replies:
    """The writing calls of one Page, and the looks after them."""

    def __init__(self, api: Graph, token: str, us: Us) -> None:
        self._api, self._token, self._us = api, token, us

    def send(self, reply: Reply) -> SentReply:
        """Send it, unless it is there already: nothing at Facebook keeps the same words from showing twice.

        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        if is_private(reply) and len(reply.text) > PRIVATE_LENGTH:
            raise Rejected(f"Messenger takes up to {PRIVATE_LENGTH:,} characters, and this is {len(reply.text):,}.")
        # A second private answer to a comment is refused by Facebook itself (10900).
        guarded = is_private(reply) and not reply.target.source.get("psid")
        if not guarded and (found := self.find(reply)):
            return found
        return self._send_private(reply) if is_private(reply) else self._publish(reply)

    def find(self, reply: Reply) -> SentReply | None:
        """Return the reply if it is there, by its words and its time. Raises: Gone; Temporary, Permanent."""
        return self._find_private(reply) if is_private(reply) else self._find_public(reply)

    def _publish(self, reply: Reply) -> SentReply:
        body = self._api.write(self._token, "/{id}/comments", form={"message": reply.text}, id=reply.target.remote_id)
        return self._sent(identifier(body.get("id")))

    def _send_private(self, reply: Reply) -> SentReply:
        given = {
            "recipient": _recipient(reply),
            "messaging_type": "RESPONSE",
            "message": {"text": reply.text, "metadata": reply.key},
        }
        try:
            body = self._api.write(self._token, "/{id}/messages", given=given, id=self._us.page_id)
        except AlreadyThere:
            if found := self._find_private(reply):
                return found
            raise
        message_id = identifier(body.get("message_id"))
        if not message_id:
            raise Unavailable("Facebook took the message but did not say under which number.")
        return SentReply(message_id, None, private=True)

    def _find_public(self, reply: Reply) -> SentReply | None:
        params = [
            ("filter", "stream"),
            ("order", "reverse_chronological"),
            ("fields", items.COMMENT_FIELDS),
            ("limit", "100"),
        ]
        # A reply to a reply hangs below the first comment (from memory): both places are looked at.
        parents = list(dict.fromkeys([reply.target.remote_id, reply.target.thread_id]))
        for parent in parents:
            cursor = ""
            for _ in range(graph_answers.FIND_PAGES):
                wanted = [*params, *([("after", cursor)] if cursor else [])]
                body = self._api.read(self._token, "/{id}/comments", wanted, id=parent)
                found = [one for one in map(mapping, sequence(body.get("data"))) if self._is_it(one, reply, parents)]
                if found:
                    return self._sent(own_id(found[0]), address(found[0].get("permalink_url")))
                if not (cursor := after(body)):
                    break
        return None

    def _is_it(self, comment: Mapping[str, Any], reply: Reply, parents: Sequence[str]) -> bool:
        parent = own_id(comment.get("parent"))
        in_place = not parent or parent in parents
        return in_place and items.is_ours(comment, self._us) and _says(comment, reply)

    def _find_private(self, reply: Reply) -> SentReply | None:
        for thread in self._threads(reply):
            messages = sequence(mapping(mapping(thread).get("messages")).get("data"))
            for one in map(mapping, messages):
                if items.is_ours(one, self._us) and (one.get("metadata") == reply.key or _says(one, reply)):
                    return SentReply(own_id(one), None, private=True)
        return None

    def _threads(self, reply: Reply) -> Sequence[Any]:
        messages = f"messages.limit(20){{{items.MESSAGE_FIELDS}}}"
        psid = identifier(reply.target.source.get("psid"))
        if not psid:
            fields = [("fields", f"private_reply_conversation{{id,{messages}}}")]
            body = self._api.read(self._token, "/{id}", fields, id=reply.target.remote_id)
            return [body.get("private_reply_conversation")]
        params = [("platform", "MESSENGER"), ("user_id", psid), ("fields", f"id,{messages}")]
        return sequence(self._api.read(self._token, "/{id}/conversations", params, id=self._us.page_id).get("data"))

    def _sent(self, remote_id: str, url: str | None = None) -> SentReply:
        if not remote_id:
            raise Unavailable("Facebook took the comment but did not say under which number.")
        return SentReply(remote_id, url or f"{self._us.web}/{remote_id}")


def is_private(reply: Reply) -> bool:
    """Say whether this reply is a message that only one person sees."""
    return reply.way == "private" or bool(reply.target.source.get("private"))


def _recipient(reply: Reply) -> Mapping[str, str]:
    if psid := identifier(reply.target.source.get("psid")):
        return {"id": psid}
    return {"post_id" if reply.target.source.get("is_post") else "comment_id": reply.target.remote_id}


def _says(given: Mapping[str, Any], reply: Reply) -> bool:
    return graph_answers.says(reply, given.get("message"), given.get("created_time"))
