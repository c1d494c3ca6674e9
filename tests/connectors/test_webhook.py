import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from healthberry.connectors.base import Access, InboundItem, Rating, WebhookAnswer, WebhookRequest
from healthberry.connectors.errors import (
    BadSignature,
)
from healthberry.connectors.signing import sign, verify
from tests.connectors.webhook_samples import NOW, SECRET, access, made

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
