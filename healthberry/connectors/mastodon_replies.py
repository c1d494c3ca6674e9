"""Answers on Mastodon: published once, and found again.

Source: documentation of Mastodon, "methods/statuses": a key is remembered for an hour after the post was saved, and
then gives the same post again; other servers ignore it. So there is a look before each attempt.
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from healthberry.connectors import mastodon_items as items
from healthberry.connectors.base import Reply, SentReply
from healthberry.connectors.errors import Gone, Permanent, Rejected, Temporary, Unavailable
from healthberry.connectors.keys import made_at
from healthberry.connectors.mastodon_server import Calls, an_object
from healthberry.connectors.mastodon_settings import check_length
from healthberry.connectors.mastodon_words import addressed_to
from healthberry.connectors.reading import address, mapping, moment, sequence
from healthberry.connectors.text import line

_CLOCKS_DIFFER: Final = timedelta(minutes=10)
_NOT_OURS: Final = "This was not published by the account that is connected, so it can't be deleted from here."
_GONE: Final = "The post that you answer has been deleted, or is hidden from this account."


def publish(calls: Calls, us: items.Us, config: Mapping[str, Any], reply: Reply) -> SentReply:
    """Publish an answer, as public as what it answers, unless it is there.

    Raises: Unavailable (unknown outcome), RateLimited, Rejected, NotAuthorised, Gone.
    """
    parent = _target(calls, reply.target.remote_id)
    if found := find(calls, us, reply):
        return found
    text = addressed_to(line(mapping(parent.get("account")).get("acct"), 300), reply.text)
    check_length(config, text)
    body = {"status": text, "in_reply_to_id": reply.target.remote_id, "visibility": items.visibility(parent)}
    try:
        made = an_object(calls.write("POST", "/api/v1/statuses", body, key=reply.key))
    except Gone as error:
        raise Gone(_GONE) from error
    if not items.status_id(made):
        raise Unavailable("The server took the post but did not say under which number.")
    if items.answered(made) != reply.target.remote_id:
        _take_back(calls, items.status_id(made))
    return _sent(made)


def find(calls: Calls, us: items.Us, reply: Reply) -> SentReply | None:
    """Return the answer with these words, if it is there. Raises: Gone, Temporary, Permanent.

    What was there before the reply was written is another one with the same words.
    """
    target = reply.target.remote_id
    try:
        below = sequence(calls.object("/api/v1/statuses/{id}/context", id=target).get("descendants"))
    except Gone as error:
        raise Gone(_GONE) from error
    if found := _found(below, us, reply):
        return found
    ours, _ = calls.list("/api/v1/accounts/{id}/statuses", [("limit", "40")], id=us.account_id)
    return _found(ours, us, reply)


def take_down(calls: Calls, remote_id: str) -> None:
    """Delete one of our posts; one that is gone is no error.

    A server calls another account's post missing too: it is looked for.
    Raises: Rejected for that; Temporary, Permanent.
    """
    try:
        calls.write("DELETE", "/api/v1/statuses/{id}", id=remote_id)
    except Gone:
        with contextlib.suppress(Gone):
            calls.object("/api/v1/statuses/{id}", id=remote_id)
            raise Rejected(_NOT_OURS) from None


def _take_back(calls: Calls, remote_id: str) -> None:
    """Delete what a server published as a post of its own, where the one it answers is gone. Raises: Gone, Rejected."""
    try:
        calls.write("DELETE", "/api/v1/statuses/{id}", id=remote_id)
    except (Temporary, Permanent) as error:
        # Not "unknown": as an answer it would never be found, and so be published a second time.
        raise Rejected("The server published this, but not as an answer. Look there, and delete it.") from error
    raise Gone(_GONE)


def _target(calls: Calls, remote_id: str) -> Mapping[str, Any]:
    try:
        return calls.object("/api/v1/statuses/{id}", id=remote_id)
    except Gone as error:
        raise Gone(_GONE) from error


def _found(statuses: Sequence[Any], us: items.Us, reply: Reply) -> SentReply | None:
    written = made_at(reply.key)
    for status in statuses:
        at = moment(mapping(status).get("created_at"))
        if written and at and at < written - _CLOCKS_DIFFER:
            continue
        if items.says(status, us.account_id, reply.target.remote_id, reply.text):
            return _sent(status)
    return None


def _sent(status: Any) -> SentReply:
    given = mapping(status)
    return SentReply(items.status_id(given), address(given.get("url") or given.get("uri")))
