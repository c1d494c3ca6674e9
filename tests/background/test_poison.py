"""Work that crashes its worker again and again waits ever longer, is stopped, kept, shown, and can be tried again."""

import signal
from datetime import timedelta
from typing import Any

import psutil
import pytest

from healthberry.core import scope
from healthberry.models.channels import Channel
from tests.background.conftest import SWEEP_SECONDS, Processes, Records, eventually
from tests.sandbox_server import Sandbox
from tests.world import World

# Whatever else the same channel's trouble makes fail (it is read again, it is compared) is counted apart.
_COUNTED = "SELECT kind, subject_id, failures, reason, stopped_at IS NOT NULL FROM failed_work"
FAILED = f"{_COUNTED} WHERE kind IN ('poll', 'import')"

pytestmark = pytest.mark.timeout(240)


def _of_both(world: World, sandbox: Sandbox) -> tuple[Channel, Channel]:
    """Link a channel that no worker can store anything of, and one that is well, of one organisation."""
    organisation = world.organisation()
    poison = world.channel(organisation, items_loaded=2**31 - 1)
    well = world.channel(organisation, "careopinion")
    sandbox.post("nhsuk", "They were kind.", ods_code=organisation.ods_code)
    scope.leave()
    return poison, well


def _failed(records: Records, at_least: int) -> tuple[Any, ...]:
    """Wait until the only work that fails has failed so often; return it."""
    return eventually(lambda: [row for row in records.all(FAILED) if row[2] >= at_least])[0]


def _sweeps(records: Records) -> Any:
    return records.all("SELECT beat_at FROM heartbeats WHERE role = 'sweep'")[0][0]


def test_work_that_always_fails_is_stopped_shown_and_tried_again_when_asked(
    world: World, processes: Processes, records: Records, sandbox: Sandbox
) -> None:
    poison, well = _of_both(world, sandbox)
    processes.worker()
    processes.scheduler()

    kind, subject, count, reason, stopped = _failed(records, 1)
    assert (kind, subject, count, reason, stopped) == ("poll", poison.id, 1, "DataError", False)
    ((pause,),) = records.all("SELECT next_at - last_at FROM failed_work WHERE kind = 'poll'")
    assert timedelta(seconds=29) < pause < timedelta(seconds=31)
    read = "SELECT count(*) FROM channels WHERE last_success_at IS NOT NULL AND id = %s"
    eventually(lambda: records.all(read, well.id) == [(1,)])

    # Weeks are not waited for: seven times in a row already, and the eighth is due.
    records.change("UPDATE failed_work SET failures = 7, next_at = now()")
    assert _failed(records, 8) == ("poll", poison.id, 8, "DataError", True)
    records.change("UPDATE channels SET next_poll_at = now()")
    seen = _sweeps(records)
    eventually(lambda: _sweeps(records) > seen + timedelta(seconds=2 * SWEEP_SECONDS + 1))
    assert records.all(FAILED) == [("poll", poison.id, 8, "DataError", True)]

    said = next(line for line in processes.run("failed").splitlines() if "  poll  " in line)
    assert (str(poison.id) in said, "8 times  DataError" in said, "stopped" in said) == (True, True, True)
    row_id = said.split()[0]
    assert "1 will be tried" in processes.run("retry", row_id)
    assert _failed(records, 9) == ("poll", poison.id, 9, "DataError", True)

    records.change("UPDATE channels SET items_loaded = 0")
    processes.run("retry", "all")
    eventually(lambda: records.all(FAILED) == [])
    eventually(lambda: records.all(read, poison.id) == [(1,)])
    eventually(lambda: processes.run("failed") == "None.\n")


def test_a_new_release_tries_once_what_an_earlier_one_stopped(
    world: World, processes: Processes, records: Records, sandbox: Sandbox
) -> None:
    poison, _ = _of_both(world, sandbox)
    records.change(
        "INSERT INTO failed_work (organisation_id, id, kind, subject_id, failures, reason, version, first_at, last_at,"
        " next_at, stopped_at) SELECT organisation_id, gen_random_uuid(), 'poll', id, 8, 'DataError', '0.0.1', now(),"
        " now(), now(), now() FROM channels WHERE id = %s",
        poison.id,
    )
    processes.worker()
    processes.scheduler()

    assert _failed(records, 9) == ("poll", poison.id, 9, "DataError", True)
    seen = _sweeps(records)
    eventually(lambda: _sweeps(records) > seen + timedelta(seconds=2 * SWEEP_SECONDS + 1))
    assert _failed(records, 9) == ("poll", poison.id, 9, "DataError", True)


def test_a_job_that_is_killed_from_outside_counts_as_failed(
    world: World, processes: Processes, records: Records, sandbox: Sandbox
) -> None:
    channel = world.channel(world.organisation())
    scope.leave()
    records.change("UPDATE organisations SET discover_next_at = NULL")
    sandbox.fault("nhsuk", "timeout_before", times=10, seconds=100)
    worker = processes.worker()
    processes.scheduler()
    eventually(lambda: records.all("SELECT 1 FROM channels WHERE claimed_until > now()"))

    (horse,) = psutil.Process(worker.pid).children()
    horse.send_signal(signal.SIGKILL)

    assert _failed(records, 1) == ("poll", channel.id, 1, "Killed", False)
    assert worker.poll() is None


def test_a_job_that_takes_too_much_memory_ends_alone_and_counts_as_failed(
    world: World, processes: Processes, records: Records
) -> None:
    organisation = world.organisation()
    member, channel = world.member(organisation), world.channel(organisation, "webhook", next_poll_at=None)
    rows = b"id,text,date\n" + b"".join(
        b"%d,They were kind to me there,2026-05-01\n" % number for number in range(200_000)
    )
    upload = world.uploaded(channel, member, state="reading", content=rows, size_bytes=len(rows))
    scope.leave()
    worker = processes.worker(JOB_MEMORY_MB="160")
    processes.scheduler()

    kind, subject, _, reason, _ = _failed(records, 1)

    assert (kind, subject) == ("import", upload.id)
    assert reason in ("MemoryError", "DatabaseError")  # whoever asks for more first: ours, or the database's client
    assert worker.poll() is None
