"""What Meta sends by itself: the question whether we expect it, its signature, and one piece per change.

Source: developers.facebook.com, "Webhooks: getting started" (the question) and Meta's own sample application (the
signature: SHA-256 over the raw bytes, which Meta writes in ASCII with escapes, so the text is never built anew).
Several changes of several accounts may come in one request, twice, and in any order.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from healthberry.connectors.errors import BadSignature
from healthberry.connectors.reading import identifier, mapping, sequence
from healthberry.connectors.webhooks import Delivery, WebhookAnswer, WebhookRequest

_LISTS: Final = ("changes", "messaging", "standby")
_LONGEST_CHALLENGE: Final = 500
_MOST: Final = 5_000


def receive(request: WebhookRequest, kind: str, app_secret: str, verify_token: str) -> WebhookAnswer:
    """Answer Meta's question, or verify what it sends and part it; `kind` is "page" or "instagram".

    Raises: BadSignature.
    """
    if request.method == "GET":
        return _challenged(request.query, verify_token)
    signed = request.headers.get("x-hub-signature-256", "")
    if not app_secret or not hmac.compare_digest(signature(app_secret, request.body).encode(), signed.encode()):
        raise BadSignature("The signature does not match.")
    try:
        body = mapping(json.loads(request.body))
    except (ValueError, RecursionError):
        body = {}
    # What was signed and yet is not for us is taken all the same: refused, it would come again for 36 hours.
    return WebhookAnswer(200, "EVENT_RECEIVED", deliveries=_parted(body) if body.get("object") == kind else ())


def signature(app_secret: str, body: bytes) -> str:
    """Return what the header `X-Hub-Signature-256` holds for these bytes."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def _challenged(query: Mapping[str, str], verify_token: str) -> WebhookAnswer:
    given = query.get("hub.verify_token", "")
    known = bool(verify_token) and hmac.compare_digest(given.encode(), verify_token.encode())
    if not known or query.get("hub.mode") != "subscribe":
        raise BadSignature("The word for verifying is not ours.")
    return WebhookAnswer(200, query.get("hub.challenge", "")[:_LONGEST_CHALLENGE])


def _parted(body: Mapping[str, Any]) -> Sequence[Delivery]:
    found = []
    for entry in map(mapping, sequence(body.get("entry"))):
        account = identifier(entry.get("id"))
        for name in _LISTS if account else ():
            found += [_delivery(account, name, one, entry.get("time")) for one in sequence(entry.get(name))]
    return found[:_MOST]


def _delivery(account: str, name: str, change: Any, time: Any) -> Delivery:
    # A repeated request holds the same bytes and therefore the same times: the hash is the same again.
    body = json.dumps({"list": name, "change": change, "time": time}, sort_keys=True)
    return Delivery(body, account, hashlib.sha256(f"{account} {body}".encode()).hexdigest())


def opened(body: str) -> tuple[str, Mapping[str, Any], Any]:
    """Return which list a kept piece was in, the piece, and the time of its entry."""
    try:
        kept = mapping(json.loads(body))
    except (ValueError, RecursionError):
        kept = {}
    return str(kept.get("list")), mapping(kept.get("change")), kept.get("time")
