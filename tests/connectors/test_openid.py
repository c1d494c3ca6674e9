"""Issuers of OpenID Connect: which may be asked, which keys are taken, what is believed of whom."""

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from healthberry.connectors.openid import Client, Issuers, Started
from healthberry.connectors.openid_issuers import NotAnIssuer, believed
from healthberry.connectors.openid_tokens import Expected, NotBelieved, UnknownKey, check

TENANT = "37c354b2-85b0-47f5-b222-07b48d774ee3"
ENTRA = f"https://login.microsoftonline.com/{TENANT}/v2.0"
EXPECTED = Expected("https://issuer.example", "client", "nonce")
CURVE = ec.generate_private_key(ec.SECP256R1())


def _jwk(key: Any, **more: str) -> dict[str, Any]:
    kind = jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else jwt.algorithms.RSAAlgorithm
    return {**json.loads(kind.to_jwk(key.public_key())), **more}


def _token(key: Any, algorithm: str = "ES256", **claims: Any) -> str:
    times = {"iat": int(time.time()), "exp": int(time.time()) + 300}
    made = {"iss": EXPECTED.issuer, "aud": "client", "nonce": "nonce", "sub": "robin", **times, **claims}
    return jwt.encode(made, key, algorithm=algorithm)


def test_keys_on_curves_are_taken_with_or_without_a_name_where_there_is_only_one() -> None:
    assert check(_token(CURVE), [_jwk(CURVE)], EXPECTED)["sub"] == "robin"
    assert check(_token(CURVE), [_jwk(CURVE, kid="a"), {"kty": "oct", "k": "c2VjcmV0"}], EXPECTED)["sub"] == "robin"


def test_keys_that_are_short_doubtful_or_for_something_else_are_not() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - that is the point
    with pytest.warns(jwt.InsecureKeyLengthWarning), pytest.raises(NotBelieved, match="too short"):
        check(_token(short, "RS256"), [_jwk(short)], EXPECTED)
    with pytest.raises(NotBelieved, match="which key"):
        check(_token(CURVE), [_jwk(CURVE), _jwk(CURVE)], EXPECTED)
    for unfit in ({"use": "enc"}, {"alg": "ES384"}):
        with pytest.raises(UnknownKey):
            check(_token(CURVE), [_jwk(CURVE, **unfit)], EXPECTED)


def test_a_token_of_another_tenant_is_refused() -> None:
    expected = Expected(ENTRA, "client", "nonce")
    keys = [_jwk(CURVE)]
    assert check(_token(CURVE, iss=ENTRA, tid=TENANT), keys, expected)["tid"] == TENANT
    for other in ({"tid": "another"}, {}):
        with pytest.raises(NotBelieved, match="another tenant"):
            check(_token(CURVE, iss=ENTRA, **other), keys, expected)


@pytest.mark.parametrize(
    "issuer",
    [
        "http://issuer.example",
        "https://issuer.example:8443",
        "https://localhost",
        "https://user@issuer.example",
        "https://issuer.example/?a=b",
        "https://issuer.example/#a",
        "https://issuer.example\\@evil.example",
        "https://xn--[",
        "",
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/organizations/v2.0",
        "https://LOGIN.microsoftonline.com/consumers/v2.0",
        "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        f"https://login.microsoftonline.com/{TENANT}/../common/v2.0",
        "https://sts.windows.net/common/",
    ],
)
def test_these_are_no_issuers(issuer: str) -> None:
    with pytest.raises(NotAnIssuer):
        Issuers(allowed="http://127.0.0.1:5000").checked(issuer)


def test_the_issuer_of_one_tenant_is_one_and_only_the_sandbox_may_be_on_this_machine() -> None:
    issuers = Issuers(allowed="http://127.0.0.1:5000")
    assert issuers.checked(f" {ENTRA} ") == ENTRA
    assert issuers.checked("http://127.0.0.1:5000/a") == "http://127.0.0.1:5000/a"
    with pytest.raises(NotAnIssuer):
        Issuers().checked("http://127.0.0.1:5000/a")


def test_nobody_is_asked_inside_our_network() -> None:
    for issuer in ("https://127.0.0.1/a", "http://127.0.0.1:5000/a", "https://name.localhost"):
        with pytest.raises(NotBelieved, match="Refused"):
            Issuers().page(Client(issuer, "client", "secret"), Started("s", "n", "v"), "http://localhost/back")


@pytest.mark.parametrize(
    ("issuer", "claims", "email"),
    [
        ("https://issuer.example", {"email_verified": True}, "robin@cedar.nhs.uk"),
        ("https://issuer.example", {"email_verified": "true"}, ""),
        ("https://issuer.example", {"xms_edov": True}, ""),
        (ENTRA, {"email_verified": True}, ""),
        (ENTRA, {"xms_edov": True}, "robin@cedar.nhs.uk"),
        (ENTRA, {"xms_edov": "1"}, "robin@cedar.nhs.uk"),
        (ENTRA, {"xms_edov": False}, ""),
        (ENTRA, {"preferred_username": "robin@cedar.nhs.uk", "upn": "robin@cedar.nhs.uk", "email": None}, ""),
        ("https://accounts.google.com", {"email_verified": True}, ""),
        ("https://accounts.google.com", {"email_verified": True, "hd": "cedar.nhs.uk"}, "robin@cedar.nhs.uk"),
        ("https://accounts.google.com", {"email_verified": True, "hd": "evil.example"}, ""),
    ],
)
def test_an_address_is_believed_as_far_as_its_issuer_checks_it(issuer: str, claims: dict[str, Any], email: str) -> None:
    assert believed(issuer, {"sub": "robin", "email": "robin@cedar.nhs.uk", **claims}).email == email
