"""Another system's JSON: who may send it, what is taken, what is said of the rest, and answers to where it chose."""

import hashlib
import hmac
import json
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Access, InboundItem, Rating, Reply, ReplyTarget, WebhookAnswer, WebhookRequest
from healthberry.connectors.errors import (
    BadSignature,
    ConnectorError,
    Gone,
    NotLinked,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.signing import sign, verify
from healthberry.connectors.webhook import Webhook
from tests.connectors.fakes import answering, as_json

SECRET = "a secret that only these tests know"
NOW = 1_767_225_600
CALLBACK = "https://survey.example.org/answers"
PUBLIC = "93.184.216.34"
ITEM: dict[str, Any] = {
    "id": "response-1",
    "text": "The nurses were kind.",
    "posted_at": "2025-12-31T12:00:00+01:00",
    "title": "Ward 7",
    "author": {"id": "guest-1", "name": "Wren"},
    "ratings": [{"name": "Overall", "value": 4, "out_of": 5}, {"value": 9, "out_of": 10}],
    "service_code": "ryj01",
    "url": "https://survey.example.org/1",
    "something_new": {"a": 1},
}
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "channels" / "webhook.md"


def made(transport: httpx.BaseTransport | None = None, addresses: Sequence[str] = (PUBLIC,)) -> Webhook:
    """Return the connector at this moment, with a name server of its own."""
    return Webhook(
        registry.endpoints(None),
        transport=transport,
        resolve=lambda host, port: list(addresses),
        clock=lambda: float(NOW),
    )


def access(callback: str = CALLBACK) -> Access:
    return Access({"name": "Ward tablets", "callback": callback}, {"secret": SECRET})


def received(body: bytes, header: str | None = None) -> WebhookAnswer:
    header = sign(SECRET, body, NOW) if header is None else header
    return made().receive(access(), WebhookRequest("POST", {"x-healthberry-signature": header}, {}, body))


def sent(*items: Any) -> WebhookAnswer:
    return received(json.dumps({"version": 1, "items": list(items)}).encode())


def read(element: Any) -> InboundItem:
    (delivery,) = sent(element).deliveries
    page = made().read_delivery(access(), delivery.body)
    assert not page.bad
    return page.items[0]


def reply(key: str = "key-1") -> Reply:
    target = ReplyTarget("response-1", "thread-1", None, None, {}, None)
    return Reply(key, "Thank you – we will.", target, "Pat Lee", "pals@trust.example")


def test_the_signature_is_the_one_that_the_documentation_shows() -> None:
    shown = sign("an example secret, not a real one", b'{"version":1,"items":[]}', NOW)
    assert shown in DOCUMENT.read_text(encoding="utf-8")
    digest = hmac.new(b"k", b"5.body", hashlib.sha256).hexdigest()
    assert verify("k", f"t=5,v1={digest}", b"body", at=6) == 5


def test_the_documentations_example_is_taken() -> None:
    example = DOCUMENT.read_text(encoding="utf-8").split("```json\n")[1].split("```")[0]
    assert received(example.encode()).status == 202


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        f"t={NOW}",
        f"t={NOW},v1=",
        f"v1={'0' * 64}",
        f"t={NOW},v1={'0' * 64}",
        f"t={NOW},v1=é",
        sign("another secret", b"{}", NOW),
        sign(SECRET, b"{} ", NOW),
        sign(SECRET, b"{}", NOW).replace(f"t={NOW}", f"t={NOW + 1}"),
        sign(SECRET, b"{}", NOW - 301),
        sign(SECRET, b"{}", NOW + 301),
        sign("", b"{}", NOW),
        "t=" + "9" * 4000,
    ],
)
def test_what_is_not_signed_as_agreed_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        received(b"{}", header)


def test_a_channel_without_a_secret_takes_nothing() -> None:
    request = WebhookRequest("POST", {"x-healthberry-signature": sign("", b"{}", NOW)}, {}, b"{}")
    with pytest.raises(BadSignature):
        made().receive(Access({}), request)
    with pytest.raises(BadSignature):
        made().receive(access(), WebhookRequest("GET", {}, {}, b""))


