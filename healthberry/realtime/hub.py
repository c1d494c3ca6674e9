"""The hub of one web process: hears of every change and hands it to the organisations that have pages open here.

It starts with the first stream, never at import: the web server forks its processes after that. What the bus loses is
found again by number (see room.py), so a cut costs time, not changes.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from flask import Flask
from redis.exceptions import RedisError

from healthberry.core import scope
from healthberry.models.organisations import Member
from healthberry.realtime import publish
from healthberry.realtime.room import Room
from healthberry.realtime.stream import Stream
from healthberry.realtime.turns import Turns

log = logging.getLogger(__name__)

_WORKERS = 4  # each holds at most one database connection
_ADMITTED_AT_ONCE = 3
_TICK_SECONDS = 0.5
_CHECK_SECONDS = 30.0
_CHECK_DEAF_SECONDS = 3.0
_HASTE = 1.2  # a little more than needed at each tick, so that nobody waits for ever
_KEEP_EMPTY_SECONDS = 120.0
_LONGEST_PAUSE = 5.0
_making = threading.Lock()


def hub_of(app: Flask) -> "Hub":
    """Return the hub of this process, started."""
    with _making:
        hub: Hub | None = app.extensions.get("hub")
        if hub is None or hub.process_id != os.getpid():
            hub = app.extensions["hub"] = Hub(app)
            hub.start()
        return hub


class Hub:
    """The open pages of this process, by organisation."""

    def __init__(self, app: Flask) -> None:
        self.process_id = os.getpid()
        self.listening = threading.Event()  # set while changes are heard from the bus
        # Many pages come back at once after a cut: they queue here, not for the database connections of all others.
        self.door = threading.BoundedSemaphore(_ADMITTED_AT_ONCE)
        self.notice = app.extensions.get("notice", b"")  # what every page is told first: see `tell_all`
        self._app = app
        self._rooms: dict[UUID, Room] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._turns: Turns[Room] = Turns()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to listen and to work, in the background."""
        jobs = [self._listen, self._tick, *[lambda: self._turns.serve(self._work)] * _WORKERS]
        for job in jobs:
            thread = threading.Thread(target=job, daemon=True)
            thread.start()
            self._threads.append(thread)  # only now: a stop at this moment joins those that run

    def stop(self) -> None:
        """End every stream and all work."""
        self._stopped.set()
        self.cut()
        for _ in range(_WORKERS):
            self._turns.close()
        for thread in list(self._threads):
            thread.join(10)

    def cut(self) -> None:
        """End every stream; the pages come back by themselves."""
        for room in list(self._rooms.values()):
            for stream in list(room.streams):
                stream.end()

    def join(self, member: Member, stream: Stream, after: int | None) -> Room:
        """Let `stream` of `member` follow the changes of their organisation since `after`; return the room it joined.

        `member` is a copy that belongs to no session. Raises: NotAllowed where they have too many open.
        """
        organisation_id = member.organisation_id
        with self._lock:
            room = self._rooms.get(organisation_id)
            if room is None:
                room = self._rooms[organisation_id] = Room(organisation_id, self._unit)
            room.empty_since = time.monotonic()
        room.join(stream, member, after)
        if self.notice:
            stream.put(self.notice)
        self._turns.ask(room)
        return room

    def tell_all(self, message: bytes) -> None:
        """Send a message to every page that is open here, whoever's it is; those that open later begin with it."""
        self.notice = message
        for room in list(self._rooms.values()):
            for stream in list(room.streams):
                stream.put(message)

    def count(self) -> int:
        """Return how many streams are open in this process."""
        return sum(len(room.streams) for room in list(self._rooms.values()))

    @contextmanager
    def _unit(self, organisation_id: UUID) -> Iterator[None]:
        """One stretch of work in the database, in a session of its own."""
        with self._app.app_context():
            scope.enter(organisation_id)
            try:
                yield
            finally:
                scope.leave()

    def _listen(self) -> None:
        pause = 0.1
        while not self._stopped.is_set():
            try:
                self._follow_bus()
                pause = 0.1
            except RedisError as error:
                log.warning("bus_lost", extra={"fields": {"error": type(error).__name__}})
            except Exception:
                log.exception("bus_failed")
            self.listening.clear()
            self._stopped.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _follow_bus(self) -> None:
        with self._app.extensions["valkey"].pubsub() as bus:
            bus.subscribe(publish.CHANNEL)
            while not self._stopped.is_set():
                message = bus.get_message(timeout=_TICK_SECONDS)
                if message is None:
                    continue
                if message["type"] == "message":
                    self._hear(message["data"])
                elif message["type"] == "subscribe":
                    # At the start and after each reconnection: whatever was said meanwhile was not heard.
                    self.listening.set()
                    self._check_all()

    def _hear(self, data: bytes) -> None:
        change = publish.read(data)
        room = self._rooms.get(change.organisation_id) if change else None
        if change is None or room is None:
            return
        if change.number:
            room.hear(change)
        elif change.conversation_id:
            room.lookout.note(change.conversation_id)
        self._turns.ask(room)

    def _check_all(self) -> None:
        for room in list(self._rooms.values()):
            room.check_wanted = True
            self._turns.ask(room)

    def _work(self, room: Room) -> None:
        try:
            if room.check_wanted:
                room.check()
            room.work()
        except Exception:
            log.exception("room_failed", extra={"fields": {"organisation": room.organisation_id}})

    def _tick(self) -> None:
        while not self._stopped.wait(_TICK_SECONDS):
            for room in self._due_for_check():
                room.check_wanted = True
                self._turns.ask(room)
            for room in list(self._rooms.values()):
                if room.lookout.is_due():
                    self._turns.ask(room)
            self._close_empty()

    def _due_for_check(self) -> list[Room]:
        """Return the rooms whose turn it is, a few at a time: all at once would hold up the changes of everybody."""
        seconds = _CHECK_SECONDS if self.listening.is_set() else _CHECK_DEAF_SECONDS
        oldest = time.monotonic() - seconds
        rooms = list(self._rooms.values())
        due = sorted((room for room in rooms if room.checked_at < oldest), key=lambda room: room.checked_at)
        return due[: math.ceil(len(rooms) * _TICK_SECONDS / seconds * _HASTE)]

    def _close_empty(self) -> None:
        oldest = time.monotonic() - _KEEP_EMPTY_SECONDS
        with self._lock:
            for room in list(self._rooms.values()):
                if not room.streams and room.empty_since < oldest:
                    del self._rooms[room.organisation_id]
