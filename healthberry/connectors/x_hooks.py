"""What X sends by itself, signed with the application's consumer secret, and asking X to send it.

X Activity: one event a request, with the post. Account Activity, its predecessor, sends lists of posts in the old form.
Either is a hint, save for what polls may find late or never: answers and quotes are looked up, deletions followed.

Source: X documents on webhooks and X Activity as of 2026; whether one request may hold several events is not told, so
`data` is read as one or as several.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from healthberry.connectors.base import Access, Delivery, Page, WebhookAnswer, WebhookRequest
from healthberry.connectors.errors import BadSignature, Permanent, Temporary
from healthberry.connectors.reading import first, identifier, mapping, sequence, withdrawn
from healthberry.connectors.text import line
from healthberry.connectors.x_calls import Calls, body_of
from healthberry.connectors.x_posts import newest_id
from healthberry.connectors.x_reading import Reading

SIGNATURE: Final = "x-twitter-webhooks-signature"
PATH: Final = "/hooks/x"
EVENTS: Final = ("post.mention.create", "post.reply.create", "post.quote.create", "post.delete")
_LOOKED_UP: Final = ("post.reply.create", "post.quote.create")
_DELETED: Final = ("post.delete", "tweet_delete_events")
_OLD: Final = ("tweet_create_events", "tweet_delete_events", "user_event")
_HINT: Final = Page([], None, more=False, poll_now=True)
_NOTHING: Final = Page([], None, more=False)


class Hooks:
    """Verifies, parts and reads what X sends; `secret` is the consumer secret, "" where there is none."""

    def __init__(self, calls: Calls, reading: Reading, secret: str) -> None:
        self._calls, self._reading, self._secret = calls, reading, secret

    def receive(self, request: WebhookRequest) -> WebhookAnswer:
        """Answer X's challenge, or verify what it sends and part it into events. Raises: BadSignature."""
        if not self._secret:
            raise BadSignature("This installation has no consumer secret (X_CONSUMER_SECRET).")
        if request.method == "GET":
            return self._challenged(request.query.get("crc_token", ""))
        given = request.headers.get(SIGNATURE, "")
        if not hmac.compare_digest(self._signature(request.body).encode(), given.encode("utf-8", "replace")):
            raise BadSignature("Not signed with the consumer secret.")
        return WebhookAnswer(200, deliveries=list(_parts(request.body)))

    def read_delivery(self, access: Access, body: str) -> Page:
        """Read one event. Raises: Temporary, Permanent."""
        event = _loaded(body)
        kind, payload = line(event.get("event_type"), 100), mapping(event.get("payload"))
        if kind in _DELETED:
            remote_id = newest_id(mapping(first(payload, "status")) or payload)
            return Page([withdrawn(remote_id)], None, more=False) if remote_id else _NOTHING
        if kind in _LOOKED_UP and (remote_id := newest_id(payload)):
            found = self._reading.one(access, remote_id)
            return found if found.items else _HINT
        return _NOTHING if kind.startswith("dm.") else _HINT

    def subscribe(self, user_id: str) -> None:
        """Ask for this account's events at the webhook that the operator made; again: what is there stays.

        Where it fails, polls go on without.
        """
        if not self._secret or not user_id:
            return
        with suppress(Temporary, Permanent):
            headers = self._calls.app_headers()
            webhook_id = self._webhook(headers)
            listed = body_of(self._calls.http.get("/2/activity/subscriptions", headers=headers)).get("data")
            there = {
                (line(one.get("event_type"), 100), identifier(mapping(one.get("filter")).get("user_id")))
                for one in map(mapping, sequence(listed))
            }
            for event in EVENTS if webhook_id else ():
                if (event, user_id) not in there:
                    asked = {"event_type": event, "filter": {"user_id": user_id}, "webhook_id": webhook_id}
                    self._calls.http.post("/2/activity/subscriptions", headers=headers, json=asked)

    def _webhook(self, headers: Mapping[str, str]) -> str:
        """Return the id of the webhook that leads to us; an app may have others."""
        made = map(mapping, sequence(body_of(self._calls.http.get("/2/webhooks", headers=headers)).get("data")))
        return next((identifier(one.get("id")) for one in made if line(one.get("url"), 2_000).endswith(PATH)), "")

    def _challenged(self, token: str) -> WebhookAnswer:
        if not token:
            raise BadSignature("There is nothing to answer.")
        answer = {"response_token": self._signature(token.encode("utf-8", "replace"))}
        return WebhookAnswer(200, json.dumps(answer), "application/json")

    def _signature(self, signed: bytes) -> str:
        digest = hmac.new(self._secret.encode(), signed, hashlib.sha256).digest()
        return f"sha256={base64.b64encode(digest).decode()}"


def _parts(body: bytes) -> Iterator[Delivery]:
    whole = _loaded(body.decode("utf-8", "replace"))
    events = sequence(whole.get("data")) or [whole.get("data")]
    for event in filter(None, map(mapping, events)):
        account = identifier(mapping(event.get("filter")).get("user_id"))
        yield Delivery(json.dumps(event, ensure_ascii=True), account, identifier(event.get("event_uuid")))
    account = identifier(whole.get("for_user_id"))
    for name in _OLD:
        for payload in map(mapping, sequence(whole.get(name)) or [whole.get(name)]):
            if payload:
                yield Delivery(json.dumps({"event_type": name, "payload": payload}), account or _revoked(payload))


def _revoked(payload: Mapping[str, Any]) -> str:
    """Return whose permission was taken back: that event names nobody else."""
    return identifier(mapping(mapping(payload.get("revoke")).get("source")).get("user_id"))


def _loaded(body: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {}
