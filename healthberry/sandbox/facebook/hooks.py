"""Telling the app what is new: signed, in ASCII with escapes as Meta writes it, several times where it is not taken.

The flag `times` sends everything so often, as duplicates happen. Retries come after 1, 3 and 10 seconds, instead of
over 36 hours.
"""

import hmac
import json
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from healthberry.sandbox.state import Sandbox

from .graph import GraphError

PAUSES = (0, 1, 3, 10)
WAIT_SECONDS = 20
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def verify(callback: str, verify_token: str) -> None:
    """Ask a callback whether it expects us. Raises: GraphError where it does not answer with the challenge."""
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": verify_token}
    try:
        with _DIRECTLY.open(f"{callback}?{urlencode(query)}", timeout=WAIT_SECONDS) as answer:
            if answer.read(100) == b"1158201444":
                return
    except (OSError, ValueError):
        pass
    raise GraphError(2200, "Callback verification failed: the callback did not answer with the challenge")


def tell(sandbox: Sandbox, object_: str, page_id: str, field: str, piece: Mapping[str, Any], account: str = "") -> None:
    """Deliver one change, if the app and the Page asked for such; returns at once.

    `piece` is a change's value, or for `messaging` an event of Messenger's. For Instagram it is enough that the Page is
    followed for anything; `account` is then whose news it is.
    """
    store = sandbox.store
    hook = store.row("SELECT * FROM facebook_hooks WHERE object = ?", object_)
    wanted = str(store.value("SELECT fields FROM facebook_subscribed WHERE page_id = ?", page_id) or "").split(",")
    name = str(piece.get("field", field)) if field == "messaging" else field
    if hook is None or (name not in wanted if object_ == "page" else wanted == [""]):
        return
    now = store.now()
    entry: dict[str, Any] = {"id": account or page_id, "time": now if field == "messaging" else now // 1000}
    if field == "messaging":
        entry["messaging"] = [{key: value for key, value in piece.items() if key != "field"}]
    else:
        entry["changes"] = [{"field": field, "value": piece}]
    times = int(store.value("SELECT value FROM facebook_flags WHERE name = 'times'") or 1)
    secret = sandbox.config.keys["FACEBOOK_APP_SECRET"]
    args = (hook["callback"], secret, {"object": object_, "entry": [entry]}, times)
    threading.Thread(target=_deliver, args=args, daemon=True).start()


def signed(secret: str, body: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the bytes of a delivery and its signature."""
    raw = json.dumps(body, ensure_ascii=True).replace("/", "\\/").encode()
    return raw, "sha256=" + hmac.new(secret.encode(), raw, sha256).hexdigest()


def _deliver(callback: str, secret: str, body: Mapping[str, Any], times: int) -> None:
    raw, signature = signed(secret, body)
    for _ in range(times):
        _until_taken(callback, raw, signature, PAUSES)


def _until_taken(callback: str, raw: bytes, signature: str, pauses: Sequence[float]) -> None:
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature, "User-Agent": "facebookexternalua"}
    for pause in pauses:
        time.sleep(pause)
        request = urllib.request.Request(callback, raw, headers, method="POST")  # noqa: S310 - the app's own callback
        try:
            with _DIRECTLY.open(request, timeout=WAIT_SECONDS) as answer:
                if answer.status == 200:
                    return
        except (OSError, ValueError):
            continue
