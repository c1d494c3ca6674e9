"""What does not prove who somebody is lets nobody in, however it is signed, sent or kept."""

import re
import time
from dataclasses import replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from healthberry.models.openid import LinkedIdentity
from tests.session.issuer import CLIENT, Claims, Issuer, a_key, signed_by_hand
from tests.session.openid_desk import (
    DOMAIN,
    REFUSED,
    ROBIN,
    Ward,
    comes_back,
    is_in,
)


def _wrong(**claims: Any) -> Any:
    return lambda given: {**given, **claims}


def _without(name: str) -> Any:
    return lambda given: {key: value for key, value in given.items() if key != name}


def _none(issuer: Issuer, claims: Claims) -> str:
    return signed_by_hand({"alg": "none", "kid": issuer.kid}, claims)


def _public_as_secret(issuer: Issuer, claims: Claims) -> str:
    return signed_by_hand({"alg": "HS256", "kid": issuer.kid}, claims, issuer.public_pem())


def _stranger(issuer: Issuer, claims: Claims) -> str:
    return replace(issuer, key=a_key(), sign=None, spoil=lambda given: {**given, **claims}).token("")


# What is wrong, the reason that the audit log has to tell, and what the issuer does.
HOSTILE: dict[str, dict[str, Any]] = {
    "wrong nonce": {"why": "another nonce", "spoil": _wrong(nonce="x")},
    "no nonce": {"why": "MissingRequiredClaimError", "spoil": _without("nonce")},
    "other issuer": {"why": "InvalidIssuerError", "spoil": _wrong(iss="https://other.example")},
    "other audience": {"why": "InvalidAudienceError", "spoil": _wrong(aud="somebody")},
    "several audiences and no party": {
        "why": "it was made for somebody else",
        "spoil": _wrong(aud=[CLIENT, "somebody"]),
    },
    "other party": {"why": "it was made for somebody else", "spoil": _wrong(azp="somebody")},
    "expired": {"why": "ExpiredSignatureError", "spoil": _wrong(exp=int(time.time()) - 120)},
    "no end": {"why": "MissingRequiredClaimError", "spoil": _without("exp")},
    "made long ago": {"why": "made too long ago", "spoil": _wrong(iat=int(time.time()) - 7200)},
    "made in the future": {"why": "ImmatureSignatureError", "spoil": _wrong(iat=int(time.time()) + 7200)},
    "made at no time": {"why": "InvalidIssuedAtError", "spoil": _wrong(iat=float("inf"))},
    "no subject": {"why": "no subject", "spoil": _wrong(sub="")},
    "alg none": {"why": "an algorithm that is not taken", "sign": _none},
    "HS256 with the public key": {"why": "an algorithm that is not taken", "sign": _public_as_secret},
    "another's signature": {"why": "InvalidSignatureError", "sign": _stranger},
    "no token at all": {"why": "DecodeError", "sign": lambda issuer, claims: "x.y"},
    "unverified e-mail": {"why": "no verified address", "person": {**ROBIN, "email_verified": False}},
    "verified in words": {"why": "no verified address", "person": {**ROBIN, "email_verified": "true"}},
    "no e-mail": {"why": "no verified address", "person": {**ROBIN, "email": None}},
    "foreign domain": {"why": "another domain", "person": {**ROBIN, "email": "robin@oak.nhs.uk"}},
    "domain below": {"why": "another domain", "person": {**ROBIN, "email": f"robin@x.{DOMAIN}"}},
    "domain in front": {"why": "another domain", "person": {**ROBIN, "email": f"robin@{DOMAIN}.evil.example"}},
    "two addresses": {"why": "no verified address", "person": {**ROBIN, "email": f"robin@evil.example,robin@{DOMAIN}"}},
}


def test_what_does_not_prove_who_somebody_is_lets_nobody_in_and_is_answered_alike(
    client: FlaskClient, app: Flask, ward: Ward
) -> None:
    answers, wrong = set(), []
    for name, hostile in HOSTILE.items():
        ward.issuer.mend()
        ward.issuer.person = dict(ROBIN)
        for one in hostile.keys() - {"why"}:
            setattr(ward.issuer, one, hostile[one])
        browser = app.test_client()
        answer = ward.signs_in(browser)
        answers.add(re.sub(r'nonce="[^"]+"|value="[^"]+"|content="[^"]+"', "", answer.text))
        if answer.status_code != 403 or is_in(browser):
            wrong.append(name)

    assert wrong == []
    assert len(answers) == 1
    assert REFUSED in answers.pop()
    assert ward.members() == []
    assert ward.rows(LinkedIdentity) == []
    assert dict(zip(HOSTILE, ward.why(), strict=True)) == {name: hostile["why"] for name, hostile in HOSTILE.items()}


def test_a_state_counts_once_in_the_browser_that_began_alone(client: FlaskClient, app: Flask, ward: Ward) -> None:
    path = comes_back(ward.begins(client))
    stranger = app.test_client()
    ward.begins(stranger)  # has begun one of their own
    assert stranger.get(path).status_code == 403
    kept = client.get_cookie("healthberry-account")
    assert kept
    assert client.get(path).status_code == 303
    client.post("/signout")
    client.set_cookie("healthberry-account", kept.value)

    assert client.get(path).status_code == 403, "the state was used already"
    assert not is_in(client)
    for spoiled in ("/signin/organisation/callback", f"{path}x"):
        ward.begins(client)
        assert client.get(spoiled).status_code == 403
    for more in ("&iss=https://other.example", "&error=access_denied"):
        assert client.get(comes_back(ward.begins(client)) + more).status_code == 403
    assert ward.why() == ["another issuer's answer", "the issuer refused, or somebody cancelled"]
    forged = app.test_client()
    forged.set_cookie("healthberry-account", "x")
    assert forged.get(path).status_code == 403
    assert not is_in(stranger)
