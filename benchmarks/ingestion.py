"""History at full speed: 100,000 items over eight channels, through connector, core and database, by two workers.

The sandbox answers without delay, but on the same processors. The channels are of a kind that sets no pace: where a
provider allows five requests a second, its manners are the limit and not these figures. The second pass reads the same
again, as a re-read after a failure would, and must change nothing.
"""

import csv
import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import psutil
from sqlalchemy import Engine, create_engine, text

from benchmarks.measure import Figure, percentile
from benchmarks.servers import Bench, bench
from benchmarks.signup import KEYS, sandbox_server
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.jobs import ingest
from healthberry.models.channels import Channel
from healthberry.models.organisations import Organisation
from healthberry.models.owned import now

CHANNELS, ITEMS = 8, 100_000
TARGET_FIRST, TARGET_SECOND, TARGET_GROWTH = 2_000, 5_000, 20.0
_MOST_SECONDS = 300
_SAMPLE_SECONDS = 0.5  # reading a process's memory costs it time
_LOOK_SECONDS = 0.1
_ROOT = Path(__file__).resolve().parent.parent


def main(items: int = ITEMS) -> list[Figure]:
    """Load everything, then once more; give the figures."""
    with ExitStack() as stack:
        sandbox = stack.enter_context(sandbox_server())
        running = stack.enter_context(bench({**KEYS, "SANDBOX_URL": sandbox, "POLL_SECONDS": "3600"}))
        codes = [f"R{number}Z" for number in range(CHANNELS)]
        _fill(sandbox, codes, items // CHANNELS)
        channels = _link(running, codes)
        engine = create_engine(running.postgres.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
        stack.callback(engine.dispose)
        workers = [stack.enter_context(_worker(running)) for _ in range(2)]
        first, memory = _pass(running, engine, channels, workers)
        before = _contents(engine)
        with engine.begin() as connection:
            connection.execute(text("UPDATE channels SET backfill_state = 'waiting', backfill_cursor = NULL"))
        second, _ = _pass(running, engine, channels)
        changed = sum(one != other for one, other in zip(before, _contents(engine), strict=True))
        stored = before[0]
    half = len(memory) // 2
    growth = (percentile(memory[half:], 0.9) / percentile(memory[:half], 0.9) - 1) * 100 if half else float("nan")
    note = f"{stored:,} of {items:,} stored, over {CHANNELS} channels, the sandbox on the same processors"
    return [
        Figure("history: items a second, two workers", stored / first, "/s", TARGET_FIRST, at_least=True, note=note),
        Figure("the same once more: items a second", stored / second, "/s", TARGET_SECOND, at_least=True),
        Figure("tables that the second pass changed", changed, "", 0),
        Figure(
            "memory of a worker, last half against first",
            growth,
            "%",
            TARGET_GROWTH,
            note=f"{max(memory) / 2**20:.0f} MB",
        ),
    ]


def _fill(sandbox: str, codes: Sequence[str], each: int) -> None:
    httpx.post(f"{sandbox}/control/settings", json={"stray_every": 0}).raise_for_status()
    for code in codes:
        lines = io.StringIO()
        writer = csv.writer(lines)
        writer.writerow(["words"])
        writer.writerows([_words(code, number)] for number in range(each))
        body = {"channel": "nhsuk", "ods_code": code, "csv": lines.getvalue(), "text_column": "words"}
        httpx.post(f"{sandbox}/control/corpus", json=body, timeout=300).raise_for_status()


def _words(code: str, number: int) -> str:
    """Return about as many words as people write, no two texts alike."""
    parts = (
        f"On visit {number} to {code} the nurse on ward {number % 37} was kind and told us what came next.",
        f"We waited {number % 240} minutes, parking cost {number % 9} pounds, and bay {number % 53} was clean.",
    )
    return " ".join(parts)


def _link(running: Bench, codes: Sequence[str]) -> list[tuple[UUID, UUID]]:
    linked = []
    with running.app.app_context():
        for code in codes:
            organisation = Organisation(name=f"Bench {code}", kind="trust", ods_code=code)
            db.session.add(organisation)
            db.session.commit()
            scope.enter(organisation.id)
            organisation.discover_next_at = None  # given at the start, it would count as not given
            channel = Channel(
                organisation_id=organisation.id,
                kind="nhsuk",
                remote_id=code,
                label=code,
                url=f"https://example.org/{code}",
                config={"ods_codes": [code], "name": f"Bench {code}"},
                created_at=now(),
                next_poll_at=now() + timedelta(days=1),
            )
            db.session.add(channel)
            db.session.commit()
            linked.append((organisation.id, channel.id))
            scope.leave()
    return linked


def _pass(
    running: Bench, engine: Engine, channels: Sequence[tuple[UUID, UUID]], workers: Sequence[psutil.Process] = ()
) -> tuple[float, list[int]]:
    """Nudge every channel and wait until all are loaded; return the seconds, and the workers' memory on the way."""
    memory: list[int] = []
    began = looked = time.perf_counter()
    with running.app.app_context():
        for organisation_id, channel_id in channels:
            ingest.backfill.nudge(organisation_id, channel_id)
    while True:
        with engine.connect() as connection:
            waiting = connection.execute(
                text("SELECT count(*) FROM channels WHERE backfill_state <> 'done'")
            ).scalar_one()
        if waiting == 0:
            return time.perf_counter() - began, memory
        if time.perf_counter() - began > _MOST_SECONDS:
            raise TimeoutError("the workers do not come to an end")
        if time.perf_counter() - looked > _SAMPLE_SECONDS:
            looked = time.perf_counter()
            memory += [_used(worker) for worker in workers]
        time.sleep(_LOOK_SECONDS)


def _used(worker: psutil.Process) -> int:
    """Return the bytes that a worker and the process of its present job use alone."""
    used = 0
    for one in (worker, *worker.children(recursive=True)):
        try:
            used += one.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return used


def _contents(engine: Engine) -> list[int]:
    """Return how much there is, and the versions and edits of all of it: a change in any of these is one."""
    questions = (
        "SELECT count(*) FROM messages",
        "SELECT count(*) FROM conversations",
        "SELECT coalesce(sum(version), 0) FROM conversations",
        "SELECT count(*) FROM messages WHERE edited_at IS NOT NULL OR withdrawn_at IS NOT NULL",
        "SELECT count(*) FROM authors",
        "SELECT count(*) FROM quarantined_items",
    )
    with engine.connect() as connection:
        return [int(connection.execute(text(question)).scalar_one()) for question in questions]


@contextmanager
def _worker(running: Bench) -> Iterator[psutil.Process]:
    environment = {**os.environ, **running.environment}
    process = subprocess.Popen([sys.executable, "worker.py", "backfill"], cwd=_ROOT, env=environment)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    for figure in main(int(sys.argv[1]) if len(sys.argv) > 1 else ITEMS):
        print(figure.line())
