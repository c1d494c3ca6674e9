"""What was refused to somebody is a line in the log: who it was, at which route, by which request; no words."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry import create_app
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.settings import Settings
from tests.session.conftest import newcomer, providers
from tests.signup.newcomer import Newcomer
from tests.stories.quiet import Heard, listening
from tests.world import World

__all__ = ["newcomer", "providers"]


@pytest.fixture
def heard() -> Iterator[Heard]:
    with listening() as lines:
        yield lines


def only(heard: Heard, event: str) -> dict[str, Any]:
    """Return the one line of this event."""
    (line,) = (one for one in map(json.loads, heard.lines) if one["event"] == event)
    assert line["level"] == "warning"
    assert line["request_id"]
    assert line["at"].endswith("+00:00")
    return line  # type: ignore[no-any-return]


def test_what_a_role_may_not_do_is_told_with_member_and_route(client: FlaskClient, world: World, heard: Heard) -> None:
    organisation = world.organisation()
    viewer = world.member(organisation, role="viewer")
    (conversation_id,) = world.arrives(world.channel(organisation), world.item("my bleeding would not stop"))
    world.signed_in(client, viewer)
    ids = str(organisation.id), str(viewer.id)
    scope.leave()

    refused = client.post(f"/conversations/{conversation_id}/close", data={"reason": "my bleeding would not stop"})

    assert refused.status_code == 403
    line = only(heard, "request.not_allowed")
    assert (line["route"], line["organisation_id"], line["member_id"]) == ("conversation.close", *ids)
    assert "bleeding" not in str(heard.lines)


def test_a_reader_who_reads_too_much_is_told_of(settings: Settings, world: World) -> None:
    app = create_app(replace(settings, reads_per_minute=10))
    with listening() as heard:
        statuses = [app.test_client().get("/help").status_code for _ in range(11)]
    with app.app_context():
        db.engine.dispose()

    assert statuses == [200] * 10 + [429]
    assert only(heard, "request.too_many")["route"] == "public.help_page"


def test_who_asks_for_too_many_codes_is_told_of(newcomer: Newcomer, heard: Heard) -> None:
    answers = [newcomer.ask("quillfeather@example.org") for _ in range(6)]

    assert answers[-1].status_code == 429
    assert only(heard, "request.too_many")["route"] == "session.send_code"
    assert "quillfeather" not in str(heard.lines)


@pytest.mark.parametrize("field", ["credential", "challenge"])
def test_a_passkey_that_is_refused_is_told_of_without_what_was_sent(app: Flask, heard: Heard, field: str) -> None:
    sent = {"credential": "{}", "challenge": "", field: '{"id": "hush-hush"}'}
    assert app.test_client().post("/signin/passkey", data=sent).status_code == 422
    only(heard, "passkey.refused")
    assert "hush" not in str(heard.lines)
