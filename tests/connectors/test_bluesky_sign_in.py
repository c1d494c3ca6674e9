"""Bluesky: an app password, the session that it opens, and how that is renewed."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import Access
from healthberry.connectors.bluesky_session import runs_out
from healthberry.connectors.errors import (
    NotAuthorised,
    NotLinked,
    Unavailable,
)
from tests.connectors.bluesky_samples import CONFIG, DID, PDS, SECRETS, SIGNED_IN, bluesky, by_method
from tests.connectors.fakes import answering, as_json


def token(seconds: int) -> str:
    claims = {"exp": int((datetime.now(UTC) + timedelta(seconds=seconds)).timestamp())}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b'=').decode()}.c2ln"


def opened(**changes: Any) -> dict[str, Any]:
    service = [{"id": "#atproto_pds", "serviceEndpoint": PDS}]
    made = {"accessJwt": token(7200), "refreshJwt": "r1", "did": DID, "handle": "trust.example", "active": True}
    return made | {"didDoc": {"service": service}} | changes


INSIDE = {"service": [{"id": "#atproto_pds", "serviceEndpoint": "http://10.0.0.1"}]}
LIST = f"a.{base64.b64encode(b'[1]').decode()}.c"


def test_an_app_password_opens_a_session_at_the_accounts_own_server() -> None:
    provider = by_method(createSession=opened(), listNotifications={"notifications": []})
    given = {"handle": "@Trust.example ", "app_password": " abcd-efgh-ijkl-mnop ", "words": "Royal Example\nward"}
    begun = bluesky(provider).prepare(given, "")
    (one,) = bluesky(provider).link(begun).found
    assert (one.listing.remote_id, one.listing.label, one.account) == (DID, "@trust.example", "@trust.example")
    assert one.listing.config["words"] == ["Royal Example", "ward"]
    assert one.secrets["app_password"] == "abcd-efgh-ijkl-mnop"
    assert one.expires_at
    assert timedelta(minutes=110) < one.expires_at - datetime.now(UTC) < timedelta(minutes=121)
    assert [one.url.host for one in provider.asked] == ["bsky.social", "pds.example"]
    assert "mnop" not in repr(begun) + repr(one)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"handle": "trust", "app_password": "x"}, "handle"),
        ({"handle": "", "app_password": "x"}, "handle"),
        ({"handle": "trust.example", "app_password": " "}, "app_password"),
        ({"handle": "trust.example", "app_password": "x", "words": "a"}, "words"),
        ({"handle": "trust.example", "app_password": "x", "words": 'a "b" c'}, "words"),
        ({"handle": "trust.example", "app_password": "x", "words": "\n".join("abcdefg")}, "words"),
    ],
)
def test_what_is_wrong_in_the_form_is_said_at_its_field(given: dict[str, str], field: str) -> None:
    provider = answering({})
    with pytest.raises(NotLinked) as raised:
        bluesky(provider).prepare(given, "")
    assert raised.value.field == field
    assert provider.asked == []


@pytest.mark.parametrize(
    ("answer", "field", "words"),
    [
        (as_json({"error": "AuthenticationRequired"}, 401), "app_password", "Check both"),
        (as_json({"error": "AuthFactorTokenRequired"}, 400), "app_password", "app password"),
        (as_json({"error": "AuthFactorTokenRequired"}, 401), "app_password", "app password"),
        (as_json({"error": "AccountTakedown"}, 401), "app_password", "Check both"),
        (as_json({"error": "InvalidRequest", "message": "Bad handle"}, 400), "app_password", "Bad handle"),
        (as_json(opened(active=False)), "handle", "deactivated"),
        (as_json({"did": DID}), "handle", "signed us in"),
        (as_json(opened(didDoc=INSIDE)), "handle", "reach"),
    ],
)
def test_a_sign_in_that_is_refused_is_said(answer: httpx.Response, field: str, words: str) -> None:
    with pytest.raises(NotLinked, match=words) as raised:
        bluesky(answering(answer)).prepare({"handle": "trust.example", "app_password": "x"}, "")
    assert raised.value.field == field


def test_a_session_is_renewed_without_signing_in_again() -> None:
    provider = by_method(refreshSession=opened(refreshJwt="r2"))
    got = bluesky(provider).refresh(Access(CONFIG, {**SECRETS, "app_password": "abcd"}))
    assert (got.secrets["refresh_token"], got.secrets["app_password"]) == ("r2", "abcd")
    assert (got.account_id, got.account) == (DID, "@trust.example")
    assert [one.url.path for one in provider.asked] == ["/xrpc/com.atproto.server.refreshSession"]
    assert provider.asked[0].headers["authorization"] == "Bearer renewing"


def test_only_a_renewal_that_is_refused_signs_in_again() -> None:
    refused = as_json({"error": "ExpiredToken"}, 400)
    provider = by_method(refreshSession=refused, createSession=opened())
    got = bluesky(provider).refresh(Access(CONFIG, {**SECRETS, "app_password": "abcd"}))
    assert got.secrets["refresh_token"] == "r1"
    assert json.loads(provider.asked[1].content) == {"identifier": DID, "password": "abcd"}
    with pytest.raises(NotAuthorised):
        bluesky(by_method(refreshSession=refused)).refresh(SIGNED_IN)
    gone = by_method(refreshSession=refused, createSession=as_json({"error": "AuthenticationRequired"}, 401))
    with pytest.raises(NotAuthorised, match="app password"):
        bluesky(gone).refresh(Access(CONFIG, {**SECRETS, "app_password": "abcd"}))
    with pytest.raises(Unavailable):
        bluesky(by_method(refreshSession=httpx.Response(502))).refresh(SIGNED_IN)


@pytest.mark.parametrize("odd", ["", "a.b", "a.!!!.c", "a.e30.c", LIST, "x" * 9000])
def test_a_token_that_does_not_say_when_it_ends_lives_as_long_as_is_usual(odd: str) -> None:
    assert timedelta(minutes=100) < runs_out(odd) - datetime.now(UTC) < timedelta(minutes=120)
