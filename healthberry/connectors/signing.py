"""Signatures of our own: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`, both ways, good for five minutes."""

import hashlib
import hmac
from typing import Final

from healthberry.connectors.errors import BadSignature

HEADER: Final = "x-healthberry-signature"
GOOD_SECONDS: Final = 300
_LONGEST_HEADER: Final = 2_000


def sign(secret: str, body: bytes, at: int) -> str:
    """Return the value of the header for `body`, signed at this moment (Unix seconds)."""
    return f"t={at},v1={_digest(secret, str(at), body)}"


def verify(secret: str, header: str, body: bytes, at: float) -> int:
    """Return when `body` was signed. Raises: BadSignature, also where that was more than five minutes before or after.

    Several `v1` may stand in the header: one that fits is enough, so that a secret can be renewed.
    """
    parts = [part.strip().partition("=") for part in header[:_LONGEST_HEADER].split(",")]
    stamp = next((value for name, _, value in parts if name == "t"), "")
    given = [value for name, _, value in parts if name == "v1"]
    expected = _digest(secret, stamp, body) if secret else ""
    # Each is compared whole, in the same time whatever fits.
    fits = [hmac.compare_digest(expected.encode(), value.encode("utf-8", "replace")) for value in given]
    if not expected or not any(fits) or not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13):
        raise BadSignature("The signature does not fit.")
    if abs(at - int(stamp)) > GOOD_SECONDS:
        raise BadSignature("It was signed too long ago.")
    return int(stamp)


def _digest(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), stamp.encode("utf-8", "replace") + b"." + body, hashlib.sha256).hexdigest()
