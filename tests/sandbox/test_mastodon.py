"""Mastodon's servers as the sandbox imitates them."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.sandbox.conftest import CHALLENGE, REDIRECT, VERIFIER, Box

SERVER = "/mastodon/social.example"
PLACE = "trust@social.example"
SCOPES = "read:notifications read:statuses read:accounts write:statuses"


def post(box: Box, text: str, **more: Any) -> str:
    body = {"channel": "mastodon", "handle": PLACE, "author": "Sam", "text": text, **more}
    answer = box.client.post("/control/posts", json=body)
    assert answer.status_code == 201, answer.json
    return str(answer.json["remote_id"])


def sign_in(box: Box, scope: str = SCOPES, **changes: str) -> Mapping[str, str]:
    """Register, agree, exchange; return the header for calls."""
    form = {"client_name": "HealthBerry", "redirect_uris": REDIRECT, "scopes": SCOPES}
    app = box.client.post(f"{SERVER}/api/v1/apps", data=form).json
    asked = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": REDIRECT,
        "scope": scope,
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    page = box.client.get(f"{SERVER}/oauth/authorize", query_string=asked)
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    back = box.client.post(f"{SERVER}/oauth/authorize", data={**fields, "username": "trust"}).headers["Location"]
    code = parse_qs(urlsplit(back).query)["code"][0]
    given = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "code_verifier": VERIFIER,
    }
    token = box.client.post(f"{SERVER}/oauth/token", data={**given, **changes})
    return {"Authorization": f"Bearer {token.json.get('access_token')}"}


def get(box: Box, path: str, headers: Mapping[str, str], **query: Any) -> Any:
    return box.client.get(f"{SERVER}/api/v1/{path}", query_string=query or None, headers=dict(headers))


def answer(box: Box, headers: Mapping[str, str], parent: str, text: str = "Thank you.", **more: str) -> Any:
    body = {"status": f"@sam@other.example {text}", "in_reply_to_id": parent, "visibility": "public"}
    return box.client.post(f"{SERVER}/api/v1/statuses", json=body, headers={**headers, **more})


def test_a_sign_in_gives_a_token_of_this_server_alone(box: Box) -> None:
    headers = sign_in(box)
    me = get(box, "accounts/verify_credentials", headers).json
    assert (me["username"], me["acct"]) == ("trust", "trust")
    assert int(me["id"]) > 2**53
    elsewhere = box.client.get("/mastodon/other.example/api/v1/accounts/verify_credentials", headers=dict(headers))
    assert (elsewhere.status_code, elsewhere.json) == (401, {"error": "The access token is invalid"})


def test_a_wrong_verifier_gives_nothing_and_the_code_is_used_up(box: Box) -> None:
    headers = sign_in(box, code_verifier="wrong" * 10)
    assert get(box, "notifications", headers).status_code == 401


def test_what_was_not_agreed_to_is_forbidden(box: Box) -> None:
    headers = sign_in(box, scope="read:accounts")
    assert get(box, "notifications", headers).status_code == 403
    assert get(box, "accounts/verify_credentials", headers).status_code == 200


def test_pages_follow_each_other_by_link_in_both_directions(box: Box) -> None:
    headers, ids = sign_in(box), [post(box, f"Post {number}") for number in range(7)]
    newest = get(box, "notifications", headers, limit=3, **{"types[]": "mention"})
    assert [one["status"]["id"] for one in newest.json] == ids[:3:-1]
    older = urlsplit(re.findall(r'<([^>]+)>; rel="next"', newest.headers["Link"])[0]).query
    assert "types" in older
    assert [one["status"]["id"] for one in get(box, f"notifications?{older}", headers).json] == ids[3:0:-1]
    lowest = get(box, "notifications", headers).json[-1]["id"]
    after = get(box, "notifications", headers, limit=3, min_id=lowest).json
    assert [one["status"]["id"] for one in after] == ids[3:0:-1]


def test_filtered_mentions_come_only_when_asked_for(box: Box) -> None:
    headers = sign_in(box)
    post(box, "I am a stranger", filtered=True)
    assert get(box, "notifications", headers).json == []
    assert len(get(box, "notifications", headers, include_filtered="true").json) == 1


def test_words_are_html_with_the_invisible_parts_of_links(box: Box) -> None:
    headers = sign_in(box)
    post(box, "See https://www.nhs.uk/a/very/long/path/that/is/cut <b>now</b>\n\nTwice #Care")
    (one,) = get(box, "notifications", headers).json
    content = one["status"]["content"]
    assert content.startswith('<p><span class="h-card"><a href="')
    assert '<span class="invisible">https://www.</span><span class="ellipsis">' in content
    assert "&lt;b&gt;now&lt;/b&gt;</p><p>Twice" in content
    assert one["account"]["acct"] == "Sam@other.example"


def test_tags_lead_to_public_posts_of_anybody(box: Box) -> None:
    headers = sign_in(box)
    tagged = post(box, "A tidy ward #RoyalExample", mention=False)
    post(box, "For friends #RoyalExample", visibility="private")
    post(box, "Longer tag #RoyalExampleHospital")
    found = get(box, "timelines/tag/royalexample", headers).json
    assert [one["id"] for one in found] == [tagged]
    assert tagged not in [one["status"]["id"] for one in get(box, "notifications", headers).json]


def test_an_answer_and_the_answer_to_it_are_one_thread(box: Box) -> None:
    headers, first = sign_in(box), post(box, "Waited two hours")
    ours = answer(box, headers, first).json["id"]
    back = post(box, "Thanks", in_reply_to=ours)
    context = get(box, f"statuses/{back}/context", headers).json
    assert [one["id"] for one in context["ancestors"]] == [first, ours]
    assert [one["id"] for one in get(box, f"statuses/{first}/context", headers).json["descendants"]] == [ours, back]
    me = get(box, "accounts/verify_credentials", headers).json["id"]
    assert [one["id"] for one in get(box, f"accounts/{me}/statuses", headers).json] == [ours]


def test_the_same_key_gives_the_same_post_for_an_hour(box: Box) -> None:
    headers, parent, key = sign_in(box), post(box, "Waited"), {"Idempotency-Key": "k1"}
    once = answer(box, headers, parent, **key).json["id"]
    assert answer(box, headers, parent, **key).json["id"] == once
    box.client.post("/control/settings", json={"clock_offset_seconds": 3700})
    assert answer(box, headers, parent, **key).json["id"] != once


def test_other_implementations_ignore_the_key(box: Box) -> None:
    box.client.post("/control/settings", json={"mastodon_idempotency": "ignore"})
    headers, parent, key = sign_in(box), post(box, "Waited"), {"Idempotency-Key": "k1"}
    assert answer(box, headers, parent, **key).json["id"] != answer(box, headers, parent, **key).json["id"]


def test_what_is_too_long_or_answers_nothing_is_refused(box: Box) -> None:
    headers, parent = sign_in(box), post(box, "Waited")
    assert answer(box, headers, parent, "x" * 496).status_code == 422
    assert answer(box, headers, parent, "x" * 460 + " https://example.org/" + "y" * 300).status_code == 200
    gone = answer(box, headers, "113000000000009999")
    assert gone.status_code == 404
    assert "does not appear to exist" in gone.json["error"]


def test_edits_show_and_what_is_deleted_is_absent(box: Box) -> None:
    headers, one, other = sign_in(box), post(box, "Befor"), post(box, "I go")
    box.client.post("/control/settings", json={"clock_offset_seconds": 60})
    box.client.patch(f"/control/posts/mastodon/{one}", json={"text": "After"})
    box.client.delete(f"/control/posts/mastodon/{other}")
    (found,) = get(box, "statuses", headers, **{"id[]": [one, other]}).json
    assert found["id"] == one
    assert found["edited_at"]
    assert get(box, f"statuses/{other}", headers).status_code == 404
    assert len(get(box, "notifications", headers).json) == 1


def test_an_account_edits_and_deletes_its_own_posts_alone(box: Box) -> None:
    headers, parent = sign_in(box), post(box, "Waited")
    ours = answer(box, headers, parent).json["id"]
    path = f"{SERVER}/api/v1/statuses"
    assert box.client.delete(f"{path}/{parent}", headers=dict(headers)).status_code == 404
    edited = box.client.put(f"{path}/{ours}", json={"status": "Other words"}, headers=dict(headers))
    assert "Other words" in edited.json["content"]
    assert box.client.delete(f"{path}/{ours}", headers=dict(headers)).json["text"] == "Other words"
    assert get(box, f"statuses/{ours}", headers).status_code == 404


def test_limits_are_said_with_a_time_and_kept(box: Box) -> None:
    headers = sign_in(box)
    first = get(box, "notifications", headers)
    assert first.headers["X-RateLimit-Limit"] == "300"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z", first.headers["X-RateLimit-Reset"])
    for _ in range(299):
        last = get(box, "accounts/verify_credentials", headers)
    assert last.headers["X-RateLimit-Remaining"] == "0"
    assert get(box, "notifications", headers).json == {"error": "Too many requests"}


def test_the_stream_needs_a_token_and_brings_what_is_new(box: Box) -> None:
    headers = sign_in(box)
    path = "/mastodon/streaming.social.example/api/v1/streaming/user/notification"
    assert box.client.get(path).status_code == 401
    stream = iter(box.client.get(path, headers=dict(headers)).response)
    assert bytes(next(stream)).startswith(b":")
    new = post(box, "Just now")
    event = bytes(next(stream)).decode()
    assert event.startswith("event: notification\ndata: ")
    assert new in event
