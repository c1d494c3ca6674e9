"""What the X imitation sends: activity to webhooks, and the filtered stream."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Empty, Queue
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.conftest import Box
from tests.serving import serving

SECRET = b"sandbox-consumer-secret"
BEARER = {"Authorization": "Bearer bearer"}


def signature(signed: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


class App:
    """A webhook: answers the challenge with `secret`, and keeps what it is sent."""

    def __init__(self) -> None:
        self.secret, self.sent = SECRET, Queue[tuple[str, bytes]]()
        self.url = ""

    def next(self) -> dict[str, Any]:
        """Return the next event; its signature must be right."""
        given, body = self.sent.get(timeout=20)
        assert given == signature(body)
        event: dict[str, Any] = json.loads(body)["data"]
        return event


@pytest.fixture
def app() -> Iterator[App]:
    """A webhook on this machine."""
    ours = App()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = parse_qs(urlsplit(self.path).query)["crc_token"][0]
            self._answer(json.dumps({"response_token": signature(token.encode(), ours.secret)}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ours.sent.put((self.headers["x-twitter-webhooks-signature"], body))
            self._answer("")

        def _answer(self, words: str) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(words.encode())

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    with serving(server) as address:
        ours.url = f"{address}/hooks/x"
        yield ours


def post(box: Box, path: str, body: Any) -> Any:
    return box.client.post(f"/x/2/{path}", json=body, headers=BEARER)


@pytest.fixture
def subscribed(box: Box, app: App) -> Callable[[str], None]:
    """Subscribe the account's events of a kind."""
    box.told("x", "hello")
    made = post(box, "webhooks", {"url": app.url})
    assert made.json["data"]["valid"] is True

    def subscribe(event: str) -> None:
        body = {"event_type": event, "filter": {"user_id": box.user_id()}, "webhook_id": made.json["data"]["id"]}
        answer = post(box, "activity/subscriptions", body | {"tag": "inbox"})
        assert answer.status_code == 200, answer.text

    return subscribe


def test_a_webhook_that_does_not_know_the_secret_is_refused(box: Box, app: App) -> None:
    app.secret = b"another"
    answer = post(box, "webhooks", {"url": app.url})
    assert (answer.status_code, answer.json["title"]) == (400, "CrcValidationFailed")
    assert box.x("webhooks").json == {"meta": {"result_count": 0}}


@pytest.mark.parametrize("url", ["", "http://trust.example/hooks/x", "https://trust.example:8443/x", "https://[", "x"])
def test_addresses_that_are_not_public_are_refused(box: Box, url: str) -> None:
    assert post(box, "webhooks", {"url": url}).json["title"] == "UrlValidationFailed"


def test_a_webhook_is_kept_once_checked_again_and_removed(box: Box, app: App) -> None:
    made = post(box, "webhooks", {"url": app.url}).json["data"]
    assert post(box, "webhooks", {"url": app.url}).json["title"] == "DuplicateUrlFailed"
    app.secret = b"another"
    assert box.client.put(f"/x/2/webhooks/{made['id']}", headers=BEARER).status_code == 400
    assert box.x("webhooks").json["data"][0]["valid"] is False
    box.client.delete(f"/x/2/webhooks/{made['id']}", headers=BEARER)
    assert box.x("webhooks").json["meta"]["result_count"] == 0


def test_users_may_not_manage_webhooks(box: Box) -> None:
    token = box.sign_in()["access_token"]
    assert box.x("webhooks", token=token).status_code == 403


def test_mentions_answers_quotes_and_deletions_are_told(box: Box, app: App, subscribed: Callable[[str], None]) -> None:
    for name in ("mention.create", "reply.create", "quote.create", "delete"):
        subscribed(f"post.{name}")
    own = box.told("x", "Clinics are open", own=True)

    told = box.told("x", "Five hours")
    event = app.next()
    assert (event["event_type"], event["payload"]["id"], event["tag"]) == ("post.mention.create", told, "inbox")
    assert event["filter"] == {"user_id": box.user_id()}
    assert event["payload"]["entities"]["mentions"][0]["start_str"] == "0"

    answer = box.told("x", "When?", in_reply_to=own, mentions=False)
    event = app.next()
    assert (event["event_type"], event["payload"]["id"]) == ("post.reply.create", answer)
    assert event["payload"]["referenced_tweets"] == [{"type": "replied_to", "id": own}]
    assert event["payload"]["text"] == "When?"

    quote = box.told("x", "They say", quotes=own)
    event = app.next()
    assert (event["event_type"], event["payload"]["id"]) == ("post.quote.create", quote)

    box.client.delete(f"/control/posts/x/{own}")
    event = app.next()
    assert (event["event_type"], event["payload"]) == ("post.delete", {"id": own, "author_id": box.user_id()})


