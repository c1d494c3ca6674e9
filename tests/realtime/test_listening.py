"""Streams of providers: each turn has its channel asked, what breaks is opened again, and one process does it."""

import queue
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update

from healthberry.connectors.base import Access
from healthberry.connectors.errors import NotAuthorised, Unavailable
from healthberry.core import scope
from healthberry.extensions import db
from healthberry.jobs.listening import Listener, Name, ask_now
from healthberry.models.channels import Channel
from healthberry.models.owned import now
from healthberry.models.processes import Heartbeat
from healthberry.queues import queue as job_queue
from tests.pushed import Pushed, at, use
from tests.world import World

WAIT = 20


class Streaming(Pushed):
    """A kind whose streams turn when the test says so; `opened` tells with whose settings one was opened."""

    def __init__(self) -> None:
        super().__init__(poll_seconds=60, streams=True)
        self.opened: queue.Queue[str] = queue.Queue()
        self.turns: dict[str, queue.Queue[Exception | None]] = {}

    def listen(self, access: Access) -> Iterator[None]:
        """Turn at each None; break off at an error."""
        name = access.config["name"]
        turns = self.turns.setdefault(name, queue.Queue())
        self.opened.put(name)
        while True:
            told = turns.get(timeout=WAIT)
            if told is not None:
                raise told
            yield

    def turn(self, name: str, told: Exception | None = None) -> None:
        """Turn, or break off."""
        self.turns.setdefault(name, queue.Queue()).put(told)


@pytest.fixture
def streaming(app: Flask) -> Streaming:
    """Add the kind to the application."""
    connector = Streaming()
    use(app, connector)
    return connector


@pytest.fixture
def listening(app: Flask) -> Iterator[Callable[[], "queue.Queue[Name]"]]:
    """Start listeners; return what they ring for. All end with the test."""
    running: list[tuple[Listener, threading.Thread]] = []

    def start() -> queue.Queue[Name]:
        rung: queue.Queue[Name] = queue.Queue()
        listener = Listener(app, ring=rung.put, look_seconds=0.1, rest_seconds=0.05)
        thread = threading.Thread(target=listener.run)
        thread.start()
        running.append((listener, thread))
        return rung

    yield start
    for listener, thread in running:
        listener.end()
        thread.join(WAIT)
        assert not thread.is_alive()


def linked(world: World, name: str) -> tuple[UUID, UUID]:
    """Link a channel that has a stream."""
    channel = world.channel(world.organisation(), "pushed", remote_id=name, config={"name": name})
    return channel.organisation_id, channel.id


def test_a_turn_has_its_own_channel_asked_and_no_other(
    world: World, streaming: Streaming, listening: Callable[[], "queue.Queue[Name]"]
) -> None:
    one, other = linked(world, "one"), linked(world, "other")
    scope.leave()
    rung = listening()
    assert {streaming.opened.get(timeout=WAIT) for _ in range(2)} == {"one", "other"}

    streaming.turn("other")
    assert rung.get(timeout=WAIT) == other
    streaming.turn("one")
    assert rung.get(timeout=WAIT) == one
    assert rung.empty()
    assert db.session.scalar(select(Heartbeat.beat_at).filter_by(role="listener")) is not None


@pytest.mark.parametrize(
    "error", [Unavailable("Away."), NotAuthorised("No."), ValueError("bug")], ids=["away", "refused", "bug"]
)
def test_a_stream_that_breaks_off_is_opened_again(
    world: World, streaming: Streaming, listening: Callable[[], "queue.Queue[Name]"], error: Exception
) -> None:
    one = linked(world, "one")
    scope.leave()
    rung = listening()
    assert streaming.opened.get(timeout=WAIT) == "one"

    streaming.turn("one", error)
    assert streaming.opened.get(timeout=WAIT) == "one"
    streaming.turn("one")
    assert rung.get(timeout=WAIT) == one


def test_channels_linked_later_are_followed_and_unlinked_ones_ring_no_more(
    world: World, streaming: Streaming, listening: Callable[[], "queue.Queue[Name]"]
) -> None:
    gone = linked(world, "gone")
    scope.leave()
    rung = listening()
    assert streaming.opened.get(timeout=WAIT) == "gone"

    scope.enter(gone[0])
    db.session.execute(update(Channel).values(state="unlinked"))
    db.session.commit()
    new = linked(world, "new")
    scope.leave()
    assert streaming.opened.get(timeout=WAIT) == "new"  # the same look let the other one go
    streaming.turn("gone")
    streaming.turn("new")

    assert rung.get(timeout=WAIT) == new
    assert rung.empty()


def test_a_second_process_waits_until_the_first_ends(app: Flask, world: World, streaming: Streaming) -> None:
    linked(world, "one")
    scope.leave()
    listeners = [Listener(app, look_seconds=0.1) for _ in range(2)]
    threads = [threading.Thread(target=listener.run) for listener in listeners]
    threads[0].start()
    assert streaming.opened.get(timeout=WAIT) == "one"
    threads[1].start()
    with pytest.raises(queue.Empty):
        streaming.opened.get(timeout=0.5)

    listeners[0].end()
    assert streaming.opened.get(timeout=WAIT) == "one"

    listeners[1].end()
    for thread in threads:
        thread.join(WAIT)


def test_being_asked_now_is_written_down_and_nudged(app: Flask, world: World, streaming: Streaming) -> None:
    organisation_id, channel_id = linked(world, "one")
    db.session.execute(update(Channel).values(next_poll_at=now() + timedelta(minutes=1)))
    db.session.commit()

    ask_now((organisation_id, channel_id))

    scope.enter(organisation_id)
    channel = db.session.get_one(Channel, (organisation_id, channel_id), populate_existing=True)
    assert at(channel.next_poll_at) <= now()
    jobs = job_queue("ingest", app.extensions["valkey_jobs"]).get_jobs()
    nudged = [tuple(job.args) for job in jobs if job.func_name == "healthberry.jobs.ingest.poll"]
    assert nudged == [(str(organisation_id), str(channel_id))]
