"""What only this installation can have written: tokens signed by HMAC with SHA-256.

Each purpose has a salt of its own: a token that was made for one is worthless for another.
"""

import hashlib
from typing import Any, Final

from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from healthberry.extensions import part

BY_SHA256: Final[dict[str, Any]] = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}


def signer(salt: str) -> URLSafeSerializer:
    """Return what signs and reads tokens that last as long as what they name."""
    return URLSafeSerializer(part("settings").secret_key, salt=salt, signer_kwargs=BY_SHA256)


def timed_signer(salt: str) -> URLSafeTimedSerializer:
    """Return what signs tokens together with the moment, and reads them only for a while."""
    return URLSafeTimedSerializer(part("settings").secret_key, salt=salt, signer_kwargs=BY_SHA256)
