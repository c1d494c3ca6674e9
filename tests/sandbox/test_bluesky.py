"""Bluesky as the sandbox imitates it."""

import base64
import json
from typing import Any

from tests.sandbox.conftest import Box

PLACE = "trust.nhs.example"
PASSWORD = "abcd-efgh-ijkl-mnop"
TID = "3mzq2k4v5xc2a"


def write(box: Box, text: str, **more: Any) -> str:
    body = {"channel": "bluesky", "handle": PLACE, "author": "Sam", "text": text, **more}
    answer = box.client.post("/control/posts", json=body)
    assert answer.status_code == 201, answer.json
    return str(answer.json["remote_id"])


def session(box: Box, password: str = PASSWORD, who: str = PLACE) -> Any:
    path = "/bluesky/xrpc/com.atproto.server.createSession"
    return box.client.post(path, json={"identifier": who, "password": password})


class Signed:
    """An account that is signed in."""

    def __init__(self, box: Box) -> None:
        opened = session(box).json
        self.box, self.did, self.refresh = box, opened["did"], opened["refreshJwt"]
        self.headers = {"Authorization": f"Bearer {opened['accessJwt']}"}

    def get(self, method: str, **query: Any) -> Any:
        return self.box.client.get(f"/bluesky/pds/xrpc/{method}", query_string=query, headers=self.headers)

    def post(self, method: str, **body: Any) -> Any:
        return self.box.client.post(f"/bluesky/pds/xrpc/{method}", json=body, headers=self.headers)

    def put(self, parent: str, text: str = "Thank you.", rkey: str = TID, **more: Any) -> Any:
        record = {
            "$type": "app.bsky.feed.post",
            "text": text,
            "createdAt": "2026-03-01T10:00:00.000Z",
            "reply": {name: {"uri": parent, "cid": "c"} for name in ("root", "parent")},
        }
        where = {"repo": self.did, "collection": "app.bsky.feed.post", "rkey": rkey}
        return self.post("com.atproto.repo.putRecord", **where, record=record, **more)


