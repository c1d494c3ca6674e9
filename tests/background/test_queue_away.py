"""The queue's server goes away and comes back empty: workers and scheduler are still there, and go on."""

from pathlib import Path

import pytest
from flask import Flask

from healthberry.local import valkey as local_valkey
from tests.background.conftest import Processes, Records, eventually

pytestmark = pytest.mark.timeout(240)


def test_workers_and_scheduler_outlive_their_queue(
    app: Flask, processes: Processes, records: Records, servers_folder: Path
) -> None:
    folder = servers_folder / "valkey-away"
    server = local_valkey.start(folder, durable=False)
    worker, scheduler = processes.worker(REDIS_URL=server.url), processes.scheduler(REDIS_URL=server.url)
    eventually(lambda: records.living("sweep"))

    server.stop()
    records.change("DELETE FROM heartbeats WHERE role = 'sweep'")
    last = "SELECT max(beat_at) FROM heartbeats WHERE role = 'scheduler' HAVING max(beat_at) > %s"
    ((before,),) = records.all("SELECT now()")
    eventually(lambda: records.all(last, before))
    assert not records.living("sweep")
    again = local_valkey.start(folder, durable=False)

    try:
        assert again.url == server.url
        eventually(lambda: records.living("sweep"))
        assert (worker.poll(), scheduler.poll()) == (None, None)
    finally:
        processes.end()
        again.stop()
