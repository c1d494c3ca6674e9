"""Answering on X, once: the signed-in account posts, and its own posts are looked through before any second try.

Source: X API v2 documents as of 2026: there is no key that makes a second request the same as the first; the same words
again are refused as a duplicate, without the number of the post that is there.
"""

from typing import Final

from healthberry.connectors import x_posts as posts
from healthberry.connectors import x_refusals, x_words
from healthberry.connectors.answers import as_signed_in
from healthberry.connectors.base import Access, Reply, ReplyPermission, ReplyTarget, SentReply
from healthberry.connectors.errors import Rejected, Unavailable
from healthberry.connectors.http_answers import Answer
from healthberry.connectors.reading import identifier, mapping, sequence
from healthberry.connectors.text import line
from healthberry.connectors.x_calls import NOT_SIGNED_IN, POST_FIELDS, Calls
from healthberry.connectors.x_walks import meta_of

_FIND_PAGES: Final = 3


class Replies:
    """Publishes answers and finds them again."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def may_reply(self, access: Access, target: ReplyTarget) -> ReplyPermission:
        """Say whether the signed-in account may answer this post."""
        return as_signed_in(access, target, NOT_SIGNED_IN)

    def reply(self, access: Access, reply: Reply) -> SentReply:
        """Post the answer; X adds the author's @handle by itself.

        Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
        """
        body = {"text": reply.text, "reply": {"in_reply_to_tweet_id": _target(reply)}}
        answer = self._calls.http.ask("POST", "/2/tweets", headers=self._calls.own_headers(access), json=body)
        if not 200 <= answer.status < 300:
            return self._refused(access, reply, answer)
        remote_id = posts.newest_id(mapping(answer.json()).get("data"))
        if not remote_id:
            raise Unavailable("X took the post but did not say under which number.")
        return self._sent(access, remote_id)

    def find_reply(self, access: Access, reply: Reply) -> SentReply | None:
        """Look through our posts since the target for an answer to it with our words. Raises: Temporary, Permanent.

        Words count as equal without leading mentions, escapes and differing links. Where a person posted them on X,
        they may have changed them: then much the same words are enough.
        """
        own_id = access.secrets.get("account_id") or self._calls.us(access).user_id
        params = [("since_id", reply.target.remote_id), ("exclude", "retweets"), ("tweet.fields", POST_FIELDS)]
        signed_in, token = bool(access.secrets.get("access_token")), ""
        targets = {reply.target.remote_id, _target(reply)}
        for _ in range(_FIND_PAGES):
            body = self._calls.timeline(access, own_id, "tweets", token, params)
            for post in sequence(body.get("data")):
                if x_words.says(post, targets, reply.text, exactly=signed_in):
                    return self._sent(access, posts.post_id(post))
            if not (token := meta_of(body).next_token):
                break
        return None

    def take_down(self, access: Access, remote_id: str) -> None:
        """Delete a post of ours; one that is gone is no error. Raises: Rejected for another's; Temporary, Permanent.

        Source: X API v2, `DELETE /2/tweets/:id`: only with the token of the account that posted it.
        """
        headers = self._calls.own_headers(access)
        answer = self._calls.http.ask("DELETE", "/2/tweets/{id}", headers=headers, id=remote_id)
        if answer.status != 404 and not 200 <= answer.status < 300:
            raise self._calls.http.refusal(answer)

    def _refused(self, access: Access, reply: Reply, answer: Answer) -> SentReply:
        error = self._calls.http.refusal(answer)
        if answer.status not in (400, 403):
            raise error
        detail = x_refusals.detail_of(answer)
        if "duplicate" in detail.casefold():
            # The refusal does not name the post that is there: it may be ours, from an attempt that seemed to fail.
            if found := self.find_reply(access, reply):
                return found
            raise Rejected("X has seen these very words from this account lately. Change the wording and try again.")
        raise x_refusals.forbidden(detail, error)

    def _sent(self, access: Access, remote_id: str) -> SentReply:
        username = access.secrets.get("account") or line(access.config.get("username"), 50) or "i"
        return SentReply(remote_id, f"{self._calls.web}/{username.removeprefix('@')}/status/{remote_id}")


def _target(reply: Reply) -> str:
    return identifier(reply.target.source.get("latest_id")) or reply.target.remote_id
