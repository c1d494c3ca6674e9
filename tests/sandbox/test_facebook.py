"""The sandbox's Facebook behaves as Meta documents it, quirks and refusals included."""

import base64
import hmac
import json
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.conftest import Box
from tests.serving import serving

Make = Callable[..., Box]

SECRET, APP = "app-secret", "1517776481860111"
NAME = "exampletrust"
KEYS = {"FACEBOOK_APP_ID": APP, "FACEBOOK_APP_SECRET": SECRET, "FACEBOOK_VERIFY_TOKEN": "expected"}
BACK = "http://127.0.0.1:5000/channels/facebook/callback"
SCOPES = (
    "pages_show_list,pages_read_engagement,pages_read_user_content,pages_manage_engagement,pages_manage_metadata,"
    "pages_messaging"
)
GRAPH = "/facebook/v26.0"


def proof(token: str) -> str:
    return hmac.new(SECRET.encode(), token.encode(), sha256).hexdigest()


class Page:
    """One Page, with its token."""

    def __init__(self, box: Box, page_id: str, token: str) -> None:
        self.box, self.page_id, self.token = box, page_id, token

    def call(self, method: str, path: str, version: str = "v26.0", **options: Any) -> Any:
        query = {"appsecret_proof": proof(self.token), **options.pop("query", {})}
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.box.client.open(
            f"/facebook/{version}/{path}", method=method, query_string=query, headers=headers, **options
        )

    def get(self, path: str, version: str = "v26.0", **query: str) -> Any:
        return self.call("GET", path, version, query=query)

    def all(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Follow `next` to the end."""
        found, after = [], ""
        while True:
            body = self.get(path, **query, **({"after": after} if after else {})).json
            found += body["data"]
            onward = body.get("paging", {}).get("next")
            if not onward:
                return found
            after = parse_qs(urlsplit(onward).query)["after"][0]

    def write(self, how: str = "comment", text: str = "Parking is awful", **more: Any) -> str:
        body = {"channel": "facebook", "handle": NAME, "author": "A. Person", "text": text, "as": how, **more}
        return str(self.box.client.post("/control/posts", json=body).json["remote_id"])


@pytest.fixture
def box(make_box: Make) -> Box:
    """A sandbox of an app whose secret is known."""
    return make_box(KEYS)


@pytest.fixture
def page(box: Box) -> Page:
    return signed_in(box, SCOPES)


def code_for(box: Box, scopes: str = SCOPES, name: str = NAME) -> dict[str, str]:
    asked = {"client_id": APP, "redirect_uri": BACK, "state": "s", "scope": scopes, "response_type": "code"}
    shown = box.client.get(f"{GRAPH}/dialog/oauth", query_string=asked)
    assert shown.status_code == 200
    answer = box.client.post(f"{GRAPH}/dialog/oauth", data={**asked, "name": name})
    return {key: value[0] for key, value in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchange(box: Box, **given: str) -> Any:
    query = {"client_id": APP, "client_secret": SECRET, **given}
    return box.client.get(f"{GRAPH}/oauth/access_token", query_string=query)


def signed_in(box: Box, scopes: str) -> Page:
    short = exchange(box, code=code_for(box, scopes)["code"], redirect_uri=BACK).json["access_token"]
    long = exchange(box, grant_type="fb_exchange_token", fb_exchange_token=short).json["access_token"]
    query = {"access_token": long, "appsecret_proof": proof(long), "fields": "id,name,access_token,tasks"}
    (found,) = box.client.get(f"{GRAPH}/me/accounts", query_string=query).json["data"]
    return Page(box, found["id"], found["access_token"])


def code(answer: Any) -> tuple[int, int]:
    error = answer.json["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= set(error)
    return error["code"], error.get("error_subcode", 0)


def test_a_code_serves_once_and_only_where_it_was_asked_for(box: Box) -> None:
    given = code_for(box)
    assert given["state"] == "s"
    assert code(exchange(box, code=given["code"], redirect_uri="http://elsewhere/")) == (100, 36008)
    assert exchange(box, code=given["code"], redirect_uri=BACK).json["expires_in"] == 3600
    assert code(exchange(box, code=given["code"], redirect_uri=BACK)) == (100, 36009)


def test_who_says_no_is_sent_back_with_an_error(box: Box) -> None:
    asked = {"client_id": APP, "redirect_uri": BACK, "state": "s", "scope": SCOPES, "response_type": "code"}
    answer = box.client.post(f"{GRAPH}/dialog/oauth", data={**asked, "cancel": "1"})
    assert "error=access_denied" in answer.headers["Location"]


@pytest.mark.parametrize("wrong", [{"client_id": "1"}, {"scope": "everything"}, {"redirect_uri": "javascript:x"}])
def test_a_dialog_that_is_asked_wrongly_grants_nothing(box: Box, wrong: dict[str, str]) -> None:
    asked = {"client_id": APP, "redirect_uri": BACK, "state": "s", "scope": SCOPES, "response_type": "code"}
    assert box.client.get(f"{GRAPH}/dialog/oauth", query_string=asked | wrong).status_code == 400
    assert box.client.post(f"{GRAPH}/dialog/oauth", data=asked | wrong).status_code == 400


def test_a_call_needs_a_living_token_and_its_proof(box: Box, page: Page) -> None:
    path = f"{GRAPH}/{page.page_id}/feed"
    assert code(box.client.get(path)) == (190, 0)
    assert code(box.client.get(path, query_string={"access_token": page.token}))[0] == 100
    wrong = {"access_token": page.token, "appsecret_proof": "0" * 64}
    assert code(box.client.get(path, query_string=wrong))[0] == 100
    assert page.get(f"{page.page_id}/feed").status_code == 200
    box.client.post("/control/facebook/tokens", json={"subcode": 458})
    assert code(page.get(f"{page.page_id}/feed")) == (190, 458)


def test_a_token_opens_its_own_page_and_what_it_was_allowed(box: Box, page: Page) -> None:
    other = signed_in(box, "pages_show_list")
    assert code(page.get("123456789012345")) == (100, 33)
    assert code(other.get(f"{other.page_id}/feed")) == (200, 0)
    assert code(signed_in(box, SCOPES.replace(",pages_messaging", "")).get(f"{page.page_id}/conversations")) == (200, 0)


def test_only_asked_fields_come_and_unknown_ones_are_refused(page: Page) -> None:
    ident = page.write()
    found = page.get(ident, fields="message,object{id,from},parent{id}").json
    assert set(found) == {"id", "message", "object"}
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", page.get(ident, fields="created_time").json["created_time"]
    )
    assert code(page.get(ident, fields="id,attachments"))[0] == 100
    assert code(page.get(ident, fields="object{id"))[0] == 2500


def test_comments_come_in_two_levels_flat_or_only_the_first(page: Page) -> None:
    ident = page.write()
    ours = page.call("POST", f"{ident}/comments", data={"message": "Thank you"}).json["id"]
    again = page.write(text="You are welcome", in_reply_to=ours)
    (post,) = page.all(f"{page.page_id}/published_posts", fields="id,message,from")
    flat = page.all(f"{post['id']}/comments", fields="id,parent{id},from", filter="stream")
    assert [one["id"] for one in flat] == [ident, ours, again]
    assert [one.get("parent", {}).get("id") for one in flat] == [None, ident, ident]
    assert flat[1]["from"]["id"] == page.page_id
    top = page.all(f"{post['id']}/comments", fields="id")
    assert [one["id"] for one in top] == [ident]
    backwards = page.all(f"{post['id']}/comments", fields="id", filter="stream", order="reverse_chronological")
    assert [one["id"] for one in backwards] == [again, ours, ident]


def test_a_page_of_what_may_not_be_seen_is_empty_and_goes_on(box: Box, page: Page) -> None:
    idents = [page.write("visitor", f"Number {number}") for number in range(5)]
    for ident in idents[1:]:
        box.client.delete(f"/control/posts/facebook/{ident}")
    body = page.get(f"{page.page_id}/visitor_posts", limit="2").json
    assert body["data"] == []
    assert "next" in body["paging"]
    assert [one["id"] for one in page.all(f"{page.page_id}/visitor_posts", limit="2")] == [idents[0]]


def test_the_same_comment_twice_shows_twice(box: Box, page: Page) -> None:
    ident = page.write()
    first, second = (page.call("POST", f"{ident}/comments", data={"message": "Thank you"}).json["id"] for _ in range(2))
    assert first != second
    assert len(box.seen("facebook", ident)["replies"]) == 2


def test_ratings_are_served_by_old_versions_only(page: Page) -> None:
    page.write("rating", "Wonderful", rating=None)
    assert page.get(f"{page.page_id}/ratings", "v21.0", fields="review_text,recommendation_type").json["data"]
    assert code(page.get(f"{page.page_id}/ratings")) == (12, 0)
    assert page.get(f"{page.page_id}/ratings", "v3.2", fields="review_text").json["data"], (
        "a dead version is the oldest"
    )


def test_a_private_answer_to_a_comment_is_given_once_within_seven_days(box: Box, page: Page) -> None:
    ident = page.write()
    given = {"recipient": {"comment_id": ident}, "message": {"text": "Hello"}, "messaging_type": "RESPONSE"}
    sent = page.call("POST", f"{page.page_id}/messages", json=given)
    assert {"recipient_id", "message_id"} == set(sent.json)
    assert code(page.call("POST", f"{page.page_id}/messages", json=given)) == (10900, 0)
    old = page.write(posted_at="2020-01-01T00:00:00Z")
    late = given | {"recipient": {"comment_id": old}}
    assert code(page.call("POST", f"{page.page_id}/messages", json=late)) == (10903, 0)
    assert page.get(ident, fields="can_reply_privately").json["can_reply_privately"] is False


def test_a_message_is_answered_within_a_day(box: Box, page: Page) -> None:
    page.write("message", "Hello?")
    (thread,) = page.all(f"{page.page_id}/conversations", fields="id,participants,messages{id,message,from}")
    person = thread["participants"]["data"][0]["id"]
    given = {"recipient": {"id": person}, "message": {"text": "Hello", "metadata": "k"}, "messaging_type": "RESPONSE"}
    assert page.call("POST", f"{page.page_id}/messages", json=given).status_code == 200
    box.client.post("/control/settings", json={"clock_offset_seconds": 25 * 3600})
    assert code(page.call("POST", f"{page.page_id}/messages", json=given)) == (10, 2018278)
    assert code(page.call("POST", f"{page.page_id}/messages", json=given | {"message": {"text": "x" * 2001}}))[0] == 100


def test_authors_can_be_withheld(box: Box, page: Page) -> None:
    ident = page.write()
    assert page.get(ident, fields="from").json["from"]["name"] == "A. Person"
    box.client.post("/control/facebook/flags", json={"hide_authors": "on"})
    assert "from" not in page.get(ident, fields="from").json


def test_what_is_gone_is_missing_and_what_is_hidden_says_so(box: Box, page: Page) -> None:
    ident, hidden = page.write(), page.write()
    box.client.delete(f"/control/posts/facebook/{ident}")
    assert code(page.get(ident)) == (100, 33)
    assert code(page.get(f"{ident}/comments")) == (100, 33)
    assert page.call("POST", hidden, data={"is_hidden": "true"}).json == {"success": True}
    assert page.get(hidden, fields="is_hidden").json["is_hidden"] is True


def test_too_many_calls_are_refused_with_the_time_to_wait(make_box: Make) -> None:
    box = make_box(KEYS | {"SANDBOX_RATE_LIMITS": "on"})
    page = signed_in(box, SCOPES)
    answer = page.get(page.page_id)
    usage = json.loads(answer.headers["X-Business-Use-Case-Usage"])[page.page_id][0]
    assert usage["call_count"] == 0
    for _ in range(4800):
        box.parts.limits.hit(page.page_id, "pages", 4800, 86_400, box.parts.store.now())
    refused = page.get(page.page_id)
    assert code(refused)[0] == 80001
    assert (
        json.loads(refused.headers["X-Business-Use-Case-Usage"])[page.page_id][0]["estimated_time_to_regain_access"] > 0
    )


@pytest.fixture
def callback() -> Iterator[tuple[str, Queue[tuple[bytes, str]]]]:
    """An app's callback that answers the challenge and keeps what is sent."""
    sent: Queue[tuple[bytes, str]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            right = query["hub.verify_token"] == ["expected"]
            self._answer(query["hub.challenge"][0].encode() if right else b"no")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent.put((body, self.headers["X-Hub-Signature-256"]))
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    with serving(server) as address:
        yield f"{address}/", sent


def test_the_app_is_told_signed_in_ascii(box: Box, page: Page, callback: tuple[str, Queue[tuple[bytes, str]]]) -> None:
    url, sent = callback
    app_token = f"{APP}|{SECRET}"
    form = {"object": "page", "callback_url": url, "verify_token": "wrong", "access_token": app_token}
    query = {"appsecret_proof": proof(app_token)}
    path = f"{GRAPH}/{APP}/subscriptions"
    assert box.client.post(path, data=form, query_string=query).status_code == 400
    assert box.client.post(path, data=form | {"verify_token": "expected"}, query_string=query).json == {"success": True}
    page.write(text="Nobody asked to be told yet")
    fields = {"subscribed_fields": "feed,messages"}
    assert page.call("POST", f"{page.page_id}/subscribed_apps", data=fields).json == {"success": True}

    ident = page.write(text="Parking 😡 a/b")

    body, signature = sent.get(timeout=10)
    assert signature == "sha256=" + hmac.new(SECRET.encode(), body, sha256).hexdigest()
    assert body.isascii()
    assert b"a\\/b" in body
    (entry,) = json.loads(body)["entry"]
    assert entry["id"] == page.page_id
    value = entry["changes"][0]["value"]
    assert (value["comment_id"], value["verb"], value["message"]) == (ident, "add", "Parking 😡 a/b")
    box.client.delete(f"/control/posts/facebook/{ident}")
    (entry,) = json.loads(sent.get(timeout=10)[0])["entry"]
    assert (entry["changes"][0]["value"]["verb"], "message" in entry["changes"][0]["value"]) == ("remove", False)


def test_one_acts_as_a_patient_on_the_pages_of_facebook(box: Box, page: Page) -> None:
    form = {"text": "<b>Hello</b>", "author": "Kim", "as": "visitor"}
    made = box.client.post(f"/facebook/pages/{NAME}", data=form)
    shown = box.client.get(made.headers["Location"]).text
    assert "&lt;b&gt;Hello&lt;/b&gt;" in shown
    assert "Kim" in box.client.get(f"/facebook/pages/{NAME}").text
    assert box.client.post(f"/facebook/pages/{NAME}", data=form | {"as": "shout"}).status_code == 422


def test_cursors_are_opaque_and_wrong_ones_refused(page: Page) -> None:
    page.write()
    after = page.get(f"{page.page_id}/feed").json["paging"]["cursors"]["after"]
    assert not after.isdigit()
    assert code(page.get(f"{page.page_id}/feed", after="QVFI" + base64.b64encode(b"nonsense").decode()))[0] == 100
