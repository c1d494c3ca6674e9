"""What X sends by itself: the challenge, the signature, and what becomes of each event."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from healthberry.connectors.base import Access, Connector, WebhookRequest
from healthberry.connectors.errors import BadSignature
from tests.connectors.fakes import CREDENTIALS, Provider, as_json, connectors
from tests.connectors.samples import INCLUDES
from tests.connectors.x_samples import EMPTY, ONE, US, by_path, post

TOLD = replace(CREDENTIALS, x_consumer_secret="sandbox-consumer-secret")
# Vectors of the document.
CHALLENGE = ("challenge-1", "sha256=BeHR0iolYZMplZyw0/rt6946yRnGSmnGsmxaFgPA2Vg=")
SIGNED = (b'{"for_user_id":"1","tweet_delete_events":[]}', "sha256=f44oFCi8uGLnoW8csf5AtVpmwhWSGnob7u7C5R+ks10=")


def x(provider: Provider | None = None) -> Connector:
    return connectors(provider or by_path(), TOLD).get("x")


def request(body: bytes, signature: str) -> WebhookRequest:
    return WebhookRequest("POST", {"x-twitter-webhooks-signature": signature}, {}, body)


def signed(body: Any) -> WebhookRequest:
    """Sign as X does, with a challenge: both are signed the same way."""
    raw = json.dumps(body).encode()
    answer = x().receive(Access({}), WebhookRequest("GET", {}, {"crc_token": raw.decode()}, b""))
    return request(raw, json.loads(answer.body)["response_token"])


def event(name: str, **payload: Any) -> dict[str, Any]:
    return {"event_uuid": "-30", "filter": {"user_id": US}, "event_type": name, "tag": "t", "payload": payload}


def test_the_challenge_is_answered() -> None:
    answer = x().receive(Access({}), WebhookRequest("GET", {}, {"crc_token": CHALLENGE[0]}, b""))
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert json.loads(answer.body) == {"response_token": CHALLENGE[1]}
    assert not answer.deliveries


def test_the_signature_is_checked_on_the_raw_bytes() -> None:
    assert x().receive(Access({}), request(*SIGNED)).status == 200
    for body, signature in ((SIGNED[0] + b" ", SIGNED[1]), (SIGNED[0], ""), (SIGNED[0], "sha256=é"), (b"", SIGNED[1])):
        with pytest.raises(BadSignature):
            x().receive(Access({}), request(body, signature))


def test_nothing_is_taken_without_a_secret_or_a_challenge() -> None:
    without = connectors(by_path()).get("x")
    assert not without.capabilities.push
    for connector in (without, x()):
        with pytest.raises(BadSignature):
            connector.receive(Access({}), WebhookRequest("GET", {}, {}, b""))
    with pytest.raises(BadSignature):
        without.receive(Access({}), request(*SIGNED))


def test_with_the_secret_push_is_a_hint_that_is_repaired_by_the_hour() -> None:
    assert (x().capabilities.push, x().capabilities.reread_seconds) == (True, 3600)


def test_each_event_is_for_the_account_that_it_names_and_known_by_its_id() -> None:
    one = x().receive(Access({}), signed({"data": event("post.mention.create", id="1"), "includes": {}}))
    two = x().receive(Access({}), signed({"data": [event("post.mention.create"), None, 5, event("post.delete")]}))
    assert [(piece.account, piece.key) for piece in one.deliveries] == [(US, "-30")]
    assert len(two.deliveries) == 2


def test_events_of_the_older_interface_are_parted_too() -> None:
    body = {
        "for_user_id": US,
        "tweet_create_events": [{"id_str": "5"}, {"id_str": "6"}],
        "tweet_delete_events": [{"status": {"id": "7", "user_id": US}}],
    }
    pieces = x().receive(Access({}), signed(body)).deliveries
    assert [piece.account for piece in pieces] == [US] * 3
    pages = [x().read_delivery(ONE, piece.body) for piece in pieces]
    assert [page.poll_now for page in pages] == [True, True, False]
    assert [(item.remote_id, item.change) for item in pages[2].items] == [("7", "withdrawn")]
    revoked = {"user_event": {"revoke": {"source": {"user_id": US}}}}
    (piece,) = x().receive(Access({}), signed(revoked)).deliveries
    assert (piece.account, x().read_delivery(ONE, piece.body).poll_now) == (US, True)


@pytest.mark.parametrize("body", [None, [], "x", {}, {"data": None}, {"data": 5, "tweet_create_events": {"a": 1}}])
def test_signed_nonsense_is_taken_and_does_nothing(body: Any) -> None:
    answer = x().receive(Access({}), signed(body))
    assert answer.status == 200
    assert all(piece.account == "" for piece in answer.deliveries)


def test_a_mention_has_the_channel_asked_without_a_call() -> None:
    provider = by_path()
    page = x(provider).read_delivery(ONE, json.dumps(event("post.mention.create", id="5", text="private")))
    assert (page.poll_now, list(page.items), provider.asked) == (True, [], [])


def test_an_answer_without_a_mention_is_looked_up() -> None:
    found = post(5, entities={}, text="Still waiting")
    provider = Provider(lambda request: as_json({"data": [found], "includes": INCLUDES}))
    page = x(provider).read_delivery(ONE, json.dumps(event("post.reply.create", id=found["id"])))
    assert [item.text for item in page.items] == ["Still waiting"]
    assert not page.poll_now
    assert provider.asked[0].url.params["ids"] == found["id"]


def test_what_cannot_be_looked_up_yet_is_a_hint() -> None:
    assert (
        x(Provider(lambda request: as_json(EMPTY)))
        .read_delivery(ONE, json.dumps(event("post.quote.create", id="5")))
        .poll_now
    )


def test_a_deletion_is_followed() -> None:
    (item,) = x().read_delivery(ONE, json.dumps(event("post.delete", id="77", author_id=US))).items
    assert (item.remote_id, item.change) == ("77", "withdrawn")
    assert not x().read_delivery(ONE, json.dumps(event("post.delete", id={"a": 1}))).items


@pytest.mark.parametrize("body", ["", "null", "[]", "{", '{"event_type": 5, "payload": []}', "[" * 50_000])
def test_a_spoilt_delivery_is_a_hint_at_most(body: str) -> None:
    page = x().read_delivery(ONE, body)
    assert (list(page.items), list(page.bad)) == ([], [])


def test_private_messages_are_left_alone() -> None:
    page = x().read_delivery(ONE, json.dumps(event("dm.received", id="5")))
    assert (page.poll_now, list(page.items)) == (False, [])


class Activity(Provider):
    """X with a webhook that leads to us, and what is subscribed there."""

    def __init__(self, *there: tuple[str, str]) -> None:
        super().__init__(self._serve)
        self.there = list(there)

    def _serve(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/2/webhooks":
            other = {"id": "8", "url": "https://other.example/x"}
            return as_json({"data": [other, {"id": "9", "url": "https://trust.example/hooks/x", "valid": True}]})
        if request.url.path != "/2/activity/subscriptions":
            return as_json(EMPTY)
        if request.method == "POST":
            asked = json.loads(request.content)
            assert asked["webhook_id"] == "9"
            self.there.append((asked["event_type"], asked["filter"]["user_id"]))
        return as_json({"data": [{"event_type": name, "filter": {"user_id": user}} for name, user in self.there]})


def test_a_poll_asks_once_a_day_for_the_events_that_are_not_subscribed_yet() -> None:
    provider = Activity(("post.mention.create", US), ("post.reply.create", "5"))
    connector, cursor = x(provider), None
    for _ in range(6):
        cursor = connector.poll(ONE, cursor).cursor
    events = ["post.delete", "post.mention.create", "post.quote.create", "post.reply.create"]
    assert sorted(name for name, user in provider.there if user == US) == events
    assert len([one for one in provider.asked if one.url.path == "/2/webhooks"]) == 1


def test_polls_go_on_where_x_refuses_to_send() -> None:
    provider = by_path(webhooks=lambda request: as_json({}, 403))
    assert x(provider).poll(ONE, None).more
