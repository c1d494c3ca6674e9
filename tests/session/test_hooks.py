"""What is sent to us: who may send, whom it reaches, what is kept, and that it counts once."""

import json
import uuid
from typing import NamedTuple
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from healthberry.core import pushes as deliveries
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.jobs import maintenance, pushes
from healthberry.models.channels import Channel, QuarantinedItem
from healthberry.models.conversations import Message
from healthberry.models.pushes import PushDelivery
from healthberry.queues import queue
from tests.pushed import INSTALLED, Pushed, pushed, seal, send, signature
from tests.world import World

__all__ = ["pushed"]

OWN = "the channel's own secret"


class Linked(NamedTuple):
    """A channel by its ids: rows are forgotten when another organisation is entered."""

    organisation_id: UUID
    id: UUID


def linked(world: World, remote_id: str, secret: str | None = None, state: str = "active") -> Linked:
    """Link a channel to an organisation of its own."""
    sealed = seal(secret) if secret else None
    channel = world.channel(world.organisation(), "pushed", remote_id=remote_id, state=state, sealed_secrets=sealed)
    return Linked(channel.organisation_id, channel.id)


@pytest.fixture
def channel(world: World, pushed: Pushed) -> Linked:
    """Return a linked channel with a secret of its own."""
    return linked(world, "page-1", OWN)


def own(channel: Linked) -> str:
    """Return the address of the channel's own hook."""
    return f"/hooks/pushed/{channel.id}"


def waiting(channel: Linked) -> list[str]:
    """Return the keys of what waits to be read."""
    scope.enter(channel.organisation_id)
    return list(db.session.scalars(select(PushDelivery.key).filter_by(channel_id=channel.id).order_by("id")))


def take(channel: Linked) -> None:
    """Read what waits."""
    pushes.take(str(channel.organisation_id), str(channel.id))


def messages(channel: Linked) -> dict[str, str]:
    """Return the texts of what is stored, by the provider's ids."""
    scope.enter(channel.organisation_id)
    found = select(Message.remote_id, Message.text).filter_by(channel_id=channel.id)
    return dict(iter(db.session.execute(found)))


def test_a_signed_delivery_is_answered_kept_raw_and_read_by_a_worker(client: FlaskClient, channel: Linked) -> None:
    answer = send(client, own(channel), [{"id": "a", "key": "k1", "text": "They were kind."}], OWN)

    assert (answer.status_code, answer.text) == (202, "1 taken")
    assert waiting(channel) == ["k1"]
    take(channel)
    assert messages(channel) == {"a": "They were kind."}
    assert waiting(channel) == []


def test_it_needs_no_form_token_and_leaves_no_cookie(app: Flask, client: FlaskClient, channel: Linked) -> None:
    app.config["WTF_CSRF_ENABLED"] = True

    answer = send(client, own(channel), [{"id": "a"}], OWN)

    assert answer.status_code == 202
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_tampered_body_is_refused_in_few_words_and_nothing_is_kept(client: FlaskClient, channel: Linked) -> None:
    body = json.dumps([{"id": "a"}]).encode()

    answer = client.post(own(channel), data=body + b" ", headers={"X-Sig": signature(OWN, body)})

    assert answer.status_code == 403
    assert answer.text == "Not signed as agreed.\n"
    assert waiting(channel) == []


def test_the_secret_of_another_channel_opens_nothing(client: FlaskClient, world: World, channel: Linked) -> None:
    other = linked(world, "page-2", "another")

    assert send(client, own(channel), [{"id": "a"}], "another").status_code == 403
    assert waiting(channel) == waiting(other) == []


@pytest.mark.parametrize("size", [1_000_001, 3_000_000])
def test_what_is_larger_than_a_megabyte_is_refused_before_it_is_read(
    client: FlaskClient, channel: Linked, size: int
) -> None:
    body = b"x" * size

    answer = client.post(own(channel), data=body, headers={"X-Sig": signature(OWN, body)})

    assert answer.status_code == 413
    assert waiting(channel) == []


def test_addresses_of_no_linked_channel_are_not_there(client: FlaskClient, world: World, channel: Linked) -> None:
    off = linked(world, "off", OWN, state="off")
    gone = linked(world, "gone", OWN, state="unlinked")
    paths = [f"/hooks/pushed/{uuid.uuid4()}", f"/hooks/x/{channel.id}", own(off), own(gone), "/hooks/nothing"]

    assert [send(client, path, [{"id": "a"}], OWN).status_code for path in paths] == [404] * 5
    assert waiting(off) == waiting(gone) == []


def test_the_hook_of_a_kind_reaches_each_organisation_that_linked_the_page(
    client: FlaskClient, world: World, channel: Linked
) -> None:
    second = linked(world, "page-1")
    other = linked(world, "page-2")
    sent = [{"id": "a", "account": "page-1"}, {"id": "b", "account": "page-2"}, {"id": "c", "account": "page-1"}]

    assert send(client, "/hooks/pushed", sent).status_code == 202

    for one in (channel, second, other):
        take(one)
    assert [sorted(messages(one)) for one in (channel, second, other)] == [["a", "c"], ["a", "c"], ["b"]]


def test_a_page_that_nobody_linked_gets_the_same_answer_and_leaves_nothing(
    client: FlaskClient, world: World, pushed: Pushed
) -> None:
    off = linked(world, "page-9", state="off")
    sent = [{"id": "a", "account": "page-8"}, {"id": "b", "account": "page-9"}, {"id": "c"}, {"account": "\x00"}]

    answer = send(client, "/hooks/pushed", sent)

    assert (answer.status_code, answer.text) == (202, "4 taken")
    assert waiting(off) == []


def test_a_request_that_names_its_account_is_verified_with_that_channels_secret(
    client: FlaskClient, world: World, channel: Linked
) -> None:
    second = linked(world, "page-1", "the second's")

    answers = [
        send(client, "/hooks/pushed?account=page-1", [{"id": "a", "account": "page-1"}], secret).status_code
        for secret in (OWN, INSTALLED)
    ]

    assert answers == [202, 403]
    assert (len(waiting(channel)), len(waiting(second))) == (1, 0)


def test_a_challenge_is_answered_by_the_connector(client: FlaskClient, channel: Linked) -> None:
    for path in ("/hooks/pushed", own(channel)):
        answer = client.get(f"{path}?challenge=12345")
        assert (answer.status_code, answer.text, answer.mimetype) == (200, "12345", "text/plain")


def test_a_burst_sent_twice_counts_once(client: FlaskClient, channel: Linked) -> None:
    burst = [{"id": f"m{number}", "text": f"Words {number}"} for number in range(450)]
    for _ in range(2):
        assert send(client, own(channel), burst, OWN).status_code == 202
    assert len(waiting(channel)) == 450

    take(channel)
    send(client, own(channel), burst, OWN)
    take(channel)

    assert len(messages(channel)) == 450
    assert waiting(channel) == []
    scope.enter(channel.organisation_id)
    found = db.session.get_one(Channel, (channel.organisation_id, channel.id), populate_existing=True)
    assert found.items_loaded == 450
    assert found.last_delivery_at is not None
    assert found.last_success_at is not None


def test_one_delivery_asks_whose_channel_it_is_while_others_go_by_what_was_known(
    world: World, channel: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "_REMEMBER_SECONDS", 0.0)
    first = deliveries.called_by_id("pushed", channel.id)
    ask, meanwhile = deliveries.reach, list[list[deliveries.Called]]()

    def slowly(organisation_id: UUID, channel_id: UUID) -> deliveries.Called:
        meanwhile.append(deliveries.called_by_id("pushed", channel.id))
        return ask(organisation_id, channel_id)

    monkeypatch.setattr(deliveries, "reach", slowly)
    again = deliveries.called_by_id("pushed", channel.id)

    assert meanwhile == [first], "who came meanwhile asked nothing"
    assert again == first
    assert again is not first, "who came first asked anew"


def test_a_burst_puts_one_job_on_the_queue(app: Flask, client: FlaskClient, channel: Linked) -> None:
    for number in range(5):
        send(client, own(channel), [{"id": f"m{number}"}], OWN)

    jobs = queue("ingest", app.extensions["valkey_jobs"]).get_jobs()
    assert [job.func_name for job in jobs] == ["healthberry.jobs.pushes.take_each"]
    assert app.extensions["valkey"].zcard("hb:batch:delivery") == 1


def test_what_is_sent_while_nobody_could_be_nudged_is_found_by_the_sweep(
    app: Flask, client: FlaskClient, channel: Linked
) -> None:
    send(client, own(channel), [{"id": "a"}], OWN)
    app.extensions["valkey"].flushall()
    scope.leave()

    maintenance.sweep()

    jobs = queue("ingest", app.extensions["valkey_jobs"]).get_jobs()
    assert "healthberry.jobs.pushes.take_each" in [job.func_name for job in jobs]
    found = app.extensions["valkey"].zrange("hb:batch:delivery", 0, -1)
    assert found == [f"{channel.organisation_id}:{channel.id}".encode()]


def test_a_bad_piece_is_kept_aside_and_blocks_nobody(client: FlaskClient, channel: Linked) -> None:
    send(client, own(channel), [{"id": "a"}, {"name": "no id"}, {"id": "b"}], OWN)

    take(channel)

    assert sorted(messages(channel)) == ["a", "b"]
    assert waiting(channel) == []
    (piece,) = db.session.scalars(select(QuarantinedItem).filter_by(channel_id=channel.id))
    assert json.loads(piece.raw) == {"name": "no id"}
    assert piece.reason == "It could not be read (KeyError)."


def test_of_one_item_the_last_word_of_a_burst_counts(client: FlaskClient, channel: Linked) -> None:
    sent = [
        {"id": "a", "text": "Befor"},
        {"id": "b", "text": "My diagnosis"},
        {"id": "a", "text": "After", "change": "edited"},
        {"id": "b", "text": "", "change": "withdrawn"},
    ]
    send(client, own(channel), sent, OWN)

    take(channel)

    assert messages(channel) == {"a": "After"}


def test_neither_an_endless_key_nor_nul_blocks_anything(client: FlaskClient, channel: Linked) -> None:
    sent = [{"id": "a", "key": "k" * 5000}, {"id": "b", "key": "\x00"}, {"id": "c", "text": "nul \x00 in it"}]

    assert send(client, own(channel), sent, OWN).status_code == 202

    take(channel)
    assert sorted(messages(channel)) == ["a", "b"]
    (piece,) = db.session.scalars(select(QuarantinedItem).filter_by(channel_id=channel.id))
    assert piece.remote_id == "c"
