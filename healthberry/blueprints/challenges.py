"""What a passkey is asked to sign: signed by us, ten minutes old at most, and used once."""

import hashlib
import secrets

from itsdangerous import BadData, URLSafeTimedSerializer

from healthberry.core import signed
from healthberry.core.codes import Refused
from healthberry.extensions import part

_SECONDS = 600
_OLD = "This page was open for too long, or was used already. Reload it and try again."


def new() -> tuple[bytes, str]:
    """Return a challenge, and the text by which a form brings it back."""
    challenge = secrets.token_bytes(32)
    return challenge, str(_serializer().dumps(challenge.hex()))


def take(text: str) -> bytes:
    """Return the challenge that a form brought back, and use it up. Raises: Refused; RedisError without Valkey."""
    try:
        challenge = bytes.fromhex(_serializer().loads(text, max_age=_SECONDS))
    except (BadData, ValueError, TypeError) as error:
        raise Refused(_OLD, over=False) from error
    mark = f"passkey-challenge:{hashlib.sha256(challenge).hexdigest()}"
    if not part("valkey").set(mark, 1, nx=True, ex=_SECONDS):
        raise Refused(_OLD, over=False)
    return challenge


def _serializer() -> URLSafeTimedSerializer:
    return signed.timed_signer("passkey-challenge")
