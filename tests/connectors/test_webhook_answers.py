"""Answers to another system: where they may go, how they are signed, and what is said to them."""

import json
import socket
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from healthberry.connectors import registry
from healthberry.connectors.base import Reply, ReplyTarget
from healthberry.connectors.errors import (
    ConnectorError,
    Gone,
    NotLinked,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from healthberry.connectors.signing import sign
from healthberry.connectors.webhook import Webhook
from tests.connectors.fakes import answering, as_json
from tests.connectors.webhook_samples import CALLBACK, NOW, PUBLIC, SECRET, access, made


def reply(key: str = "key-1") -> Reply:
    target = ReplyTarget("response-1", "thread-1", None, None, {}, None)
    return Reply(key, "Thank you – we will.", target, "Pat Lee", "pals@trust.example")


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
