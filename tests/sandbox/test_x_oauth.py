"""The X imitation's sign-in."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.conftest import CHALLENGE, CLIENT, REDIRECT, Box

ASKED = {
    "response_type": "code",
    "client_id": "client",
    "redirect_uri": REDIRECT,
    "scope": "tweet.read users.read offline.access",
    "state": "abc&d",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def _code(box: Box) -> str:
    back = box.client.post("/x/i/oauth2/authorize", data={**ASKED, "username": "ExampleTrust"})
    answer = parse_qs(urlsplit(back.headers["Location"]).query)
    assert answer["state"] == ["abc&d"]
    return str(answer["code"][0])


def _refresh(box: Box, token: str) -> tuple[int, dict[str, str]]:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    answer = box.client.post("/x/2/oauth2/token", data=form, headers=CLIENT)
    return answer.status_code, answer.json


def test_looking_at_the_page_grants_nothing_and_it_has_one_button(box: Box) -> None:
    box.told("x", "hello")
    page = box.client.get("/x/i/oauth2/authorize", query_string=ASKED)
    assert page.status_code == 200
    assert page.text.count("<button") == 1
    assert 'value="ExampleTrust"' in page.text
    assert box.parts.store.value("SELECT COUNT(*) AS n FROM x_codes") == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "other"},
        {"state": ""},
        {"state": "s" * 501},
        {"redirect_uri": "javascript:alert(1)"},
        {"scope": "everything"},
        {"code_challenge": ""},
        {"response_type": "token"},
    ],
)
def test_a_wrong_authorisation_request_is_told_on_the_page(box: Box, changed: dict[str, str]) -> None:
    page = box.client.get("/x/i/oauth2/authorize", query_string={**ASKED, **changed})
    assert page.status_code == 400
    assert box.client.post("/x/i/oauth2/authorize", data={**ASKED, **changed, "username": "a"}).status_code == 400


def test_a_code_becomes_a_token_that_knows_whose_it_is(box: Box) -> None:
    answer = box.trade(_code(box)).json
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("bearer", 7200, ASKED["scope"])
    assert box.x("users/me", token=answer["access_token"]).json["data"]["username"] == "ExampleTrust"


def test_a_code_works_once_for_thirty_seconds_and_with_its_verifier(box: Box) -> None:
    code = _code(box)
    assert box.trade(code).status_code == 200
    assert box.trade(code).status_code == 400
    assert box.trade(_code(box), code_verifier="wrong").status_code == 400
    assert box.trade(_code(box), redirect_uri=REDIRECT + "/").status_code == 400
    late = _code(box)
    box.set(clock_offset_seconds=31)
    assert box.trade(late).status_code == 400


def test_a_client_that_does_not_prove_itself_gets_nothing(box: Box) -> None:
    answer = box.client.post("/x/2/oauth2/token", data={"grant_type": "refresh_token", "client_id": "client"})
    assert (answer.status_code, answer.json["error"]) == (401, "unauthorized_client")


def test_an_access_token_lives_two_hours(box: Box) -> None:
    token = box.sign_in()["access_token"]
    box.set(clock_offset_seconds=7190)
    assert box.x("users/me", token=token).status_code == 200
    box.set(clock_offset_seconds=7201)
    assert box.x("users/me", token=token).status_code == 401


def test_a_refresh_token_works_once_and_a_second_use_kills_the_whole_family(box: Box) -> None:
    first = box.sign_in()
    status, second = _refresh(box, first["refresh_token"])
    assert status == 200
    assert box.x("users/me", token=second["access_token"]).status_code == 200
    assert _refresh(box, first["refresh_token"])[0] == 400
    assert _refresh(box, second["refresh_token"]) == (
        400,
        {"error": "invalid_request", "error_description": "Value passed for the token was invalid."},
    )
    assert box.x("users/me", token=second["access_token"]).status_code == 401


def test_without_offline_access_there_is_no_refresh_token(box: Box) -> None:
    assert "refresh_token" not in box.sign_in(scope="tweet.read users.read")


def test_a_revoked_token_is_dead(box: Box) -> None:
    token = box.sign_in()["access_token"]
    assert box.client.post("/x/2/oauth2/revoke", data={"token": token}, headers=CLIENT).json == {"revoked": True}
    assert box.x("users/me", token=token).status_code == 401


def test_the_application_token_is_the_same_each_time_until_it_is_invalidated(box: Box) -> None:
    form = {"grant_type": "client_credentials"}
    answers = [box.client.post("/x/oauth2/token", data=form, headers=CLIENT).json for _ in range(2)]
    assert answers == [{"token_type": "bearer", "access_token": "bearer"}] * 2
    assert box.client.post("/x/oauth2/token", data=form).status_code == 403
    box.client.post("/x/oauth2/invalidate_token", headers=CLIENT)
    assert box.x("users/by/username/a").status_code == 401
