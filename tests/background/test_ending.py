"""A worker that is told to end hands back what it has; one that has worked long enough begins anew by itself."""

import signal

import pytest

from healthberry.core import scope
from tests.background.conftest import Processes, Records, eventually
from tests.sandbox_server import Sandbox
from tests.world import World

pytestmark = pytest.mark.timeout(240)


def test_told_to_end_a_worker_hands_back_what_hangs_and_another_takes_it_up_at_once(
    world: World, processes: Processes, records: Records, sandbox: Sandbox
) -> None:
    channel = world.channel(world.organisation())
    scope.leave()
    records.change("UPDATE organisations SET discover_next_at = NULL")
    sandbox.fault("nhsuk", "timeout_before", times=1, seconds=100)
    worker = processes.worker()
    processes.scheduler()
    eventually(lambda: records.all("SELECT 1 FROM channels WHERE claimed_until > now()"))
    name = records.living("worker")[0]

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(30) == 0
    assert records.all("SELECT claimed_until FROM channels") == [(None,)]
    ended = "SELECT ended_at IS NOT NULL, reads_kind FROM heartbeats WHERE process = %s"
    assert records.all(ended, name) == [(True, None)]
    assert records.all("SELECT * FROM failed_work") == []
    processes.worker()
    eventually(lambda: records.all("SELECT 1 FROM channels WHERE last_success_at IS NOT NULL"))
    assert records.all("SELECT failures_in_a_row FROM channels WHERE id = %s", channel.id) == [(0,)]


def test_after_its_jobs_a_worker_begins_anew_in_the_same_process(
    app: object, processes: Processes, records: Records
) -> None:
    processes.scheduler()
    worker = processes.worker(WORKER_JOBS="2")
    mine = f"%-{worker.pid}-%"

    lives = eventually(
        lambda: (
            found
            if len(found := records.all("SELECT process FROM heartbeats WHERE process LIKE %s", mine)) >= 3
            else None
        )
    )

    assert worker.poll() is None
    assert lives is not None
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0