def test_one_of_several_signatures_is_enough_so_that_a_secret_can_be_renewed() -> None:
    body = json.dumps({"version": 1, "items": [ITEM]}).encode()
    old = sign("the old secret", body, NOW)
    assert received(body, f"{old},{sign(SECRET, body, NOW).partition(',')[2]}").status == 202
    assert received(body, sign(SECRET, body, NOW - 299)).status == 202


def test_an_item_arrives_with_all_that_was_said_of_it() -> None:
    item = read(ITEM)
    assert (item.remote_id, item.thread_id, item.direction, item.change) == ("response-1",) * 2 + ("inbound", "created")
    assert (item.text, item.title, item.service_code) == ("The nurses were kind.", "Ward 7", "RYJ01")
    assert (item.author.remote_id, item.author.screen_name) == ("guest-1", "Wren")
    assert item.posted_at == datetime(2025, 12, 31, 11, tzinfo=UTC)
    assert item.ratings == (Rating("Overall", 4, 5), Rating("Rating", 9, 10))
    assert (item.url, dict(item.source)) == ("https://survey.example.org/1", {})


def test_threads_edits_withdrawals_and_private_items_are_told_apart() -> None:
    answer = read({**ITEM, "thread_id": "t", "in_reply_to": "response-0", "change": "edited", "private": True})
    assert (answer.thread_id, answer.in_reply_to, answer.change) == ("t", "response-0", "edited")
    assert answer.source == {"private": True}
    gone = read({"id": "response-1", "change": "withdrawn"})
    assert (gone.change, gone.text, gone.thread_id) == ("withdrawn", "", "response-1")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff\xfe{}",
        b"{" * 100_000,
        b"null",
        b'{"version": 2, "items": [{}]}',
        b'{"version": 1, "items": []}',
        b'{"version": 1, "items": [NaN]}',
        json.dumps({"version": 1, "items": [ITEM] * 501}).encode(),
    ],
)
def test_a_body_of_another_shape_is_refused_as_a_whole(body: bytes) -> None:
    answer = received(body)
    assert (answer.status, list(answer.deliveries), answer.content_type) == (422, [], "application/json")
    (error,) = json.loads(answer.body)["errors"]
    assert (error["index"], error["id"]) == (None, None)
    assert error["error"].endswith(".")


HOSTILE: list[Any] = [
    None,
    [],
    "text",
    7,
    {},
    {**ITEM, "id": ""},
    {**ITEM, "id": " \u0000"},
    {**ITEM, "id": 5},
    {**ITEM, "id": "x" * 201},
    {**ITEM, "text": None},
    {**ITEM, "text": "x" * 100_001},
    {**ITEM, "posted_at": "yesterday"},
    {**ITEM, "posted_at": "2025-12-31T12:00:00"},
    {**ITEM, "posted_at": "2025-13-31T12:00:00Z"},
    {**ITEM, "change": "deleted"},
    {**ITEM, "ratings": {"value": 1}},
    {**ITEM, "ratings": [{"value": 1, "out_of": 0}]},
    {**ITEM, "url": "javascript:alert(1)"},
    {**ITEM, "author": "Wren"},
    {**ITEM, "private": "yes"},
    {"id": "a"},
]


@pytest.mark.parametrize("element", HOSTILE, ids=range(len(HOSTILE)))
def test_a_bad_item_is_named_with_its_reason_and_its_neighbours_are_taken(element: Any) -> None:
    answer = sent({**ITEM, "id": "before"}, element, {**ITEM, "id": "after"})
    said = json.loads(answer.body)
    assert (answer.status, said["accepted"]) == (422, 2)
    assert [error["index"] for error in said["errors"]] == [1]
    assert len(answer.body) < 1000
    assert [json.loads(one.body)["id"] for one in answer.deliveries] == ["before", "after"]


