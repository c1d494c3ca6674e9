import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from healthberry.connectors.base import Access
from healthberry.connectors.errors import NotAuthorised
from healthberry.connectors.oauth import challenge
from tests.connectors.fakes import access, answering, as_json
from tests.connectors.x_samples import US, by_path, x


def test_the_challenge_is_the_one_of_the_standard() -> None:
    # RFC 7636, appendix B.
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_signing_in_exchanges_the_code_and_asks_who_it_was() -> None:
    token = {"token_type": "bearer", "expires_in": 7200, "access_token": "new-own", "refresh_token": "once"}
    user = {"data": {"id": US, "username": "ExampleTrust", "name": "Trust"}}
    provider = by_path(token=lambda request: token, me=lambda request: user)
    got = x(provider).authorise(access(), {"code": "c0de", "state": "s"}, "https://hb.example/back", "verifier")
    assert (got.account_id, got.account) == (US, "ExampleTrust")
    assert got.secrets["access_token"] == "new-own"
    assert got.secrets["refresh_token"] == "once"
    assert got.expires_at is not None
    assert timedelta(hours=1, minutes=59) < got.expires_at - datetime.now(UTC) <= timedelta(hours=2)
    assert "new-own" not in repr(got)
    asked, who = provider.asked
    basic = base64.b64encode(b"client-id:client-secret-for-tests").decode()
    assert asked.headers["authorization"] == f"Basic {basic}"
    assert parse_qs(asked.content.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["c0de"],
        "redirect_uri": ["https://hb.example/back"],
        "code_verifier": ["verifier"],
    }
    assert who.headers["authorization"] == "Bearer new-own"


def test_the_page_to_sign_in_at_asks_for_what_is_needed() -> None:
    query = parse_qs(
        urlsplit(x(answering({})).authorise_url(access(), "st&te", "https://hb.example/back?a=1", "v")).query
    )
    assert query["scope"] == ["tweet.read tweet.write users.read offline.access"]
    assert query["state"] == ["st&te"]
    assert query["redirect_uri"] == ["https://hb.example/back?a=1"]
    assert query["code_challenge_method"] == ["S256"]


@pytest.mark.parametrize("answer", [{"error": "access_denied"}, {}, {"code": ""}])
def test_a_cancelled_sign_in_is_said_without_asking_x(answer: dict[str, str]) -> None:
    provider = answering({})
    with pytest.raises(NotAuthorised, match="cancelled"):
        x(provider).authorise(access(), answer, "https://hb.example/back", "v")
    assert provider.asked == []


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_code_or_refresh_token_that_is_dead_is_said(status: int) -> None:
    body = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}
    connector = x(answering(as_json(body, status)))
    with pytest.raises(NotAuthorised, match="30 seconds"):
        connector.authorise(access(), {"code": "c"}, "https://hb.example/back", "v")
    with pytest.raises(NotAuthorised, match="Sign in with X again"):
        connector.refresh(Access({}, {"refresh_token": "used"}))
    with pytest.raises(NotAuthorised, match="Sign in with X again"):
        connector.refresh(Access({}, {}))


def test_refreshing_gives_a_new_pair_for_the_same_account() -> None:
    provider = answering({"access_token": "a2", "refresh_token": "r2", "expires_in": "7200"})
    got = x(provider).refresh(Access({}, {"refresh_token": "r1", "account_id": US, "account": "ExampleTrust"}))
    assert (got.secrets["access_token"], got.secrets["refresh_token"]) == ("a2", "r2")
    assert (got.account_id, got.account) == (US, "ExampleTrust")
    assert len(provider.asked) == 1
