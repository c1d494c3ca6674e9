"""What Facebook tells by itself: proven, taken apart, and read."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from healthberry.connectors.base import Access, Delivery, WebhookRequest
from healthberry.connectors.errors import BadSignature
from healthberry.connectors.registry import Credentials
from tests.connectors.facebook_samples import OWN
from tests.connectors.fakes import access, answering, connectors
from tests.connectors.graph_samples import (
    LINKED,
    PAGE,
    PERSON,
    POST_ID,
    PUBLIC_ONLY,
    US,
    comment,
    error,
    facebook,
    listed,
    post,
    walked,
)

APP_SECRET = "sandbox-app-secret"


def signed(body: Any, secret: str = APP_SECRET) -> WebhookRequest:
    raw = json.dumps(body, ensure_ascii=True).encode()
    proof = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return WebhookRequest("POST", {"x-hub-signature-256": f"sha256={proof}"}, {}, raw)


def entry(page: str, *values: Any, field: str = "feed") -> dict[str, Any]:
    return {"id": page, "time": 1762074931, "changes": [{"field": field, "value": value} for value in values]}


NEW = {
    "from": PERSON,
    "post": {"id": POST_ID, "is_published": True},
    "message": "Parking is still awful 😡",
    "post_id": POST_ID,
    "comment_id": "555000111_777",
    "created_time": 1762074931,
    "item": "comment",
    "parent_id": POST_ID,
    "verb": "add",
}


def test_the_question_is_answered_with_the_bare_challenge() -> None:
    connector, _ = facebook({})
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "verify-token-for-tests"}
    answer = connector.receive(access(), WebhookRequest("GET", {}, query, b""))
    assert (answer.status, answer.body, answer.deliveries) == (200, "1158201444", ())
    for wrong in ({"hub.verify_token": "other"}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": ""}):
        with pytest.raises(BadSignature):
            connector.receive(access(), WebhookRequest("GET", {}, query | wrong, b""))


def test_nobody_is_believed_where_the_installation_has_no_word_and_no_secret() -> None:
    connector = connectors(answering({}), Credentials()).get("facebook")
    for request in (WebhookRequest("GET", {}, {"hub.mode": "subscribe"}, b""), signed({"object": "page"}, "")):
        with pytest.raises(BadSignature):
            connector.receive(access(), request)


def test_one_request_becomes_a_delivery_for_each_change_of_each_page() -> None:
    connector, _ = facebook({})
    talk = {"id": "2", "time": 1, "messaging": [{"sender": {"id": "9"}, "message": {"mid": "m_1"}}]}
    request = signed(
        {"object": "page", "entry": [entry(PAGE, NEW, NEW | {"verb": "remove"}), talk, "odd", {"id": "3"}]}
    )
    answer = connector.receive(access(), request)
    assert answer.status == 200
    assert [one.account for one in answer.deliveries] == [PAGE, PAGE, "2"]
    again = connector.receive(access(), request)
    assert [one.key for one in again.deliveries] == [one.key for one in answer.deliveries]
    assert len({one.key for one in answer.deliveries}) == 3


@pytest.mark.parametrize("header", ["", "sha256=", "sha256=00", "sha1=8d55", "sha256=é"])
def test_what_facebook_did_not_sign_is_not_read(header: str) -> None:
    connector, _ = facebook({})
    good = signed({"object": "page", "entry": [entry(PAGE, NEW)]})
    with pytest.raises(BadSignature):
        connector.receive(access(), WebhookRequest("POST", {"x-hub-signature-256": header}, {}, good.body))
    with pytest.raises(BadSignature):
        connector.receive(access(), WebhookRequest("POST", good.headers, {}, good.body + b" "))


@pytest.mark.parametrize("body", [[], {"object": "user", "entry": [entry(PAGE, NEW)]}, {"object": "page", "entry": 3}])
def test_what_is_signed_and_not_for_us_is_taken_and_not_kept(body: Any) -> None:
    connector, _ = facebook({})
    answer = connector.receive(access(), signed(body))
    assert (answer.status, list(answer.deliveries)) == (200, [])


def delivered(value: Any, field: str = "feed") -> Delivery:
    connector, _ = facebook({})
    (one,) = connector.receive(
        access(), signed({"object": "page", "entry": [entry(PAGE, value, field=field)]})
    ).deliveries
    return one


def test_a_comment_that_is_told_of_reads_as_the_list_tells_it() -> None:
    connector, _ = facebook({"/555000111_777": comment(777), OWN: listed(post(comments=listed(comment(777))))})
    (told,) = connector.read_delivery(LINKED, delivered(NEW).body).items
    (seen,) = walked(connector, PUBLIC_ONLY)[0]
    assert told == seen


@pytest.mark.parametrize("verb", ["remove", "delete", "hide"])
def test_what_is_removed_or_hidden_is_withdrawn_without_asking(verb: str) -> None:
    connector, provider = facebook({})
    (item,) = connector.read_delivery(LINKED, delivered(NEW | {"verb": verb, "message": None}).body).items
    assert (item.remote_id, item.change) == ("555000111_777", "withdrawn")
    assert provider.asked == []


def test_what_is_gone_before_it_is_looked_up_is_withdrawn() -> None:
    connector, _ = facebook({}, error(100, 33))
    (item,) = connector.read_delivery(LINKED, delivered(NEW).body).items
    assert item.change == "withdrawn"


@pytest.mark.parametrize(
    "value",
    [
        {"item": "reaction", "reaction_type": "like", "verb": "add", "post_id": POST_ID, "comment_id": "1_2"},
        {"item": "like", "verb": "add"},
        {"item": "status", "verb": "add", "post_id": POST_ID, "from": US},
        {"item": "comment", "verb": "add"},
        {},
        None,
        "odd",
    ],
)
def test_reactions_our_own_posts_and_oddities_are_nothing(value: Any) -> None:
    connector, provider = facebook({})
    assert list(connector.read_delivery(LINKED, delivered(value).body).items) == []
    assert provider.asked == []


def test_a_mention_that_cannot_be_looked_up_is_kept_as_it_was_sent() -> None:
    value = {
        "post_id": "999_1",
        "comment_id": "1_2",
        "sender_id": "8",
        "sender_name": "C. Person",
        "item": "comment",
        "verb": "add",
        "created_time": 1762074931,
        "message": "@Example Trust help",
    }
    connector, _ = facebook({}, error(10))
    (item,) = connector.read_delivery(LINKED, delivered(value, "mention").body).items
    assert (item.remote_id, item.text, item.author.screen_name) == ("1_2", "@Example Trust help", "C. Person")
    found = comment(2, id="1_2", object={"id": "999_1", "from": PERSON})
    connector, _ = facebook({"/1_2": found})
    (seen,) = connector.read_delivery(LINKED, delivered(value, "mention").body).items
    assert (seen.remote_id, seen.thread_id) == (item.remote_id, item.thread_id)


def test_a_message_is_a_hint_and_one_taken_back_is_withdrawn() -> None:
    connector, provider = facebook({})
    event = {"sender": {"id": "9"}, "recipient": {"id": PAGE}, "timestamp": 1762074931627}

    def read(access: Access, **what: Any) -> Any:
        request = signed({"object": "page", "entry": [{"id": PAGE, "time": 1, "messaging": [event | what]}]})
        return connector.read_delivery(access, connector.receive(access, request).deliveries[0].body)

    assert read(LINKED, message={"mid": "m_1", "text": "hello"}).poll_now
    assert read(LINKED, message_edit={"mid": "m_1", "text": "hello again", "num_edit": 1}).poll_now
    assert not read(PUBLIC_ONLY, message={"mid": "m_1", "text": "hello"}).poll_now
    assert not read(LINKED, read={"watermark": 5}).poll_now
    (gone,) = read(LINKED, message={"mid": "m_1", "is_deleted": True}).items
    assert (gone.remote_id, gone.change) == ("m_1", "withdrawn")
    assert provider.asked == []
