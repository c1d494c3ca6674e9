"""A machine whose clock is wrong: it works by the database's, so claims, silences and signatures hold."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from healthberry.clock import Clock
from healthberry.connectors import registry, signing
from healthberry.connectors.base import Access, WebhookRequest
from healthberry.connectors.errors import BadSignature
from healthberry.connectors.webhook import Webhook
from healthberry.core import staleness
from healthberry.extensions import db
from healthberry.local.postgres import Database
from healthberry.models.owned import now
from tests.world import World

TEN = timedelta(minutes=10)


class Machine:
    """A machine whose clock is off."""

    def __init__(self, off: timedelta) -> None:
        self.off, self.seconds = off, 0.0
        self.clock = Clock(lambda: datetime.now(UTC) + self.off, lambda: self.seconds)


@pytest.mark.parametrize("off", [TEN, -TEN, timedelta(hours=25)])
def test_whatever_its_own_clock_says_a_machine_works_by_the_clock_of_the_database(
    database: Database, off: timedelta
) -> None:
    machine = Machine(off)

    with psycopg.connect(database.app_url) as connection:
        machine.clock.ask(connection)
        told = connection.execute("SELECT clock_timestamp()").fetchone()

    assert told is not None
    assert abs(machine.clock.now() - told[0]) < timedelta(seconds=1)


def test_it_asks_once_a_minute_and_follows_a_clock_that_is_put_right(database: Database) -> None:
    machine = Machine(TEN)
    with psycopg.connect(database.app_url) as connection:
        machine.clock.ask(connection)
        machine.off = timedelta()
        machine.seconds = 30
        machine.clock.ask(connection)
        assert abs(machine.clock.now() - datetime.now(UTC) + TEN) < timedelta(seconds=1)

        machine.seconds = 61
        machine.clock.ask(connection)
        assert abs(machine.clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_a_database_that_does_not_answer_changes_nothing(database: Database) -> None:
    machine = Machine(TEN)
    with psycopg.connect(database.app_url) as connection:
        machine.clock.ask(connection)
    machine.seconds = 120

    machine.clock.ask(connection)

    assert abs(machine.clock.now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_asking_leaves_no_transaction_open(database: Database) -> None:
    with psycopg.connect(database.app_url) as connection:
        Machine(TEN).clock.ask(connection)
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_the_applications_own_clock_is_the_databases(world: World) -> None:
    told = db.session.scalar(db.text("SELECT clock_timestamp()"))
    assert abs(now() - told) < timedelta(seconds=3)


@pytest.mark.parametrize("off", [TEN, -TEN])
def test_what_another_system_signed_is_taken_by_a_machine_whose_clock_is_off(
    database: Database, off: timedelta
) -> None:
    machine = Machine(off)
    stamp = int(datetime.now(UTC).timestamp())
    item = b'{"id": "1", "text": "They were kind.", "posted_at": "2026-05-03T12:00:00Z"}'
    body = b'{"version": 1, "items": [%s]}' % item
    headers = {signing.HEADER: signing.sign("secret", body, stamp), "content-type": "application/json"}
    request = WebhookRequest("POST", headers, {}, body)
    webhook = Webhook(registry.endpoints(None), clock=machine.clock.timestamp)
    with pytest.raises(BadSignature):
        webhook.receive(Access({}, {"secret": "secret"}), request)

    with psycopg.connect(database.app_url) as connection:
        machine.clock.ask(connection)

    assert webhook.receive(Access({}, {"secret": "secret"}), request).status in (200, 202)


def test_two_machines_whose_clocks_are_twenty_minutes_apart_agree_how_long_a_claim_holds(database: Database) -> None:
    one, other = Machine(TEN), Machine(-TEN)
    with psycopg.connect(database.app_url) as connection:
        for machine in (one, other):
            machine.clock.ask(connection)

    claimed_until = one.clock.now() + timedelta(seconds=120)

    assert timedelta(seconds=118) < claimed_until - other.clock.now() < timedelta(seconds=122)


def test_a_success_from_a_machine_that_was_ahead_is_no_silence_and_hides_one_only_as_long_as_it_was_ahead(
    world: World,
) -> None:
    channel = world.channel(world.organisation(), "nhsuk", last_success_at=now() + TEN)

    assert staleness.of_channel(channel) is None
    assert staleness.of_channel(channel, clock=now() + TEN * 2 + timedelta(minutes=1)) is not None
