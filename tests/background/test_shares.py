"""A provider that lets every call hang keeps no other channel waiting, and no mail."""

from datetime import timedelta

import pytest
from flask import Flask

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.mail import send
from healthberry.models.owned import now
from tests.background.conftest import Processes, Records, eventually
from tests.sandbox_server import Sandbox
from tests.world import World

pytestmark = pytest.mark.timeout(240)


def test_a_hanging_provider_takes_half_the_workers_at_most_and_mails_go_out_meanwhile(
    app: Flask, world: World, processes: Processes, records: Records, sandbox: Sandbox, mailbox: Mailbox
) -> None:
    organisations = [world.organisation() for _ in range(3)]
    for organisation in organisations:
        world.channel(organisation)
        world.channel(organisation, "careopinion")
    scope.leave()
    records.change("UPDATE organisations SET discover_next_at = NULL")
    sandbox.fault("nhsuk", "timeout_before", times=20, seconds=100)
    processes.worker("ingest", "backfill")
    processes.worker("ingest", "backfill")
    processes.worker("replies", "alerts")
    eventually(lambda: len(records.living("worker")) == 2 and records.living("sender"))
    processes.scheduler()
    eventually(lambda: records.all("SELECT 1 FROM heartbeats WHERE reads_kind = 'nhsuk'"))

    send.post("pat@example.org", "outage_over", {"parts": []})
    read = "SELECT organisation_id FROM channels WHERE kind = 'careopinion' AND last_success_at IS NOT NULL"
    eventually(lambda: len(records.all(read)) >= 2)
    mailbox.wait_for(lambda message: "pat@example.org" in message.to, 30)

    hanging = records.all("SELECT reads_organisation_id FROM heartbeats WHERE reads_kind = 'nhsuk'")
    assert len(hanging) == 1
    assert records.all("SELECT count(*) FROM channels WHERE kind = 'nhsuk' AND claimed_until > now()") == [(1,)]
    assert hanging[0] not in records.all(read)


def test_histories_of_one_kind_are_loaded_by_all_workers_while_nobody_else_waits(
    app: Flask, world: World, processes: Processes, records: Records, sandbox: Sandbox
) -> None:
    for _ in range(2):
        channel = world.channel(world.organisation(), next_poll_at=now() + timedelta(days=1))
        channel.backfill_state = "waiting"
        db.session.commit()
    scope.leave()
    records.change("UPDATE organisations SET discover_next_at = NULL")
    sandbox.fault("nhsuk", "timeout_before", times=20, seconds=100)
    processes.worker("ingest", "backfill")
    processes.worker("ingest", "backfill")
    eventually(lambda: len(records.living("worker")) == 2)
    processes.scheduler()

    eventually(lambda: len(records.all("SELECT 1 FROM heartbeats WHERE reads_kind = 'nhsuk'")) == 2)
