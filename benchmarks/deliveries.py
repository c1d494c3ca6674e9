"""What is sent to us: 500 deliveries a second for 20 seconds, to twenty channels over two web processes; then a worker.

Each delivery is one item, signed as docs/channels/webhook.md says, over connections that stay open. It is sent at its
moment whether or not the ones before were answered, and its time counts from that moment. The worker begins after the
burst, so that what it takes is not hidden behind it.
"""

import http.client
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select

from benchmarks.measure import Figure, percentile
from benchmarks.servers import Bench, bench
from benchmarks.web import web_server
from healthberry.connectors.signing import HEADER, sign
from healthberry.core import scope
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.organisations import Organisation
from healthberry.models.owned import now
from healthberry.models.pushes import PushDelivery

RATE, SECONDS, CHANNELS = 500, 20, 20
TARGET_P99_MS, TARGET_READ_SECONDS = 100.0, 60.0
_CONNECTIONS = 64
_MOST_SECONDS = 300
_ROOT = Path(__file__).resolve().parent.parent

Hook = tuple[str, str]  # path, secret


def main(rate: int = RATE, seconds: int = SECONDS) -> list[Figure]:
    """Send, then let one worker read; give the figures."""
    with bench() as running, running.app.app_context():
        linked = [link(number) for number in range(CHANNELS)]
        hooks = [(f"/hooks/webhook/{channel_id}", secret) for _, channel_id, secret in linked]
        with web_server(running) as web:
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            sender = context.Process(target=send, args=(theirs, web.port, hooks, rate, seconds), daemon=True)
            sender.start()
            statuses, waits = ours.recv()
            sender.join(30)
        organisations = [organisation_id for organisation_id, _, _ in linked]
        kept = _count(organisations, PushDelivery)
        spent = _read(running, organisations, rate * seconds)
    taken = sum(status == 202 for status in statuses)
    note = f"{len(statuses) - taken} were not taken, {kept} waited to be read"
    return [
        Figure(f"deliveries taken of {rate * seconds:,} sent, {rate} a second", taken, "", rate * seconds, True, note),
        Figure("one delivery: median", percentile(waits, 0.5) * 1000, "ms"),
        Figure("one delivery: 99 of 100", percentile(waits, 0.99) * 1000, "ms", TARGET_P99_MS),
        Figure(f"one worker reads {rate * seconds:,} of them", spent, "s", TARGET_READ_SECONDS),
    ]


def send(report: Connection, port: int, hooks: Sequence[Hook], rate: int, seconds: int) -> None:
    """Send on schedule over many connections, each from a thread; report statuses and waits in seconds."""
    requests = [_signed(number, hooks[number % len(hooks)]) for number in range(rate * seconds)]
    statuses, waits = [0] * len(requests), [0.0] * len(requests)
    begins = time.perf_counter() + 0.5

    def run(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for number in range(first, len(requests), _CONNECTIONS):
            moment = begins + number / rate
            if (early := moment - time.perf_counter()) > 0:
                time.sleep(early)
            path, body, headers = requests[number]
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                answer.read()
                statuses[number] = answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
            waits[number] = time.perf_counter() - moment

    threads = [threading.Thread(target=run, args=(first,)) for first in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report.send((statuses, waits))


def _signed(number: int, hook: Hook) -> tuple[str, bytes, dict[str, str]]:
    path, secret = hook
    item = {
        "id": f"r{number}",
        "text": "The nurses were kind, but nobody told us how long we would wait. " * 4,
        "posted_at": datetime.now(UTC).isoformat(),
        "author": {"name": "Wren"},
        "ratings": [{"name": "Overall", "value": 4, "out_of": 5}],
    }
    body = json.dumps({"version": 1, "items": [item]}).encode()
    headers = {"Content-Type": "application/json", HEADER: sign(secret, body, int(time.time()))}
    return path, body, headers


def link(number: int) -> tuple[UUID, UUID, str]:
    """Make an organisation with one linked channel; return both ids and the channel's secret."""
    organisation = Organisation(name=f"Bench {number}", kind="trust", ods_code=f"B{number:03}")
    db.session.add(organisation)
    db.session.commit()
    scope.enter(organisation.id)
    organisation.discover_next_at = None  # given at the start, it would count as not given
    secret = f"only for benchmarks, number {number:03}"
    channel = Channel(
        organisation_id=organisation.id, kind="webhook", remote_id="survey", label="Survey", url="",
        config={"name": "Survey", "callback": ""}, sealed_secrets=part("vault").seal({"secret": secret}),
        backfill_state="done", created_at=now() - timedelta(days=1),
    )  # fmt: skip
    db.session.add(channel)
    db.session.commit()
    channel.next_poll_at = None  # as linking it does: all that comes is sent
    db.session.commit()
    ids = organisation.id, channel.id
    scope.leave()
    return (*ids, secret)


def _read(running: Bench, organisations: Sequence[UUID], wanted: int) -> float:
    """Let one worker read what waits; return the seconds until all is stored."""
    began = time.perf_counter()
    environment = {**os.environ, **running.environment}
    worker = subprocess.Popen([sys.executable, "worker.py", "ingest"], cwd=_ROOT, env=environment)
    try:
        while _count(organisations, Message) < wanted and _count(organisations, PushDelivery):
            if time.perf_counter() - began > _MOST_SECONDS:
                raise TimeoutError("the worker does not come to an end")
            time.sleep(0.2)
        return time.perf_counter() - began
    finally:
        worker.terminate()
        worker.wait(20)


def _count(organisations: Sequence[UUID], model: type[PushDelivery] | type[Message]) -> int:
    found = 0
    for organisation_id in organisations:
        scope.enter(organisation_id)
        found += db.session.scalar(select(func.count()).select_from(model)) or 0
        scope.leave()
    return found


if __name__ == "__main__":
    for figure in main():
        sys.stdout.write(f"{figure.line()}\n")
