"""Writing down what was said: the form, who may, once however often it is sent, and taking it back."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.core import inbox, scope, writing_down
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member, Organisation
from tests.worked import run_jobs
from tests.world import World

# A refusal leaves its mark on the context that all of a test's requests share, so whoever may comes first.
_PEOPLE: dict[str, dict[str, Any]] = {"responder": {}, "viewer": {"role": "viewer"}, "unproven": {"level": 1}}


@pytest.fixture
def organisation(world: World, register: None) -> Organisation:
    """Return a trust with sites."""
    return world.organisation(ods_code="RYJ", name="Imperial College Healthcare NHS Trust", kind="trust")


@pytest.fixture
def member(world: World, organisation: Organisation, client: FlaskClient) -> Member:
    """Return somebody who answers, signed in."""
    found = world.member(organisation, role="responder")
    world.signed_in(client, found)
    return found


@pytest.fixture
def channel(world: World, organisation: Organisation) -> Channel:
    """Return the channel that is written on."""
    return world.channel(organisation, "paper", remote_id="paper", url="", label="Phone and paper")


def filled_in(client: FlaskClient, channel_id: UUID, **fields: str) -> dict[str, str]:
    """Open the form and fill it in."""
    page = client.get(f"/channels/{channel_id}/enter").text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    return {"key": key[1], "said": "Nobody rang me back.", "how": "phone", "day": "", **fields}


def conversations(organisation_id: UUID) -> list[Conversation]:
    """Return what is stored."""
    scope.enter(organisation_id)
    db.session.expire_all()
    return list(db.session.scalars(db.select(Conversation)))


def test_what_was_said_is_a_conversation_within_one_form(client: FlaskClient, member: Member, channel: Channel) -> None:
    organisation_id, channel_id = channel.organisation_id, channel.id
    page = client.get(f"/channels/{channel_id}/enter").text
    site = re.search(r'<option value="(RYJ\w+)">([^<]+)<', page)
    assert site
    form = filled_in(client, channel_id, who="Mrs Lee", site=site[1], ward="Ward 3", rating="2", how="card")

    answer = client.post(f"/channels/{channel_id}/enter", data=form)

    assert answer.status_code == 303
    after = client.get(answer.location).text
    assert "Written down. Another one?" in after
    (stored,) = conversations(organisation_id)
    assert f"/conversations/{stored.id}" in after
    assert (stored.screen_name, stored.author_role, stored.rating) == ("Mrs Lee", "On a card", 2)
    assert (stored.service_code, stored.historic) == (f"{site[1]} Ward 3", False)
    assert stored.service_name
    assert stored.service_name.endswith(", Ward 3")
    (row,) = inbox.list_conversations(member, View()).rows
    assert row.first_words == "Nobody rang me back."


def test_the_same_form_sent_twice_is_one_conversation(client: FlaskClient, member: Member, channel: Channel) -> None:
    organisation_id, channel_id = channel.organisation_id, channel.id
    form = filled_in(client, channel_id)

    first = client.post(f"/channels/{channel_id}/enter", data=form)
    second = client.post(f"/channels/{channel_id}/enter", data=form)
    third = client.post(f"/channels/{channel_id}/enter", data=filled_in(client, channel_id))

    assert first.location == second.location != third.location
    assert len(conversations(organisation_id)) == 2


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"said": "  "}, "Write down what was said"),
        ({"said": "x" * 20_001}, "Shorten what was said"),
        ({"how": "carrier pigeon"}, "Choose how it was said"),
        ({"day": "yesterday"}, "Enter the day as a date"),
        ({"day": (datetime.now(UTC) + timedelta(days=2)).date().isoformat()}, "Enter today or an earlier day"),
        ({"day": "1931-01-01"}, "within the last ten years"),
        ({"site": "RXX01"}, "Choose one of your sites"),
        ({"rating": "9"}, "Choose one of the ratings"),
        ({"key": "made up"}, "This page is too old"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field_and_nothing_is_lost(
    client: FlaskClient, member: Member, channel: Channel, changed: dict[str, str], reason: str
) -> None:
    organisation_id, channel_id = channel.organisation_id, channel.id
    form = filled_in(client, channel_id, who="Mrs <b>Lee</b>") | changed

    answer = client.post(f"/channels/{channel_id}/enter", data=form)

    assert answer.status_code == 422
    assert reason in answer.text
    assert "Mrs &lt;b&gt;Lee&lt;/b&gt;" in answer.text
    assert conversations(organisation_id) == []


def test_an_earlier_day_is_noon_there_and_still_new_to_the_others(
    client: FlaskClient, member: Member, channel: Channel
) -> None:
    organisation_id, channel_id = channel.organisation_id, channel.id
    client.post(f"/channels/{channel_id}/enter", data=filled_in(client, channel_id, day="2025-07-01"))

    (stored,) = conversations(organisation_id)
    assert stored.started_at.astimezone(UTC).isoformat() == "2025-07-01T11:00:00+00:00"
    assert (stored.screen_name, stored.historic, stored.status) == ("Anonymous", False, "open")


def test_it_can_be_taken_back_for_a_day_and_not_after(client: FlaskClient, member: Member, channel: Channel) -> None:
    organisation_id, channel_id = channel.organisation_id, channel.id
    location = client.post(f"/channels/{channel_id}/enter", data=filled_in(client, channel_id)).location
    client.post(f"/channels/{channel_id}/enter", data=filled_in(client, channel_id, said="An older one."))
    kept, undone = sorted(conversations(organisation_id), key=lambda one: one.first_words)
    old = {"received_at": Message.received_at - timedelta(hours=25)}
    db.session.execute(db.update(Message).where(Message.conversation_id == kept.id).values(old))
    db.session.commit()
    kept_id, undone_id = kept.id, undone.id
    page = client.get(location).text
    undo = re.search(r'action="([^"]+/undo)"', page)
    assert undo

    assert client.post(undo[1]).status_code == 303
    assert client.post(undo[1]).status_code == 303, "again: it stays so"
    late = client.post(f"/channels/{channel_id}/enter/{kept_id}/undo")

    assert late.status_code == 409
    assert "more than a day ago" in late.text
    scope.enter(organisation_id)
    db.session.expire_all()
    words = dict(iter(db.session.execute(db.select(Message.conversation_id, Message.text))))
    assert words == {kept_id: "An older one.", undone_id: ""}
    assert "Another one?" not in client.get(location).text


def test_only_who_may_handle_feedback_writes_it_down_and_only_on_channels_of_this_kind(
    client: FlaskClient, world: World, organisation: Organisation, channel: Channel
) -> None:
    channel_id, other_id = channel.id, world.channel(organisation).id
    answers = {}
    for name, fields in _PEOPLE.items():
        scope.enter(organisation.id)
        world.signed_in(client, world.member(organisation, **fields))
        answers[name] = [client.get(f"/channels/{one}/enter").status_code for one in (channel_id, other_id)]

    assert answers == {"viewer": [403, 403], "unproven": [403, 403], "responder": [200, 404]}


def test_a_channel_that_is_off_takes_nothing(client: FlaskClient, member: Member, channel: Channel) -> None:
    organisation_id, channel_id = channel.organisation_id, channel.id
    form = filled_in(client, channel_id)
    scope.enter(organisation_id)
    db.session.get_one(Channel, (organisation_id, channel_id)).state = "off"
    db.session.commit()

    assert client.post(f"/channels/{channel_id}/enter", data=form).status_code == 409
    assert conversations(organisation_id) == []


def test_the_first_such_channel_is_one_click_away_and_then_in_the_inbox(
    client: FlaskClient, world: World, organisation: Organisation
) -> None:
    organisation_id = organisation.id
    world.signed_in(client, world.member(organisation))
    assert "/enter" not in client.get("/inbox").text
    assert client.get("/enter").location == "/channels/add/paper"

    linked = client.post("/channels/add/paper", follow_redirects=True)

    assert linked.status_code == 200
    scope.enter(organisation_id)
    (channel,) = db.session.scalars(db.select(Channel))
    assert (channel.kind, channel.backfill_state, channel.next_poll_at) == ("paper", "done", None)
    channel_id = channel.id
    assert f"/channels/{channel_id}/enter" in linked.text
    assert 'href="/enter"' in client.get("/inbox").text
    assert client.get("/enter").location == f"/channels/{channel_id}/enter"
    assert client.post("/channels/add/paper").status_code == 409


def test_how_it_was_answered_is_noted_and_sent_nowhere(
    client: FlaskClient, member: Member, channel: Channel, app: Flask
) -> None:
    organisation_id, channel_id = channel.organisation_id, channel.id
    client.post(f"/channels/{channel_id}/enter", data=filled_in(client, channel_id))
    (stored,) = conversations(organisation_id)
    conversation_id, version = stored.id, stored.version
    page = client.get(f"/conversations/{conversation_id}").text
    assert "Say how it was answered" in page
    assert "Nothing is sent" in page
    assert "Note it" in page

    form = {"text": "Called back on 3 May.", "version": str(version)}
    assert client.post(f"/conversations/{conversation_id}/reply", data=form).status_code == 303
    run_jobs(app)

    after = client.get(f"/conversations/{conversation_id}").text
    assert "Called back on 3 May." in after
    assert "noted how it was answered" in after
    (answered,) = conversations(organisation_id)
    assert (answered.replied, answered.status) == (True, "closed")
    assert writing_down.kinds() == ["paper"]