def test_what_nobody_subscribed_is_not_sent_and_twice_may_be(
    box: Box, app: App, subscribed: Callable[[str], None]
) -> None:
    box.told("x", "Not subscribed yet")
    subscribed("post.mention.create")
    box.client.post("/control/x/twice", json={"on": True})
    box.told("x", "Five hours")
    first, second = app.next(), app.next()
    assert first == second
    with pytest.raises(Empty):
        app.sent.get(timeout=0.2)


def test_a_subscription_is_there_once(box: Box, subscribed: Callable[[str], None]) -> None:
    subscribed("post.mention.create")
    body = {"event_type": "post.mention.create", "filter": {"user_id": box.user_id()}, "webhook_id": "1"}
    assert post(box, "activity/subscriptions", body).json["title"] == "DuplicateSubscription"
    assert post(box, "activity/subscriptions", body | {"event_type": "nonsense"}).status_code == 400
    listed = box.x("activity/subscriptions").json
    assert listed["meta"]["total_subscriptions"] == 1
    gone = f"/x/2/activity/subscriptions/{listed['data'][0]['subscription_id']}"
    box.client.delete(gone, headers=BEARER)
    assert box.x("activity/subscriptions").json == {"meta": {"total_subscriptions": 0}}


def test_quotes_are_listed_and_found_by_search(box: Box) -> None:
    own = box.told("x", "Clinics are open", own=True)
    quote = box.told("x", "They say", quotes=own)
    listed = box.x(f"tweets/{own}/quote_tweets", **{"tweet.fields": "referenced_tweets"}).json
    assert [one["id"] for one in listed["data"]] == [quote]
    assert listed["data"][0]["referenced_tweets"] == [{"type": "quoted", "id": own}]
    for query in (f"quotes_of_tweet_id:{own}", '(to:nobody OR url:"x.com/ExampleTrust/status") -@ExampleTrust'):
        found = box.x("tweets/search/recent", query=query).json
        assert [one["id"] for one in found["data"]] == [quote]


def test_rules_are_added_once_and_deleted(box: Box) -> None:
    rule = {"value": "@ExampleTrust -is:retweet", "tag": "mentions"}
    made = post(box, "tweets/search/stream/rules", {"add": [rule, {"value": "nonsense:"}]}).json
    assert (made["meta"]["summary"]["created"], made["meta"]["summary"]["invalid"]) == (1, 1)
    again = post(box, "tweets/search/stream/rules", {"add": [rule]}).json
    assert again["errors"][0]["title"] == "DuplicateRule"
    ids = [one["id"] for one in box.x("tweets/search/stream/rules").json["data"]]
    gone = post(box, "tweets/search/stream/rules", {"delete": {"ids": [*ids, "99"]}}).json
    assert gone["meta"]["summary"] == {"deleted": 1, "not_deleted": 1}


def test_the_stream_needs_rules_and_is_one(box: Box) -> None:
    assert box.x("tweets/search/stream").status_code == 409
    post(box, "tweets/search/stream/rules", {"add": [{"value": "@ExampleTrust", "tag": "t"}]})
    first = box.x("tweets/search/stream", **{"tweet.fields": "author_id"})
    lines = first.iter_encoded()
    assert next(lines) == b"\r\n"
    second = box.x("tweets/search/stream")
    assert (second.status_code, second.json["connection_issue"]) == (429, "TooManyConnections")
    told = box.told("x", "Five hours")
    line = json.loads(next(lines))
    assert (line["data"]["id"], line["matching_rules"][0]["tag"]) == (told, "t")
    box.client.delete("/x/2/connections/all", headers=BEARER)
    assert list(lines) == []


def test_a_patient_quotes_a_post_on_its_page(box: Box) -> None:
    own = box.told("x", "Clinics are open", own=True)
    assert "Quote this post" in box.client.get(f"/x/i/status/{own}").text
    answer = box.client.post(f"/x/i/status/{own}/quote", data={"text": "At last", "author": "Wren"})
    assert answer.status_code == 303
    found = box.x("tweets/search/recent", query=f"quotes_of_tweet_id:{own}").json
    assert [one["text"] for one in found["data"]] == ["At last"]
    assert box.client.post(f"/x/i/status/{own}/quote", data={"text": " "}).status_code == 422
