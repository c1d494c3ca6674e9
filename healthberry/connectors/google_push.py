"""What Google's Pub/Sub pushes to us: verified by Google's own signature, and taken as a hint that something is new.

Source: Pub/Sub push with authentication and the Business Profile notifications API, partly from memory. A message names
a review and carries none of its words. Its keys inside are not documented, so that only the account is looked for.
"""

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import Any, Final

import jwt

from healthberry.connectors.errors import BadSignature, Permanent, Temporary
from healthberry.connectors.http import Http
from healthberry.connectors.reading import identifier, mapping, sequence
from healthberry.connectors.webhooks import Delivery, WebhookAnswer, WebhookRequest

ISSUERS: Final = ("https://accounts.google.com", "accounts.google.com")
_KEPT_SECONDS: Final = 3600.0
_ASK_AGAIN_SECONDS: Final = 60.0  # whoever sends tokens with made-up key ids must not make us ask Google each time
_LEEWAY_SECONDS: Final = 30
_ACCOUNT = re.compile(r"\baccounts/[0-9A-Za-z_-]{1,60}")
_FORGED: Final = "This push was not signed by Google for us."


class Keys:
    """Google's public keys, fetched when they are needed and kept for an hour by this process."""

    def __init__(self, http: Http, clock: Callable[[], float] = time.monotonic) -> None:
        self._http, self._clock = http, clock
        self._lock = Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = -_KEPT_SECONDS

    def get(self, name: str) -> jwt.PyJWK:
        """Return the key of this id; asks again for one that is unknown, at most once a minute.

        Raises: BadSignature when Google has no such key; Temporary when it does not answer.
        """
        with self._lock:
            age = self._clock() - self._fetched_at
            if age >= _KEPT_SECONDS or (name not in self._keys and age >= _ASK_AGAIN_SECONDS):
                self._keys = self._fetched()
                self._fetched_at = self._clock()
            found = self._keys.get(name)
        if found is None:
            raise BadSignature(_FORGED)
        return found

    def _fetched(self) -> dict[str, jwt.PyJWK]:
        body = mapping(self._http.get("/oauth2/v3/certs", headers={}).json())
        keys = {}
        for one in map(mapping, sequence(body.get("keys"))):
            try:
                keys[identifier(one.get("kid"))] = jwt.PyJWK.from_dict(dict(one), algorithm="RS256")
            except (jwt.PyJWTError, ValueError, TypeError):
                continue  # a key of another kind is none of ours
        return keys


def received(request: WebhookRequest, keys: Keys, audience: str, email: str) -> WebhookAnswer:
    """Return the delivery of a push, addressed to the account that it names; one that names none is only taken.

    Raises: BadSignature; Temporary, Permanent when Google's keys can't be had.
    """
    _verify(request, keys, audience, email)
    try:
        message = mapping(mapping(json.loads(request.body)).get("message"))
        inner = json.loads(base64.b64decode(str(message.get("data") or ""), validate=False))
    except (ValueError, binascii.Error, RecursionError):
        return WebhookAnswer(204)  # whatever it is, it would be sent again for a week
    accounts = sorted({name for text in _texts([inner, message.get("attributes")]) for name in _ACCOUNT.findall(text)})
    key = identifier(message.get("messageId")) or identifier(message.get("message_id"))
    body = json.dumps(inner)
    return WebhookAnswer(204, deliveries=[Delivery(body, account, key) for account in accounts])


def _verify(request: WebhookRequest, keys: Keys, audience: str, email: str) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if request.method != "POST" or scheme.casefold() != "bearer" or not (audience and email):
        raise BadSignature(_FORGED)
    try:
        name = jwt.get_unverified_header(token).get("kid")
        claims = jwt.decode(
            token,
            keys.get(identifier(name)),
            algorithms=["RS256"],
            audience=audience,
            issuer=list(ISSUERS),
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "aud", "iss"]},
        )
    except (jwt.PyJWTError, ValueError) as error:
        raise BadSignature(_FORGED) from error
    except (Temporary, Permanent):
        raise
    _check_sender(claims, email)


def _check_sender(claims: Mapping[str, Any], email: str) -> None:
    # Everybody with a service account at Google can have a token signed for our audience: the sender decides.
    if claims.get("email") != email or claims.get("email_verified") is not True:
        raise BadSignature(_FORGED)


def _texts(value: Any, depth: int = 5) -> Iterator[str]:
    if isinstance(value, str):
        yield value[:1_000]
    elif depth and isinstance(value, Mapping | list):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(one, depth - 1)
