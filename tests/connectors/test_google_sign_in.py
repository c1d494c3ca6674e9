from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from healthberry.connectors.base import Access
from healthberry.connectors.errors import NotAuthorised, Unavailable
from tests.connectors.fakes import Provider, access, answering, as_json, connectors

BACK = "https://hb.example/back"
SCOPE = "https://www.googleapis.com/auth/business.manage"
# As in the document, section 1.
TOKEN = {"access_token": "ya29.new", "expires_in": 3599, "refresh_token": "1//kept", "scope": SCOPE}
ACCOUNTS = {"accounts": [{"name": "accounts/111", "accountName": "Example Trust"}, {"name": "accounts/999"}]}


def granting(token: Any, accounts: Any = ACCOUNTS) -> Provider:
    return Provider(lambda request: as_json(token if request.url.path == "/token" else accounts))


def test_the_page_to_sign_in_at_asks_for_a_lasting_permission() -> None:
    url = urlsplit(connectors(answering({})).get("google").authorise_url(access(), "st&te", BACK, "v"))
    query = parse_qs(url.query)
    assert (url.netloc, url.path) == ("accounts.google.com", "/o/oauth2/v2/auth")
    assert query["scope"] == [SCOPE]
    assert (query["access_type"], query["prompt"], query["state"]) == (["offline"], ["consent"], ["st&te"])
    assert query["code_challenge_method"] == ["S256"]


def test_signing_in_exchanges_the_code_and_names_an_account() -> None:
    provider = granting(TOKEN)
    got = connectors(provider).get("google").authorise(access(), {"code": "c0de"}, BACK, "verifier")
    assert (got.account_id, got.account) == ("accounts/111", "Example Trust")
    assert dict(got.secrets) == {"access_token": "ya29.new", "refresh_token": "1//kept"}
    assert got.expires_at is not None
    assert timedelta(minutes=58) < got.expires_at - datetime.now(UTC) < timedelta(hours=1)
    form = parse_qs(provider.asked[0].content.decode())
    assert form["code_verifier"] == ["verifier"]
    assert form["client_secret"] == ["google-secret-for-tests"]
    assert "ya29" not in repr(got)


def test_a_channel_that_is_connected_again_names_its_own_account_where_it_may() -> None:
    again = connectors(granting(TOKEN)).get("google")
    assert again.authorise(access(account="accounts/999"), {"code": "c"}, BACK, "v").account_id == "accounts/999"
    assert again.authorise(access(account="accounts/5"), {"code": "c"}, BACK, "v").account_id == "accounts/111"


@pytest.mark.parametrize("answer", [{"error": "access_denied"}, {}, {"code": ""}])
def test_a_cancelled_sign_in_is_said_without_asking_google(answer: dict[str, str]) -> None:
    provider = answering({})
    with pytest.raises(NotAuthorised, match="cancelled"):
        connectors(provider).get("google").authorise(access(), answer, BACK, "v")
    assert provider.asked == []


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ({**TOKEN, "refresh_token": None}, "lasting"),
        ({**TOKEN, "scope": "openid"}, "boxes"),
        ({**TOKEN, "scope": None}, ""),
    ],
)
def test_half_a_permission_is_none(token: dict[str, Any], words: str) -> None:
    connector = connectors(granting(token)).get("google")
    if not words:
        assert connector.authorise(access(), {"code": "c"}, BACK, "v").account_id
        return
    with pytest.raises(NotAuthorised, match=words):
        connector.authorise(access(), {"code": "c"}, BACK, "v")


def test_who_manages_no_profile_is_told_so() -> None:
    with pytest.raises(NotAuthorised, match="no Business Profile"):
        connectors(granting(TOKEN, {})).get("google").authorise(access(), {"code": "c"}, BACK, "v")


def test_a_refresh_keeps_the_refresh_token_that_google_does_not_send_again() -> None:
    provider = answering({"access_token": "ya29.newer", "expires_in": 3599})
    old = Access(
        {"account": "accounts/111", "name": "Example Trust"}, {"access_token": "a", "refresh_token": "1//kept"}
    )
    got = connectors(provider).get("google").refresh(old)
    assert dict(got.secrets) == {"access_token": "ya29.newer", "refresh_token": "1//kept"}
    assert (got.account_id, got.account) == ("accounts/111", "Example Trust")


def test_a_dead_refresh_token_asks_somebody_to_sign_in() -> None:
    dead = as_json({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)
    old = Access({}, {"refresh_token": "1//dead"})
    with pytest.raises(NotAuthorised, match="Sign in with Google again"):
        connectors(answering(dead)).get("google").refresh(old)
    with pytest.raises(Unavailable):
        connectors(answering(as_json({}, 503))).get("google").refresh(old)
    with pytest.raises(NotAuthorised):
        connectors(answering({})).get("google").refresh(access())