def test_the_same_request_again_has_the_same_keys_and_the_same_words_later_another() -> None:
    body = json.dumps({"version": 1, "items": [ITEM]}).encode()
    first, again = received(body).deliveries[0], received(body).deliveries[0]
    later = received(body, sign(SECRET, body, NOW + 1)).deliveries[0]
    assert first.key == again.key != later.key


def test_hostile_words_come_as_they_were_written_without_nul_or_surrogates() -> None:
    words = "<script>alert(1)</script> 👩‍⚕️ \u202eevil\u202c"
    assert read({**ITEM, "text": words}).text == words
    assert read({**ITEM, "text": "a\u0000b\ud800c"}).text == "ab\ufffdc"


def test_a_delivery_that_was_garbled_in_keeping_is_kept_aside() -> None:
    for body in ("", "null", "{}", '{"id": "a"}', "[" * 100_000):
        page = made().read_delivery(access(), body)
        assert (list(page.items), len(page.bad)) == ([], 1)
        assert page.bad[0].raw == body[:20_000]


def test_linking_makes_a_secret_shows_it_once_and_keeps_it_with_other_settings() -> None:
    connector = made()
    first = connector.prepare({"name": " Ward  Tablets ", "callback": CALLBACK, "secret": "", "renew": "no"}, "")
    (found,) = connector.link(first).found
    secret = found.secrets["secret"]
    assert len(secret) >= 32
    assert (found.listing.remote_id, found.listing.label) == ("ward tablets", "Ward Tablets")
    assert found.listing.config == {"name": "Ward Tablets", "callback": CALLBACK}
    assert found.reveal == (("Send to this address", "{hook}"), ("Shared secret", secret))
    assert secret not in repr(first) + repr(found)

    kept = connector.prepare({"name": "Ward Tablets", "callback": "", "secret": secret, "renew": "no"}, "")
    (same,) = connector.link(kept).found
    assert same.secrets == found.secrets
    assert secret not in str(same.reveal)

    renewed = connector.prepare({"name": "Ward Tablets", "secret": secret, "renew": "yes"}, "")
    (fresh,) = connector.link(renewed).found
    assert fresh.secrets != found.secrets
    assert fresh.secrets["secret"] in str(fresh.reveal)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "A", "callback": "survey.example.org"}, "callback"),
        ({"name": "A", "callback": "http://survey.example.org/"}, "callback"),
        ({"name": "A", "callback": "https://survey.example.org:8443/"}, "callback"),
        ({"name": "A", "callback": "https://me:you@survey.example.org/"}, "callback"),
        ({"name": "A", "callback": "https://survey.example.org:99999/"}, "callback"),
        ({"name": "A", "secret": "too short"}, "secret"),
    ],
)
def test_what_can_not_be_linked_is_said_beside_its_field(given: dict[str, str], field: str) -> None:
    with pytest.raises(NotLinked) as raised:
        made().link(made().prepare(given, ""))
    assert raised.value.field == field


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"])
def test_addresses_inside_a_network_are_refused_when_linked_and_when_called(address: str) -> None:
    provider = answering({})
    connector = made(provider, [PUBLIC, address])
    with pytest.raises(NotLinked, match="not public"):
        connector.link(connector.prepare({"name": "A", "callback": CALLBACK}, ""))
    with pytest.raises(Rejected, match="not public"):
        connector.reply(access(), reply())
    assert provider.asked == []


def test_an_answer_goes_signed_to_the_address_that_was_checked() -> None:
    provider = answering(as_json({"url": "https://survey.example.org/1#answer"}, 201))

    out = made(provider).reply(access(), reply())

    (asked,) = provider.asked
    assert (asked.method, str(asked.url), asked.headers["host"]) == (
        "POST",
        f"https://{PUBLIC}/answers",
        "survey.example.org",
    )
    assert asked.extensions["sni_hostname"] == "survey.example.org"
    assert asked.headers["idempotency-key"] == "key-1"
    assert asked.headers["x-healthberry-signature"] == sign(SECRET, asked.content, NOW)
    assert json.loads(asked.content) == {
        "version": 1,
        "key": "key-1",
        "message_id": "response-1",
        "thread_id": "thread-1",
        "text": "Thank you – we will.",
        "author_name": "Pat Lee",
    }
    assert (out.remote_id, out.url, out.state) == ("key-1", "https://survey.example.org/1#answer", "live")


