"""A provider that lets every call hang keeps no other channel waiting, and no mail."""

import pytest
from flask import Flask

from healthberry.core import scope
from healthberry.local.mailbox import Mailbox
from healthberry.mail import send
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
