"""Google as it is documented: sign-in, profiles, reviews, the one answer, and what is told."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.conftest import CHALLENGE, REDIRECT, VERIFIER, Box

SCOPE = "https://www.googleapis.com/auth/business.manage"
MASK = {"readMask": "name,title,metadata"}


@pytest.fixture
def box(make_box: Any) -> Box:
    made: Box = make_box({"SANDBOX_GOOGLE_DELAY_SECONDS": "10"})
    return made


def signed_in(box: Box, whose: str = "RXX") -> dict[str, Any]:
    asked = {
        "client_id": "google-client",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": SCOPE,
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    assert "Google Business listings" in box.client.get("/google/accounts/o/oauth2/v2/auth", query_string=asked).text
    back = box.client.post("/google/accounts/o/oauth2/v2/auth", data={**asked, "organisations": whose})
    code = parse_qs(urlsplit(back.headers["Location"]).query)["code"][0]
    traded = box.client.post("/google/oauth2/token", data=form(grant_type="authorization_code", code=code))
    return dict(traded.json)


def form(**fields: str) -> dict[str, str]:
    known = {"client_id": "google-client", "client_secret": "google-secret", "redirect_uri": REDIRECT}
    return {**known, "code_verifier": VERIFIER, **fields}


class Api:
    """Calls as one who signed in."""

    def __init__(self, box: Box, whose: str = "RXX") -> None:
        self.box, self.token = box, signed_in(box, whose)["access_token"]

    def __call__(self, path: str, method: str = "GET", body: Any = None, **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.box.client.open(f"/google/{path}", method=method, json=body, query_string=query, headers=headers)

    def accounts(self) -> list[str]:
        return [one["name"] for one in self("accountmanagement/v1/accounts").json["accounts"]]

    def location(self) -> str:
        (account,) = self.accounts()
        (found,) = self(f"businessinformation/v1/{account}/locations", **MASK).json["locations"]
        return f"mybusiness/v4/{account}/{found['name']}"


def test_a_refresh_brings_no_new_refresh_token_and_a_dead_one_is_invalid_grant(box: Box) -> None:
    token = signed_in(box)
    assert set(token) == {"access_token", "expires_in", "scope", "token_type", "refresh_token"}
    again = form(grant_type="refresh_token", refresh_token=token["refresh_token"])
    assert "refresh_token" not in box.client.post("/google/oauth2/token", data=again).json
    assert box.client.post("/google/oauth2/revoke", data={"token": token["access_token"]}).status_code == 200
    dead = box.client.post("/google/oauth2/token", data=again)
    assert (dead.status_code, dead.json["error"]) == (400, "invalid_grant")


def test_a_code_works_once_with_its_verifier_and_tokens_run_out(box: Box) -> None:
    api = Api(box)
    assert api("accountmanagement/v1/accounts").status_code == 200
    box.set(clock_offset_seconds=3600)
    assert api("accountmanagement/v1/accounts").status_code == 401
    wrong = box.client.post("/google/oauth2/token", data=form(grant_type="authorization_code", code="4/made-up"))
    assert (wrong.status_code, wrong.json["error"]) == (400, "invalid_grant")
    stranger = box.client.post("/google/oauth2/token", data=form(client_secret="guessed"))
    assert (stranger.status_code, stranger.json["error"]) == (401, "invalid_client")


def test_accounts_are_those_that_were_granted_and_others_are_forbidden(box: Box) -> None:
    both, one = Api(box, "RXX RYJ01"), Api(box, "RXX")
    assert len(both.accounts()) == 2
    other = next(name for name in both.accounts() if name not in one.accounts())
    assert one(f"businessinformation/v1/{other}/locations", **MASK).status_code == 403
    assert one(f"mybusiness/v4/{other}/locations/1/reviews").status_code == 403


def test_locations_want_a_read_mask_and_give_only_what_it_names(box: Box) -> None:
    box.told("google", "Fine", ods_code="RXX02")
    api = Api(box)
    path = f"businessinformation/v1/{api.accounts()[0]}/locations"
    assert api(path).status_code == 400
    assert api(path, readMask="name,secrets").status_code == 400
    first = api(path, readMask="name", pageSize=1).json
    assert set(first["locations"][0]) == {"name"}
    assert first["totalSize"] == 2
    second = api(path, readMask="name", pageSize=1, pageToken=first["nextPageToken"]).json
    assert second["locations"] != first["locations"]


def test_an_unverified_location_says_so_by_leaving_out_and_refuses_its_reviews(box: Box) -> None:
    api = Api(box)
    location = api.location()
    box.client.post("/control/google/locations", json={"ods_code": "RXX", "verified": False})
    (account,) = api.accounts()
    (found,) = api(f"businessinformation/v1/{account}/locations", **MASK).json["locations"]
    assert "hasVoiceOfMerchant" not in found["metadata"]
    assert api(f"{location}/reviews").status_code == 400


def test_reviews_come_last_changed_first_in_pages_of_at_most_fifty(box: Box) -> None:
    csv = "text\n" + "".join(f"Review {number}\n" for number in range(60))
    box.client.post("/control/corpus", json={"channel": "google", "ods_code": "RXX", "csv": csv})
    edited = box.told("google", "Old", posted_at="2020-01-01T00:00:00Z", rating=2)
    box.client.patch(f"/control/posts/google/{edited}", json={"text": "New", "rating": 1})
    api = Api(box)
    location = api.location()
    page = api(f"{location}/reviews", pageSize=500, orderBy="updateTime desc").json
    assert len(page["reviews"]) == 50
    assert page["totalReviewCount"] == 61
    top = page["reviews"][0]
    assert (top["name"], top["comment"], top["starRating"]) == (edited, "New", "ONE")
    assert top["createTime"] < top["updateTime"]
    token = page["nextPageToken"]
    assert (
        len(api(f"{location}/reviews", pageSize=50, orderBy="updateTime desc", pageToken=token).json["reviews"]) == 11
    )
    assert api(f"{location}/reviews", pageSize=20, orderBy="updateTime desc", pageToken=token).status_code == 400
    assert api(f"{location}/reviews", orderBy="updateTime").status_code == 400


def test_default_values_are_left_out(box: Box) -> None:
    name = box.told("google", "Only stars", author="", rating_only=True, rating=4)
    found = Api(box)(f"mybusiness/v4/{name}").json
    assert found["reviewer"] == {"isAnonymous": True}
    assert "comment" not in found
    assert "reviewReply" not in found


def test_an_answer_is_held_then_shown_and_the_next_one_replaces_it(box: Box) -> None:
    name, api = box.told("google", "Thank you"), Api(box)
    path = f"mybusiness/v4/{name}"
    first = api(f"{path}/reply", "PUT", {"comment": "With pleasure"}).json
    assert (first["comment"], first["reviewReplyState"]) == ("With pleasure", "PENDING")
    box.set(clock_offset_seconds=11)
    assert api(path).json["reviewReply"]["reviewReplyState"] == "APPROVED"
    api(f"{path}/reply", "PUT", {"comment": "With great pleasure"})
    box.set(clock_offset_seconds=30)
    assert [one["text"] for one in box.seen("google", name)["replies"]] == ["With great pleasure"]
    assert api(f"{path}/reply", "DELETE").json == {}
    assert "reviewReply" not in api(path).json
    assert api(f"{path}/reply", "DELETE").status_code == 404
    assert api(f"{path}/reply", "PUT", {"comment": "Again"}).json["reviewReplyState"] == "PENDING"


def test_what_tells_of_somebodys_health_is_refused_by_moderators(box: Box) -> None:
    name, api = box.told("google", "Thank you"), Api(box)
    api(f"mybusiness/v4/{name}/reply", "PUT", {"comment": "Your diagnosis was late."})
    box.set(clock_offset_seconds=11)
    reply = api(f"mybusiness/v4/{name}").json["reviewReply"]
    assert (reply["reviewReplyState"], reply["policyViolation"]) == ("REJECTED", "PERSONAL_INFO")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"comment": "é" * 2048}, 200),
        ({"comment": "é" * 2048 + "a"}, 400),
        ({"comment": " "}, 400),
        ({"comment": 3}, 400),
        ({"comment": "a", "updateTime": "now"}, 400),
        ([], 400),
    ],
)
def test_an_answer_has_at_most_4096_bytes_and_nothing_but_a_comment(box: Box, body: Any, status: int) -> None:
    name = box.told("google", "Thank you")
    assert Api(box)(f"mybusiness/v4/{name}/reply", "PUT", body).status_code == status


def test_what_was_deleted_is_neither_listed_nor_found(box: Box) -> None:
    name, api = box.told("google", "Thank you"), Api(box)
    box.client.delete(f"/control/posts/google/{name}")
    assert api(f"mybusiness/v4/{name}").status_code == 404
    assert api(f"{api.location()}/reviews").json == {}


def test_an_account_has_one_wish_and_the_last_who_writes_wins(box: Box) -> None:
    api = Api(box)
    path = f"notifications/v1/{api.accounts()[0]}/notificationSetting"
    assert set(api(path).json) == {"name"}
    body = {"pubsubTopic": "projects/p/topics/t", "notificationTypes": ["NEW_REVIEW"]}
    assert api(path, "PATCH", body).status_code == 400
    api(path, "PATCH", body, updateMask="pubsubTopic,notificationTypes")
    assert api(path).json["pubsubTopic"] == "projects/p/topics/t"


def test_the_quota_is_three_hundred_a_minute(box: Box) -> None:
    name, api = box.told("google", "Thank you"), Api(box)
    statuses = [api(f"mybusiness/v4/{name}").status_code for _ in range(301)]
    assert statuses == [200] * 300 + [429]
    box.set(clock_offset_seconds=61)
    assert api(f"mybusiness/v4/{name}").status_code == 200