@pytest.mark.parametrize("body", [b"", b"ok", b"null", b"[]", b"x" * 200_000], ids=range(5))
def test_what_is_said_to_an_answer_may_be_anything(body: bytes) -> None:
    assert made(answering(httpx.Response(200, content=body))).reply(access(), reply()).remote_id == "key-1"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (301, UnexpectedAnswer),
        (400, Rejected),
        (401, Rejected),
        (403, Rejected),
        (404, Gone),
        (405, UnexpectedAnswer),
        (408, Unavailable),
        (409, Rejected),
        (410, Gone),
        (413, Rejected),
        (418, UnexpectedAnswer),
        (422, Rejected),
        (429, RateLimited),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_each_status_means_what_the_documentation_says(status: int, error: type[ConnectorError]) -> None:
    provider = answering(httpx.Response(status, headers={"retry-after": "7", "location": "https://127.0.0.1/"}))
    with pytest.raises(error) as raised:
        made(provider).reply(access(), reply())
    if isinstance(raised.value, RateLimited | Unavailable):
        assert raised.value.retry_after == 7
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut")]
)
def test_without_an_answer_nobody_knows(error: Exception) -> None:
    with pytest.raises(Unavailable):
        made(answering(error)).reply(access(), reply())


def test_a_name_server_that_is_away_is_no_reason_to_give_up() -> None:
    def away(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    connector = Webhook(registry.endpoints(None), transport=answering({}), resolve=away)
    with pytest.raises(Unavailable):
        connector.reply(access(), reply())


def test_an_answer_is_looked_for_by_its_key_before_it_is_sent_again() -> None:
    provider = answering({"found": True, "url": "https://survey.example.org/1"}, {"found": False})
    connector = made(provider)

    found = connector.find_reply(access(), reply("key 1&2"))

    assert found is not None
    assert (found.remote_id, found.url) == ("key 1&2", "https://survey.example.org/1")
    (asked,) = provider.asked
    assert (asked.method, asked.url.params["key"]) == ("GET", "key 1&2")
    assert asked.headers["x-healthberry-signature"] == sign(SECRET, b"key 1&2", NOW)
    assert connector.find_reply(access(), reply()) is None


@pytest.mark.parametrize("answer", [{}, {"found": "yes"}, [], httpx.Response(404), httpx.Response(405)])
def test_a_system_that_can_not_say_is_never_taken_for_a_no(answer: Any) -> None:
    with pytest.raises(UnexpectedAnswer, match="can't say"):
        made(answering(answer)).find_reply(access(), reply())


def test_without_an_address_for_answers_people_answer_by_hand() -> None:
    connector = made()
    target = reply().target
    permission = connector.may_reply(access(""), target)
    assert (permission.mode, permission.reason.startswith("This system gave no address")) == ("none", True)
    assert connector.may_reply(access(), target).mode == "api"
    with pytest.raises(Rejected):
        connector.reply(access(""), reply())
    with pytest.raises(UnexpectedAnswer):
        connector.find_reply(access(""), reply())


def test_the_sandbox_alone_may_lie_inside_our_network() -> None:
    provider = answering(as_json({}, 201))
    connector = Webhook(registry.endpoints("http://127.0.0.1:9"), transport=provider, resolve=lambda *_: ["127.0.0.1"])
    connector.reply(access("http://127.0.0.1:9/webhook/ward/answers"), reply())
    assert str(provider.asked[0].url) == "http://127.0.0.1:9/webhook/ward/answers"
    for elsewhere in (
        "http://127.0.0.1:9/control/reset",
        "http://127.0.0.1:99/webhook/a",
        "http://127.0.0.1:9/webhook/../x",
    ):
        with pytest.raises((Rejected, NotLinked)):
            connector.link(connector.prepare({"name": "A", "callback": elsewhere}, ""))
