"""Answering on Instagram: below a comment under one of our posts, or below what mentions us elsewhere.

Source: "Instagram comment moderation" and "Instagram mentions" (2026). Nothing there knows an idempotency key, and
answers below other accounts' posts are not served: whether such a one went out, only a person can see.
"""

from collections.abc import Mapping
from typing import Any, Final

from healthberry.connectors import graph_answers
from healthberry.connectors import instagram_items as items
from healthberry.connectors.base import Reply, SentReply
from healthberry.connectors.errors import Unavailable, UnexpectedAnswer
from healthberry.connectors.graph import Graph, after
from healthberry.connectors.instagram_items import Us
from healthberry.connectors.reading import identifier, mapping, own_id, sequence

_NOT_SHOWN: Final = (
    "Instagram does not show us answers below other accounts' posts: look there before you send this one again."
)


def send(api: Graph, token: str, us: Us, reply: Reply) -> SentReply:
    """Answer as the account, unless it is seen to be there. Raises: Unavailable (unknown outcome) and the rest."""
    if media_id := identifier(reply.target.source.get("media_id")):
        form = {"media_id": media_id, "message": reply.text}
        if comment_id := identifier(reply.target.source.get("comment_id")):
            form["comment_id"] = comment_id
        return _sent(api.write(token, "/{id}/mentions", form=form, id=us.ig_id), reply)
    if found := find(api, token, us, reply):
        return found
    # There are two levels: an answer to an answer hangs below the first comment too.
    return _sent(api.write(token, "/{id}/replies", form={"message": reply.text}, id=reply.target.thread_id), reply)


def find(api: Graph, token: str, us: Us, reply: Reply) -> SentReply | None:
    """Look below the comment for an answer of ours with our words, no older than the attempt.

    Raises: UnexpectedAnswer where nobody can know; Gone; Temporary, Permanent.
    """
    if reply.target.source.get("media_id"):
        raise UnexpectedAnswer(_NOT_SHOWN)
    cursor = ""
    for _ in range(graph_answers.FIND_PAGES):
        params = [("fields", items.REPLY_FIELDS), ("limit", "100"), *([("after", cursor)] if cursor else [])]
        body = api.read(token, "/{id}/replies", params, id=reply.target.thread_id)
        for one in map(mapping, sequence(body.get("data"))):
            if items.is_ours(one, us) and graph_answers.says(reply, one.get("text"), one.get("timestamp")):
                return SentReply(own_id(one), reply.target.url)
        if not (cursor := after(body)):
            break
    return None


def _sent(body: Mapping[str, Any], reply: Reply) -> SentReply:
    remote_id = identifier(body.get("id"))
    if not remote_id:
        raise Unavailable("Instagram took the comment but did not say under which number.")
    return SentReply(remote_id, reply.target.url)
