"""Everything at once: feedback comes in, people read, pages are open. Then five times as much.

Steady: 20 delivered items a second, 200 signed-in readers who list, open, search and narrow with three seconds to think
between, and 1,000 open streams, over two web processes, two workers and a sender, in inboxes that hold 200
conversations already; the readers share these processors.
Overload: five times the readers and the items for a minute; what is refused is refused with 503 and `Retry-After`, what
was taken is stored, and pages are quick again within half a minute.
"""

import multiprocessing
import os
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import psutil
import psycopg
from sqlalchemy import func, select

from benchmarks import stream_reader
from benchmarks.deliveries import link
from benchmarks.load_people import WORDS, House, Told, drive
from benchmarks.mail_sink import mail_sink
from benchmarks.measure import Figure, memory_bytes, percentile
from benchmarks.page_cost import page_cost
from benchmarks.servers import Bench, bench
from benchmarks.stream_houses import cookie
from benchmarks.web import Web, web_server
from healthberry.connectors.base import Author, InboundItem
from healthberry.core import ingest, scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.processes import Heartbeat
from healthberry.models.pushes import PushDelivery

HOUSES, READERS, STREAMS, RATE, HISTORY = 20, 200, 1_000, 20, 200
STEADY_SECONDS, OVERLOAD_SECONDS, TIMES = 600, 60, 5
TARGET_MS, TARGET_RECOVERY, TARGET_GROWTH = 200.0, 30.0, 10.0
_LOOKS = 20  # in all: to count the memory of so many processes takes the half of a second of one processor
_ROOT = Path(__file__).resolve().parent.parent


def main(seconds: float = STEADY_SECONDS) -> list[Figure]:
    """Run both; give the figures."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        running = stack.enter_context(bench({"MAIL_URL": stack.enter_context(mail_sink())}))
        stack.enter_context(running.app.app_context())
        houses = [_house(running, number) for number in range(HOUSES)]
        with psycopg.connect(running.postgres.owner_url) as owner:
            owner.execute("ANALYZE")  # as it is where there has been a history for a while
        alone = [_page_cost(running, houses[0], "before")]
        web = stack.enter_context(web_server(running))
        processes = [
            stack.enter_context(_process(running, command))
            for command in (
                ["worker.py"],
                ["worker.py"],
                ["worker.py", "replies", "alerts"],
                ["-m", "healthberry.cli", "scheduler"],
            )
        ]
        streams = stack.enter_context(_streams(web, houses))
        _await_life(len(processes))
        steady, overload = _steady(web, processes, houses, seconds), _overload(web, houses)
        return [*alone, *steady, *overload, streams(), _page_cost(running, houses[0], "after")]


def _page_cost(running: Bench, house: House, when: str) -> Figure:
    """Measure the pages that the readers ask for, in the shares in which they do."""
    scope.enter(house.id)
    opened = [f"/conversations/{one}" for one in db.session.scalars(select(Conversation.id).limit(2))]
    scope.leave()
    paths = ["/inbox", *opened, f"/inbox?q={WORDS[0]}", "/inbox?status=open", "/inbox?unread=1"]
    return page_cost(running.app, paths, house.cookies, when)


def _house(running: Bench, number: int) -> House:
    organisation_id, channel_id, secret = link(number)
    scope.enter(organisation_id)
    channel = db.session.get_one(Channel, (organisation_id, channel_id))
    ingest.store_page(channel, [_written_before(one) for one in range(HISTORY)], backfill=False, imported=True)
    people = [
        Member(
            organisation_id=organisation_id,
            email=f"p{one}@h{number}.example",
            name=f"Person {one}",
            role="responder",
            level=2,
            wants_alerts=one == 0,
        )
        for one in range(READERS // HOUSES)
    ]
    db.session.add_all(people)
    db.session.commit()
    cookies = [cookie(running.app, one) for one in people]
    scope.leave()
    return House(organisation_id, f"/hooks/webhook/{channel_id}", secret, cookies)


def _written_before(number: int) -> InboundItem:
    return InboundItem(
        direction="inbound",
        remote_id=f"before-{number}",
        thread_id=f"before-{number}",
        text=" ".join(random.choices(WORDS, k=30)),
        posted_at=now() - timedelta(hours=number + 1),
        author=Author(f"writer-{number}", f"Writer {number}"),
    )


def _await_life(count: int) -> None:
    """Wait until so many background processes say that they live: to begin costs a processor seconds."""
    deadline = time.monotonic() + 60
    while (
        db.session.execute(select(func.count()).select_from(Heartbeat)).scalar_one() < count
        and time.monotonic() < deadline
    ):
        db.session.rollback()
        time.sleep(0.5)
    db.session.rollback()


def _steady(web: Web, processes: Sequence[psutil.Process], houses: Sequence[House], seconds: float) -> list[Figure]:
    memory: list[int] = []
    waiting: list[int] = []
    told = _drive(web, houses, READERS, RATE, seconds, lambda: _look(web, processes, houses, memory, waiting))
    begun = min(due for due, _, _ in told.pages) + 20  # caches, plans and pools are there by then
    took = [spent * 1000 for due, spent, status in told.pages if due > begun and status == 200]
    bad = Counter(status for _, _, status in (*told.pages, *told.items) if status not in (200, 202))
    half = len(memory) // 2
    growth = (max(memory[half:]) / max(memory[half : half + max(half // 4, 1)]) - 1) * 100 if half else float("nan")
    note = f"{len(took):,} pages, {len(told.items):,} items, {STREAMS:,} streams, {seconds:g} s"
    return [
        Figure("load: pages, median", percentile(took, 0.5), "ms", note=note),
        Figure("load: pages, 99 of 100", percentile(took, 0.99), "ms", TARGET_MS),
        Figure("load: answers that were no success", bad.total(), "", 0, note=_by_status(bad)),
        Figure("load: deliveries waiting at the end", waiting[-1], "", RATE, note=f"{max(waiting)} at most"),
        Figure("load: memory over the last half", growth, "%", TARGET_GROWTH, note=f"{max(memory) / 2**20:.0f} MB"),
    ]  # fmt: skip


def _overload(web: Web, houses: Sequence[House]) -> list[Figure]:
    before = _count(houses, Message) + _count(houses, PushDelivery)
    told = _drive(web, houses, READERS * TIMES, RATE * TIMES, OVERLOAD_SECONDS, lambda: None)
    ended = time.monotonic()
    taken = sum(status == 202 for _, _, status in told.items)
    refused = sum(status == 503 for _, _, status in (*told.pages, *told.items))
    other = Counter(status for _, _, status in (*told.pages, *told.items) if status not in (200, 202, 503))
    after = _drive(web, houses, READERS, RATE, 40, lambda: None)
    slow = [due - ended for due, spent, status in after.pages if spent * 1000 > TARGET_MS or status != 200]
    deadline = time.monotonic() + 120
    while _count(houses, PushDelivery) and time.monotonic() < deadline:
        time.sleep(0.5)
    later = sum(status == 202 for _, _, status in after.items)
    lost = before + taken + later - _count(houses, Message)
    return [
        Figure("overload: answered", sum(status == 200 for _, _, status in told.pages) / OVERLOAD_SECONDS, "pages/s"),
        Figure("overload: refused with 503", refused, "", note=f"{told.without_word} without Retry-After"),
        Figure("overload: neither answered nor refused", other.total(), "", 0, note=_by_status(other)),
        Figure("overload: items taken and not stored", lost, "", 0, note=f"{taken:,} taken"),
        Figure("overload: last slow page after its end", max(slow, default=0.0), "s", TARGET_RECOVERY),
    ]  # fmt: skip


def _drive(
    web: Web, houses: Sequence[House], readers: int, rate: float, seconds: float, look: Callable[[], None]
) -> Told:
    """Let another process read and send for so long; `look` is called some twenty times meanwhile."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=drive, args=(theirs, web.port, list(houses), readers, rate, seconds), daemon=True)
    process.start()
    while not ours.poll(max(seconds / _LOOKS, 1.0)):
        look()
    told: Told = ours.recv()
    process.join(30)
    return told


