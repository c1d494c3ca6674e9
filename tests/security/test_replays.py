"""Every kind that is told what is new, at its real address: what is forged leaves nothing, what is sent again changes
nothing. Which signatures each knows, and how they are taken apart: tests/connectors.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import select

from healthberry.connectors.base import Page
from healthberry.connectors.signing import sign
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.jobs import pushes
from healthberry.models.conversations import Message
from healthberry.models.pushes import PushDelivery
from healthberry.settings import Settings
from tests.pushed import seal
from tests.world import World

APP, CONSUMER, OWN = "app-secret-of-this-installation", "consumer-secret-of-this", "secret-of-this-channel"
SIGNED = {"webhook", "facebook", "instagram", "x"}  # Google's are signed by Google's own keys: test_google_push.py
Headers = dict[str, str]


class Told(NamedTuple):
    """A linked channel, and where its provider sends."""

    organisation_id: UUID
    id: UUID
    paths: tuple[str, ...]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An installation with the secrets of every provider that signs with one."""
    meta: dict[str, Any] = {"facebook_app_id": "1", "facebook_app_secret": APP, "facebook_verify_token": "word"}
    return replace(settings, x_client_id="c", x_client_secret="s", x_consumer_secret=CONSUMER, **meta)


def _told(world: World, kind: str) -> Told:
    sealed = seal(OWN) if kind == "webhook" else None
    channel = world.channel(world.organisation(), kind, remote_id="9", config={"name": "W"}, sealed_secrets=sealed)
    own = f"/hooks/{kind}/{channel.id}"
    told = Told(channel.organisation_id, channel.id, (own,) if kind == "webhook" else (f"/hooks/{kind}", own))
    scope.leave()
    return told


def _waiting(told: Told) -> int:
    scope.enter(told.organisation_id)
    found = len(db.session.scalars(select(PushDelivery.id).filter_by(channel_id=told.id)).all())
    scope.leave()
    return found


def _hex(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _base64(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


# How each kind signs, and a body that it takes.
_META = {"entry": [{"id": "9", "time": 1, "changes": [{"field": "feed", "value": {"item": "comment"}}]}]}
_BODIES: dict[str, dict[str, Any]] = {
    "webhook": {"version": 1, "items": [{"id": "a", "text": "Hello", "posted_at": "2025-12-31T12:00:00Z"}]},
    "facebook": {"object": "page", **_META},
    "instagram": {"object": "instagram", **_META},
    "x": {"for_user_id": "9", "tweet_create_events": [{"id_str": "5", "text": "Hello", "user": {"id_str": "4"}}]},
}
_SIGN: dict[str, Callable[[bytes], Headers]] = {
    "webhook": lambda body: {"X-HealthBerry-Signature": sign(OWN, body, int(time.time()))},
    "facebook": lambda body: {"X-Hub-Signature-256": f"sha256={_hex(APP, body)}"},
    "instagram": lambda body: {"X-Hub-Signature-256": f"sha256={_hex(APP, body)}"},
    "x": lambda body: {"X-Twitter-Webhooks-Signature": f"sha256={_base64(CONSUMER, body)}"},
}


def _forged(kind: str, body: bytes) -> list[tuple[bytes, Headers]]:
    """Return requests that somebody could make who holds one that was signed, or another one's secret."""
    whole = _SIGN[kind](body) if kind in SIGNED else {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}
    (name, value), *_ = whole.items()
    others = {one: made(body) for one, made in _SIGN.items() if one != kind and not (made(body).keys() & whole.keys())}
    wrong = [
        value[:-1],
        value[: len(value) // 2],
        value[::-1],
        value.swapcase(),
        value.partition("=")[2],
        "",
        "é",
        f"{value}0",
    ]
    basic = base64.b64encode(b"user:password").decode()
    return [
        *((body, {name: one}) for one in wrong),
        *((body, one) for one in others.values()),
        *((changed, whole) for changed in (body + b" ", body[:-1], body[:9] + b" " + body[9:], b"", b"[]")),
        (body, {}),
        (body, {"Authorization": f"Basic {basic}"}),
        (body, {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJlbWFpbCI6IngifQ."}),
        (body, {"X-Hub-Signature": "sha1=" + hmac.new(APP.encode(), body, hashlib.sha1).hexdigest()}),
    ]


def test_forged_requests_are_refused_by_every_kind_that_is_told_and_leave_nothing(
    app: Flask, client: FlaskClient, world: World
) -> None:
    kinds = [one.kind for one in app.extensions["connectors"] if one.capabilities.push]
    assert SIGNED | {"careconnect"} <= set(kinds)

    taken: dict[str, object] = {}
    for kind in kinds:
        told, body = _told(world, kind), json.dumps(_BODIES.get(kind, {"data": "9"})).encode()
        for path in told.paths:
            for sent, headers in _forged(kind, body):
                status = client.post(path, data=sent, headers=headers).status_code
                if status not in (400, 401, 403, 404):
                    taken[f"{path} {headers} {sent[:30]!r}"] = status
            for query in ("", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wor", "?challenge=1"):
                assert client.get(path + query).status_code in (400, 401, 403, 404, 405), f"{path}{query}"
        assert _waiting(told) == 0, kind
    assert taken == {}


@pytest.mark.parametrize("kind", sorted(SIGNED))
def test_a_request_that_was_signed_once_counts_once_however_often_it_is_sent(
    app: Flask, client: FlaskClient, world: World, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, body = _told(world, kind), json.dumps(_BODIES[kind]).encode()
    headers, path = _SIGN[kind](body), told.paths[0]

    statuses = [client.post(path, data=body, headers=headers).status_code for _ in range(3)]
    assert set(statuses) <= {200, 202}
    assert _waiting(told) == 1
    read: list[str] = []
    connector = app.extensions["connectors"].get(kind)

    def look(_: object, body: str) -> Page:
        read.append(body)
        return Page([], None, more=False)

    monkeypatch.setattr(connector, "read_delivery", look)
    pushes.take(str(told.organisation_id), str(told.id))
    assert (_waiting(told), len(read)) == (0, 1)
    assert client.post(path, data=body, headers=headers).status_code == statuses[0]
    pushes.take(str(told.organisation_id), str(told.id))
    assert (_waiting(told), len(read)) == (0, 1), "read already"


def _text(told: Told) -> str:
    scope.enter(told.organisation_id)
    text = db.session.scalars(select(Message.text)).one()
    scope.leave()
    return text


def test_old_words_do_not_come_back_by_sending_them_again(app: Flask, client: FlaskClient, world: World) -> None:
    told = _told(world, "webhook")
    first = json.dumps(_BODIES["webhook"]).encode()
    second = first.replace(b"Hello", b"Goodbye")
    kept = _SIGN["webhook"](first)
    for body, headers in ((first, kept), (second, _SIGN["webhook"](second)), (first, kept)):
        assert client.post(told.paths[0], data=body, headers=headers).status_code == 202
        pushes.take(str(told.organisation_id), str(told.id))
        scope.leave()

    assert _text(told) == "Goodbye"

    Redis.from_url(app.extensions["settings"].redis_url).flushall()
    pushed = client.post(told.paths[0], data=first, headers=_SIGN["webhook"](first))
    pushes.take(str(told.organisation_id), str(told.id))
    assert pushed.status_code == 202
    assert _text(told) == "Hello", "said anew, and signed anew, it is news"
