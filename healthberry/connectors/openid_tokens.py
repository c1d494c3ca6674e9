"""What an issuer signed about somebody, checked: signature, issuer, audience, times, nonce.

Only keys of RSA and elliptic curves are taken, and only their own algorithms: a token that says "none", or is signed
with a public key as if it were a shared secret, opens nothing. Source: OpenID Connect Core 1.0, 3.1.3.7.
"""

import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt

from healthberry.connectors import openid_issuers

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_FAMILIES: Final = {"RSA": ("RS", "PS"), "EC": ("ES",)}
_CLAIMS: Final = ("iss", "sub", "aud", "exp", "iat", "nonce")
_SKEW_SECONDS: Final = 60
_OLDEST_SECONDS: Final = 600  # a token is made when the code is exchanged: nobody brings an old one
_LONGEST_SUBJECT: Final = 255
_SMALLEST_RSA_BITS: Final = 2048


class NotBelieved(Exception):
    """The token proves nothing; the message says why, for the log alone."""


class UnknownKey(NotBelieved):
    """It is signed with a key that is not among those given: the issuer may have a new one."""


@dataclass(frozen=True)
class Expected:
    """What a token has to say."""

    issuer: str
    client_id: str
    nonce: str


def check(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> Mapping[str, Any]:
    """Return the claims of an id_token. Raises: UnknownKey, NotBelieved."""
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise NotBelieved("an algorithm that is not taken")
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key=_key(keys, header.get("kid"), algorithm),
            algorithms=[algorithm],
            audience=expected.client_id,
            issuer=expected.issuer,
            leeway=_SKEW_SECONDS,
            options={"require": list(_CLAIMS)},
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise NotBelieved(type(error).__name__) from error
    _check_claims(claims, expected)
    return claims


def _check_claims(claims: Mapping[str, Any], expected: Expected) -> None:
    audiences, party, subject = claims["aud"], claims.get("azp"), claims["sub"]
    if party not in (None, expected.client_id) or (isinstance(audiences, list) and len(audiences) > 1 and not party):
        raise NotBelieved("it was made for somebody else")
    if not hmac.compare_digest(str(claims["nonce"]).encode(), expected.nonce.encode()):
        raise NotBelieved("another nonce")
    if float(claims["iat"]) < time.time() - _OLDEST_SECONDS - _SKEW_SECONDS:
        raise NotBelieved("made too long ago")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise NotBelieved("no subject")
    if not openid_issuers.is_of_this_tenant(expected.issuer, claims):
        raise NotBelieved("another tenant")


def _key(keys: Sequence[Mapping[str, Any]], name: Any, algorithm: str) -> jwt.PyJWK:
    """Return the key of this name; a token without a name is checked with the only key that there is."""
    fitting = [one for one in keys if _fits(one, algorithm) and name in (None, one.get("kid"))]
    if not fitting:
        raise UnknownKey("an unknown key")
    if len(fitting) > 1:
        raise NotBelieved("nobody can tell which key")
    key = jwt.PyJWK.from_dict(dict(fitting[0]), algorithm=algorithm)
    if fitting[0].get("kty") == "RSA" and key.key.key_size < _SMALLEST_RSA_BITS:
        raise NotBelieved("a key that is too short")
    return key


def _fits(key: Mapping[str, Any], algorithm: str) -> bool:
    families = _FAMILIES.get(str(key.get("kty")), ())
    return algorithm.startswith(families) and key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm
