"""How much may be tried and read; what happens while Valkey is away; and that nobody learns who is known."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from healthberry import create_app
from healthberry.blueprints.limits import WAYS_IN, InAdvance
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.settings import Settings
from tests.session.apps import Phone
from tests.session.test_signing_in import secretless
from tests.signup.newcomer import Newcomer
from tests.world import World


@pytest.fixture
def valkeyless(settings: Settings) -> Iterator[Flask]:
    """The application while nobody listens where Valkey should."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    made = create_app(replace(settings, redis_url=f"redis://127.0.0.1:{port}/0"))
    made.config["WTF_CSRF_ENABLED"] = False
    yield made
    with made.app_context():
        db.engine.dispose()


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Note what the database is asked to do."""
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement.split(" WHERE ", maxsplit=1)[0][:120])

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_every_way_in_is_one_that_exists(app: Flask) -> None:
    assert set(app.view_functions) >= WAYS_IN


def test_one_network_tries_two_hundred_times_in_a_quarter_of_an_hour(newcomer: Newcomer) -> None:
    for number in range(200):
        assert newcomer.client.post("/code", data={"code": "1"}).status_code == 422, number

    refused = newcomer.client.post("/code", data={"code": "1"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert "your network" in refused.text
    assert newcomer.ask("known@example.org").status_code == 429
    elsewhere = newcomer.client.post(
        "/signin", data={"email": "a@example.org"}, environ_base={"REMOTE_ADDR": "192.0.2.7"}
    )
    assert elsewhere.status_code == 303
    assert newcomer.client.get("/signin").status_code == 200, "reading is counted apart"


def test_one_person_reads_as_many_pages_as_the_settings_say(settings: Settings, world: World) -> None:
    app = create_app(replace(settings, reads_per_minute=10))
    first, second = world.member(world.organisation()), world.member(world.organisation())
    mine, theirs = (world.signed_in(app.test_client(), one) for one in (first, second))
    scope.leave()

    statuses = [mine.get("/help").status_code for _ in range(11)]

    assert statuses[:10] == [200] * 10
    assert statuses[10] in (200, 429), "a minute may have ended between two of them"
    assert 429 in (statuses[10], *(mine.get("/help").status_code for _ in range(11)))
    assert theirs.get("/help").status_code == 200
    assert mine.get("/health").status_code == 200
    with app.app_context():
        db.engine.dispose()


def test_reads_are_counted_in_advance_and_still_end(settings: Settings, world: World) -> None:
    app = create_app(replace(settings, reads_per_minute=300))
    member = world.member(world.organisation())
    clients = [world.signed_in(app.test_client(), member) for _ in range(2)]
    scope.leave()

    statuses = [clients[number % 2].get("/help").status_code for number in range(900)]

    assert statuses[:300] == [200] * 300
    assert 429 in statuses, "three times as many: however a minute ended between them, one of its halves is too full"
    after = statuses[statuses.index(429) :]
    assert after.count(200) <= 303, "of the next minute at the most"
    with app.app_context():
        db.engine.dispose()


def test_what_is_counted_in_advance_is_each_readers_own() -> None:
    reads = InAdvance(3)

    assert [reads.take("ada") for _ in range(7)] == [False, True, True, False, True, True, False]
    assert not reads.take("bob")
    reads.lose("ada")
    assert not reads.take("ada")
    assert reads.take("bob")


def test_while_valkey_is_away_nobody_signs_in_and_everybody_reads(
    valkeyless: Flask, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    member = world.member(world.organisation(), email="known@example.org")
    client = valkeyless.test_client()
    world.signed_in(client, member)
    scope.leave()

    assert client.get("/settings").status_code == 200
    for path, data in (
        ("/signin", {"email": "known@example.org"}),
        ("/code", {"code": "123456"}),
        ("/signin/second", {"step": "123456"}),
        ("/confirm", {"step": "123456"}),
        ("/operator/sign-in", {"email": "ada@host.example"}),
    ):
        answer = valkeyless.test_client().post(path, data=data)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30"), path
        assert "Try again shortly" in answer.text
        assert "known@example.org" not in answer.text
    assert client.get("/settings").status_code == 200
    assert "valkey.unavailable" in caplog.text


def test_a_known_and_an_unknown_address_cost_the_same_work(newcomer: Newcomer, world: World) -> None:
    world.member(world.organisation(), email="known@example.org")
    scope.leave()
    newcomer.ask("first@example.org")  # what is worked out once only
    work, pages = [], []
    for email in ("known@example.org", "other@example.org"):
        visitor = newcomer.other_browser()
        with statements(newcomer.app) as asked:
            answer = visitor.ask(email)
        work.append(asked)
        pages.append(
            (answer.status_code, dict(answer.headers)["Location"], secretless(visitor.client.get("/code").text))
        )

    assert work[0] == work[1]
    assert len(work[0]) >= 5
    status, location, page = pages[0]
    assert (status, location, page.replace("known@", "@")) == (*pages[1][:2], pages[1][2].replace("other@", "@"))


def test_an_operators_address_costs_the_same_work_as_any_other(newcomer: Newcomer) -> None:
    app = newcomer.app
    app.extensions["settings"] = replace(app.extensions["settings"], operators=("ada@host.example",))
    newcomer.client.post("/operator/sign-in", data={"email": "first@host.example"})
    work = []
    for email in ("ada@host.example", "eve@host.example"):
        with statements(app) as asked:
            newcomer.other_browser().client.post("/operator/sign-in", data={"email": email})
        work.append(asked)

    assert work[0] == work[1]


def test_wrong_digits_and_a_wrong_recovery_code_cost_the_same_work(newcomer: Newcomer, world: World) -> None:
    organisation = world.organisation()
    first, second = (world.member(organisation, email=f"{one}@example.org") for one in ("first", "second"))
    phone = Phone(newcomer.app, first)
    Phone(newcomer.app, second)
    scope.leave()
    statuses, work = [], []
    for one, typed in ((first, phone.wrong()), (second, "aaaaa-aaaaa")):
        visitor = newcomer.other_browser()
        visitor.ask(one.email)
        visitor.type_code(visitor.code(one.email))
        with statements(newcomer.app) as asked:
            statuses.append(visitor.client.post("/signin/second", data={"step": typed}).status_code)
        work.append(asked)

    assert statuses == [422, 422]
    assert work[0] == work[1]


def test_who_asks_about_their_data_over_and_over_is_told_to_wait_and_may_sign_in_all_the_same(
    client: FlaskClient, world: World
) -> None:
    path = f"/rights/{world.organisation().id}"
    scope.leave()

    answers = [client.post(path).status_code for _ in range(31)]

    assert answers == [422] * 30 + [429]
    assert client.post("/signin", data={"email": "pat@example.org"}).status_code != 429
