"""What makes a token worthless: that its provider says so, and nothing else. All kinds that somebody signs in for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import Access
from healthberry.connectors.errors import ConnectorError, NotAuthorised, SignInOver, Temporary
from tests.connectors import bluesky_samples, graph_samples, mastodon_samples
from tests.connectors.fakes import CREDENTIALS, answering, as_json, connectors

TOKENS = {"access_token": "a", "refresh_token": "r", "client_id": "id", "client_secret": "secret"}
INSTAGRAM = Access({"ig_id": "17841", "page_id": "1000"}, {"access_token": "page-token"})
MAILBOX = Access({"address": "feedback@trust.example", "sign_in": "microsoft"}, TOKENS)
ACCESS: Mapping[str, Access] = {
    "x": Access({}, TOKENS),
    "google": Access({"account": "accounts/1"}, TOKENS),
    "youtube": Access({"channel": "UC1"}, TOKENS),
    "email": MAILBOX,
    "mastodon": Access(mastodon_samples.CONFIG, TOKENS),
    "bluesky": bluesky_samples.SIGNED_IN,
    "facebook": graph_samples.LINKED,
    "instagram": INSTAGRAM,
}
DEAD: Mapping[str, Any] = {
    "x": {"error": "invalid_request", "error_description": "Value passed for the token was invalid."},
    "bluesky": {"error": "ExpiredToken"},
    "facebook": {"error": {"code": 190, "error_subcode": 463}},
    "instagram": {"error": {"code": 190, "error_subcode": 463}},
}
GRANT = {"error": "invalid_grant"}
PAGE = httpx.Response(403, content=b"<html>Who are you?</html>", headers={"content-type": "text/html"})
NOTHING_SAID: list[Any] = [
    as_json({}, 400),
    as_json({}, 401),
    PAGE,
    httpx.Response(404),
    httpx.Response(302, headers={"location": "https://example.org/maintenance"}),
    httpx.Response(200, content=b'{"access_tok'),
    as_json({}, 429),
    httpx.Response(503),
    httpx.ConnectError("away"),
]


@pytest.mark.parametrize("kind", ACCESS)
def test_a_sign_in_is_over_where_the_provider_says_so(kind: str) -> None:
    provider = answering(as_json(DEAD.get(kind, GRANT), 400))
    with pytest.raises(SignInOver):
        connectors(provider).get(kind).refresh(ACCESS[kind])


@pytest.mark.parametrize("said", NOTHING_SAID, ids=str)
@pytest.mark.parametrize("kind", ACCESS)
def test_no_other_answer_makes_a_token_worthless(kind: str, said: Any) -> None:
    with pytest.raises(ConnectorError) as raised:
        connectors(answering(said)).get(kind).refresh(ACCESS[kind])
    assert not isinstance(raised.value, SignInOver)


@pytest.mark.parametrize("kind", ["x", "google", "youtube", "email"])
def test_an_installation_without_its_client_keeps_the_tokens(kind: str) -> None:
    none = replace(
        CREDENTIALS, x_client_id=None, google_client_id=None, microsoft_client_id=None, microsoft_client_secret=None
    )
    with pytest.raises(NotAuthorised) as raised:
        connectors(answering({}), none).get(kind).refresh(ACCESS[kind])
    assert not isinstance(raised.value, SignInOver)


@pytest.mark.parametrize("kind", ["google", "youtube", "email", "x"])
def test_an_installation_whose_client_is_refused_keeps_the_tokens(kind: str) -> None:
    error = "unauthorized_client" if kind == "x" else "invalid_client"
    with pytest.raises(NotAuthorised) as raised:
        connectors(answering(as_json({"error": error}, 401))).get(kind).refresh(ACCESS[kind])
    assert not isinstance(raised.value, SignInOver)


@pytest.mark.parametrize("code", [(3, 0), (10, 0), (200, 0), (190, 459), (190, 464)])
def test_a_permission_that_is_missing_on_facebook_ends_no_sign_in(code: tuple[int, int]) -> None:
    said = as_json({"error": {"code": code[0], "error_subcode": code[1]}}, 400)
    with pytest.raises(NotAuthorised) as raised:
        connectors(answering(said)).get("facebook").refresh(graph_samples.LINKED)
    assert not isinstance(raised.value, SignInOver)


def test_an_app_password_is_kept_unless_bluesky_refuses_it() -> None:
    access = Access(bluesky_samples.CONFIG, {**bluesky_samples.SECRETS, "app_password": "abcd"})
    expired = as_json({"error": "ExpiredToken"}, 400)

    def signing_in(said: Any) -> type[Exception]:
        provider = bluesky_samples.by_method(refreshSession=expired, createSession=said)
        with pytest.raises(ConnectorError) as raised:
            connectors(provider).get("bluesky").refresh(access)
        return raised.type

    assert signing_in(as_json({"error": "AuthenticationRequired"}, 401)) is SignInOver
    assert signing_in({"active": False}) is not SignInOver
    assert signing_in(httpx.Response(404)) is not SignInOver
    assert issubclass(signing_in(as_json({}, 429)), Temporary)


def test_a_dropped_application_at_a_mastodon_server_ends_the_sign_in() -> None:
    provider = answering(as_json({"error": "invalid_client"}, 401))
    with pytest.raises(SignInOver):
        connectors(provider).get("mastodon").refresh(ACCESS["mastodon"])


def test_a_token_that_never_runs_out_is_nothing_that_could_be_renewed() -> None:
    provider = answering({})
    with pytest.raises(NotAuthorised) as raised:
        connectors(provider).get("mastodon").refresh(mastodon_samples.SIGNED_IN)
    assert not isinstance(raised.value, SignInOver)
    assert provider.asked == []