def test_any_app_password_opens_a_session_and_no_other(box: Box) -> None:
    opened = session(box).json
    assert opened["didDoc"]["service"][0]["serviceEndpoint"].endswith("/bluesky/pds")
    payload = opened["accessJwt"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["sub"] == opened["did"]
    assert session(box, "wrong").json["error"] == "AuthenticationRequired"
    assert session(box, "own-password").json["error"] == "AuthFactorTokenRequired"
    assert session(box, who=opened["did"]).json["handle"] == PLACE


def test_signing_in_is_limited_and_renewing_is_not(box: Box) -> None:
    signed = Signed(box)
    for _ in range(29):
        session(box)
    refused = session(box)
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Reset"].isdigit()
    renewal = {"Authorization": f"Bearer {signed.refresh}"}
    path = "/bluesky/xrpc/com.atproto.server.refreshSession"
    assert box.client.post(path, headers=renewal).status_code == 200
    assert box.client.post(path, headers=renewal).json["error"] == "ExpiredToken", "it counts once"


def test_a_token_ends_after_two_hours(box: Box) -> None:
    signed = Signed(box)
    box.client.post("/control/settings", json={"clock_offset_seconds": 7201})
    assert signed.get("app.bsky.feed.getPosts", uris="x").json["error"] == "ExpiredToken"


def test_reasons_are_sorted_out_after_the_page_was_cut(box: Box) -> None:
    signed, ids = Signed(box), [write(box, f"Post {number}") for number in range(30)]
    found: list[str] = []
    sizes: list[int] = []
    asked: dict[str, Any] = {"limit": 5, "reasons": ["mention", "reply"]}
    while not sizes or "cursor" in asked:
        page = signed.get("app.bsky.notification.listNotifications", **asked).json
        sizes.append(len(page["notifications"]))
        found += [one["uri"] for one in page["notifications"]]
        asked = {**asked, "cursor": page["cursor"]} if "cursor" in page else {}
    assert found == ids[::-1]
    assert min(sizes[:-1]) < 5
    assert signed.get("app.bsky.notification.listNotifications", seenAt="2026").status_code == 400


def test_a_mention_is_a_facet_in_bytes(box: Box) -> None:
    signed = Signed(box)
    write(box, f"Café — @{PLACE} was kind https://example.org/x")
    (one,) = signed.get("app.bsky.notification.listNotifications").json["notifications"]
    raw = one["record"]["text"].encode()
    mention, link = one["record"]["facets"]
    assert raw[mention["index"]["byteStart"] : mention["index"]["byteEnd"]].decode() == f"@{PLACE}"
    assert mention["features"][0]["did"] == signed.did
    assert raw[link["index"]["byteStart"] : link["index"]["byteEnd"]] == b"https://example.org/x"


def test_a_search_finds_words_and_phrases_of_anybody(box: Box) -> None:
    signed = Signed(box)
    named = write(box, "The Royal Example was kind", mention=False)
    write(box, "A royal and an example", mention=False)
    found = signed.get("app.bsky.feed.searchPosts", q='"royal example"').json["posts"]
    assert [one["uri"] for one in found] == [named]
    assert len(signed.get("app.bsky.feed.searchPosts", q="royal example").json["posts"]) == 2
    assert signed.get("app.bsky.feed.searchPosts", q="").json["error"] == "BadQueryString"
    assert signed.get("app.bsky.notification.listNotifications").json["notifications"] == []


def test_the_same_record_again_changes_nothing_and_another_one_is_not_written_over_it(box: Box) -> None:
    signed, parent = Signed(box), write(box, "Waited")
    first = signed.put(parent, swapRecord=None).json
    again = signed.put(parent, swapRecord=None).json
    assert (first["uri"], first["cid"]) == (again["uri"], again["cid"])
    assert "commit" in first
    assert "commit" not in again
    assert signed.put(parent, "Other words", swapRecord=None).json["error"] == "InvalidSwap"
    assert len(box.client.get(f"/control/posts/bluesky/{parent}").json["replies"]) == 1
    assert signed.put(parent, "Other words").json["cid"] != first["cid"]


def test_a_record_is_looked_up_without_signing_in(box: Box) -> None:
    signed, parent = Signed(box), write(box, "Waited")
    where = {"repo": signed.did, "collection": "app.bsky.feed.post", "rkey": TID}
    path = "/bluesky/pds/xrpc/com.atproto.repo.getRecord"
    assert box.client.get(path, query_string=where).json["error"] == "RecordNotFound"
    signed.put(parent)
    assert box.client.get(path, query_string=where).json["value"]["text"] == "Thank you."
    assert [one["uri"] for one in signed.get("com.atproto.repo.listRecords", repo=signed.did).json["records"]] == [
        f"at://{signed.did}/app.bsky.feed.post/{TID}"
    ]
    assert signed.post("com.atproto.repo.deleteRecord", **where).status_code == 200
    assert box.client.get(path, query_string=where).status_code == 400


def test_keys_texts_and_accounts_that_are_wrong_are_refused(box: Box) -> None:
    signed, parent = Signed(box), write(box, "Waited")
    assert signed.put(parent, rkey="hb-reply-42").status_code == 400
    assert signed.put(parent, "x" * 301).status_code == 400
    assert signed.put(parent, "👨‍👩‍👧‍👦" * 121).status_code == 400, "few letters, many bytes"
    assert signed.put(parent, "👩‍⚕️" * 150).status_code == 200
    signed.did = "did:plc:somebody"
    assert signed.put(parent).status_code == 403


def test_creating_over_a_record_is_no_clean_error(box: Box) -> None:
    signed, parent = Signed(box), write(box, "Waited")
    signed.put(parent)
    record = {"$type": "app.bsky.feed.post", "text": "x", "createdAt": "2026-03-01T10:00:00Z"}
    where = {"repo": signed.did, "collection": "app.bsky.feed.post", "record": record}
    assert signed.post("com.atproto.repo.createRecord", **where, rkey=TID).status_code == 500


def test_an_answer_to_what_is_gone_is_written_all_the_same(box: Box) -> None:
    signed, parent = Signed(box), write(box, "I go")
    box.client.delete(f"/control/posts/bluesky/{parent}")
    assert signed.put(parent).status_code == 200


def test_threads_say_what_is_gone(box: Box) -> None:
    signed, first = Signed(box), write(box, "Waited")
    ours = signed.put(first).json["uri"]
    back = write(box, "Thanks", in_reply_to=ours)
    thread = signed.get("app.bsky.feed.getPostThread", uri=back).json["thread"]
    assert thread["post"]["record"]["reply"]["root"]["uri"] == first
    assert thread["parent"]["post"]["uri"] == ours
    assert thread["parent"]["parent"]["post"]["uri"] == first
    box.client.delete(f"/control/posts/bluesky/{first}")
    gone = signed.get("app.bsky.feed.getPostThread", uri=back).json["thread"]["parent"]["parent"]
    assert gone["$type"].endswith("#notFoundPost")
    assert signed.get("app.bsky.feed.getPostThread", uri=first).json["error"] == "NotFound"
    assert [one["uri"] for one in signed.get("app.bsky.feed.getPosts", uris=[first, ours]).json["posts"]] == [ours]


def test_the_network_may_lag_behind(box: Box) -> None:
    box.client.post("/control/settings", json={"bluesky_lag_seconds": 5})
    signed = Signed(box)
    write(box, "Just now")
    assert signed.get("app.bsky.notification.listNotifications").json["notifications"] == []
    box.client.post("/control/settings", json={"clock_offset_seconds": 6})
    assert len(signed.get("app.bsky.notification.listNotifications").json["notifications"]) == 1