def _by_status(counts: Counter[int]) -> str:
    return ", ".join(f"{status or 'no answer'}: {number}" for status, number in counts.items())


def _look(
    web: Web, processes: Sequence[psutil.Process], houses: Sequence[House], memory: list[int], waiting: list[int]
) -> None:
    memory.append(sum(memory_bytes(process) for process in (psutil.Process(web.process.pid), *processes)))
    waiting.append(_count(houses, PushDelivery))


def _count(houses: Sequence[House], model: type[Message] | type[PushDelivery]) -> int:
    found = 0
    for house in houses:
        scope.enter(house.id)
        found += db.session.scalar(select(func.count()).select_from(model)) or 0
        scope.leave()
    return found


@contextmanager
def _streams(web: Web, houses: Sequence[House]) -> Iterator[Callable[[], Figure]]:
    """Keep the streams open in a process of their own; what is yielded says how many are open still."""
    wanted = [
        ("/stream?view=inbox&after=0", houses[number % len(houses)].cookies[number // len(houses) % 10])
        for number in range(STREAMS)
    ]
    ours, theirs = multiprocessing.Pipe()
    reader = multiprocessing.get_context("spawn").Process(
        target=stream_reader.serve, args=(theirs, web.port, wanted), daemon=True
    )
    reader.start()
    ours.send(("open", 0.0))
    ours.recv()
    ours.send(("drain", float(STEADY_SECONDS + OVERLOAD_SECONDS + 240)))

    def figure() -> Figure:
        open_still = sum(
            one.status == "ESTABLISHED" and one.laddr.port == web.port
            for child in web.process.children()
            for one in child.net_connections("tcp")
        )
        return Figure("load: streams open to the end", open_still, "", STREAMS, at_least=True)

    try:
        yield figure
    finally:
        reader.terminate()
        reader.join(10)


@contextmanager
def _process(running: Bench, command: list[str]) -> Iterator[psutil.Process]:
    environment = {**os.environ, **running.environment}
    process = subprocess.Popen([sys.executable, *command], cwd=_ROOT, env=environment)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


if __name__ == "__main__":
    for one in main(float(sys.argv[1]) if len(sys.argv) > 1 else STEADY_SECONDS):
        print(one.line(), flush=True)
