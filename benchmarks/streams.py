"""Live pages: 5,000 open streams in 250 organisations over two web processes.

Measured from the moment a change is committed to the moment its bytes are at the client; then, after a cut of 30 s,
whether every missed change arrives exactly once.
"""

import multiprocessing
import random
import resource
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from redis import Redis

from benchmarks import stream_houses, stream_reader
from benchmarks.measure import Figure, percentile
from benchmarks.servers import bench
from benchmarks.stream_houses import House
from benchmarks.web import Web, web_server

TARGET_MS = 150.0
_WARM_UP = 5.0  # statements and templates are prepared once per process
_LINGER = 3.0  # what is under way when the last change was made still arrives

Seen = list[tuple[list[tuple[int, float]], int]]  # for each page: (number, moment) of its messages, and its reloads


def main(
    streams: int = 5000, organisations: int = 250, rate: float = 10.0, seconds: float = 30.0, cut: float = 30.0
) -> list[Figure]:
    """Open the streams, make changes, cut, make changes, let all return; give the figures."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with bench() as running, running.app.app_context():
        houses = stream_houses.build(organisations)
        wanted = [houses[number % organisations].page(running.app, number) for number in range(streams)]
        with web_server(running) as web:
            ours, theirs = multiprocessing.Pipe()
            reader = multiprocessing.get_context("spawn").Process(
                target=stream_reader.serve, args=(theirs, web.port, wanted), daemon=True
            )
            reader.start()
            figures = _live(houses, ours, web, streams, rate, seconds)
            figures.append(_bus_alone(running.app.extensions["valkey"]))
            figures += _cut(houses, ours, web, rate, cut)
            ours.send(("end", 0.0))
            reader.join(10)
    return figures


def _live(
    houses: Sequence[House], orders: Connection, web: Web, streams: int, rate: float, seconds: float
) -> list[Figure]:
    empty, began = web.memory_bytes(), web.processor_seconds()
    opened, opening = _ask(orders, "open"), web.processor_seconds() - began
    each = (web.memory_bytes() - empty) / streams
    _change_while_reading(houses, orders, rate, _WARM_UP)
    _ask(orders, "report")
    began = web.processor_seconds()
    _change_while_reading(houses, orders, rate, seconds)
    busy = web.processor_seconds() - began
    seen: Seen = _ask(orders, "report")
    delays = [
        (moment - houses[number % len(houses)].committed[change]) * 1000
        for number, (messages, _) in enumerate(seen)
        for change, moment in messages
    ]
    note = f"{len(delays):,} messages, {rate:g} changes/s, slowest {max(delays):.0f} ms"
    return [
        Figure(f"{streams:,} streams: committed to bytes at the client, p50", percentile(delays, 0.5), "ms"),
        Figure(f"{streams:,} streams: the same, p99", percentile(delays, 0.99), "ms", TARGET_MS, note=note),
        Figure("streams: processors that the web processes kept busy", busy / (seconds + _LINGER), "cores"),
        Figure("streams: memory of one", each / 1024, "KB"),
        Figure(f"streams: opening {streams:,}", opened, "s", note=f"{opening:.1f} s of the web processes"),
    ]


def _bus_alone(valkey: Redis) -> Figure:
    """Time the bus without anything behind it: what no process can be quicker than."""
    delays = []
    with valkey.pubsub(ignore_subscribe_messages=True) as bus:  # type: ignore[no-untyped-call]
        bus.subscribe("benchmark")
        bus.get_message(timeout=5)
        for _ in range(500):
            began = time.monotonic()
            valkey.publish("benchmark", b"x")
            while bus.get_message(timeout=5) is None:
                pass
            delays.append((time.monotonic() - began) * 1000)
    return Figure("streams: the limit: the bus alone, published to heard, p99", percentile(delays, 0.99), "ms")


def _cut(houses: Sequence[House], orders: Connection, web: Web, rate: float, cut: float) -> list[Figure]:
    before = [dict(house.committed) for house in houses]
    _ask(orders, "cut")
    _change(houses, rate, cut)
    began = web.processor_seconds()
    reopened, opening = _ask(orders, "open"), web.processor_seconds() - began
    _change_while_reading(houses, orders, rate, 5)
    missed = doubled = reloads = 0
    for number, (messages, reloaded) in enumerate(_ask(orders, "report")):
        place = number % len(houses)
        counts = Counter(change for change, _ in messages)
        wanted = houses[place].committed.keys() - before[place].keys()
        missed += len(wanted - counts.keys())
        doubled += sum(count - 1 for count in counts.values())
        reloads += reloaded
    return [
        Figure(
            f"streams: all back after a cut of {cut:g} s", reopened, "s", note=f"{opening:.1f} s of the web processes"
        ),
        Figure("streams: changes missed", missed, "", 0),
        Figure("streams: changes that came twice", doubled, "", 0),
        Figure("streams: pages told to reload", reloads, "", 0),
    ]


def _change_while_reading(houses: Sequence[House], orders: Connection, rate: float, seconds: float) -> None:
    orders.send(("read", seconds + _LINGER))
    _change(houses, rate, seconds)
    orders.recv()


def _change(houses: Sequence[House], rate: float, seconds: float) -> None:
    """Make changes at random moments, on the average `rate` a second, as people do."""
    due, end = time.monotonic(), time.monotonic() + seconds
    while (due := due + random.expovariate(rate)) < end:
        time.sleep(max(due - time.monotonic(), 0))
        random.choice(houses).change()


def _ask(orders: Connection, order: str) -> Any:
    orders.send((order, 0.0))
    return orders.recv()
