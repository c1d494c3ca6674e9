"""`healthberry listen`: follow the streams of channels that have one. Each turn is a hint: the channel is polled.

One thread for each channel waits for its provider and touches nothing of ours; all the rest happens in the one that
looks after them. One process does it for the installation, kept apart by a lock in the database; a second one waits.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from uuid import UUID

from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from healthberry import logs
from healthberry.connectors.base import Access, Connector
from healthberry.connectors.errors import Permanent, Temporary
from healthberry.core import events, processes, pushes, reading, scope
from healthberry.extensions import db, part
from healthberry.jobs import ingest
from healthberry.jobs.base import nudge_once

log = logging.getLogger(__name__)

_LOCK = 0x48420001
_LONGEST_PAUSE = 300.0
_STOOD_SECONDS = 60.0  # a stream that stood so long has not failed, however it ended

Name = tuple[UUID, UUID]


def ask_now(name: Name) -> None:
    """Have a channel polled at once."""
    organisation_id, channel_id = name
    scope.enter(organisation_id)
    asked = reading.ask_now(organisation_id, channel_id)
    events.commit()
    scope.leave()
    if asked:
        nudge_once(ingest.poll, str(organisation_id), str(channel_id))


class Stream:
    """One channel's stream, opened again and again with growing pauses, each time with its present tokens."""

    def __init__(self, connector: Connector, rung: Callable[[], None]) -> None:
        self._connector, self._rung = connector, rung
        self._thread: threading.Thread | None = None
        self._failures, self._again_at = 0, 0.0
        self._ended = False

    @property
    def may_open(self) -> bool:
        """Whether it is not open, and its pause is over."""
        return (self._thread is None or not self._thread.is_alive()) and time.monotonic() >= self._again_at

    def open(self, access: Access) -> None:
        """Follow it in a thread of its own."""
        self._thread = threading.Thread(target=self._follow, args=(access,), daemon=True, name="stream")
        self._thread.start()

    def end(self) -> None:
        """Ring no more; the connection goes with the next turn, or with the process."""
        self._ended = True

    def _follow(self, access: Access) -> None:
        began, wished, error_name = time.monotonic(), None, "ended"
        try:
            for _ in self._connector.listen(access):
                if self._ended:
                    return
                self._rung()
        except (Temporary, Permanent) as error:
            wished, error_name = getattr(error, "retry_after", None), type(error).__name__
        except Exception as error:
            error_name = type(error).__name__
            log.exception("stream.broke")
        if time.monotonic() - began > _STOOD_SECONDS:
            self._failures = 0
        pause = min(max(wished or 0.0, 2.0**self._failures), _LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 10)
        self._again_at = time.monotonic() + pause
        logs.event(log, "stream.closed", kind=self._connector.kind, why=error_name, pause_seconds=pause)


class Listener:
    """Follows every channel that has a stream; `ring` is called with a channel at most once a second."""

    def __init__(
        self,
        app: Flask,
        *,
        ring: Callable[[Name], None] = ask_now,
        look_seconds: float = 10.0,
        rest_seconds: float = 1.0,
    ) -> None:
        self._app, self._ring = app, ring
        self._process = processes.Process.new("listener")
        self._look_seconds, self._rest_seconds = look_seconds, rest_seconds
        self._streams: dict[Name, Stream] = {}
        self._bell = threading.Event()
        self._rung: set[Name] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def end(self) -> None:
        """Let `run` return soon; may be called from a signal handler or another thread."""
        self._ended.set()
        self._bell.set()

    def run(self) -> None:
        """Follow until `end`; wait while another process does it, and go on once the database is back."""
        with self._app.app_context():
            while not self._ended.is_set():
                try:
                    self._turn()
                except SQLAlchemyError as error:
                    logs.event(log, "listener.database_away", logging.WARNING, error=type(error).__name__)
                    scope.leave()
                self._ended.wait(self._look_seconds)
            with contextlib.suppress(SQLAlchemyError):
                processes.end(self._process)
                events.commit()

    def _turn(self) -> None:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as door:
            door.detach()  # the lock lives as long as this connection, which nobody else may be given
            if not door.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
                return
            try:
                while not self._ended.is_set():
                    self._look(door)
                    self._ring_until(time.monotonic() + self._look_seconds)
            finally:
                for stream in self._streams.values():
                    stream.end()
                self._streams.clear()

    def _look(self, door: Connection) -> None:
        """Open what is new or may be tried again, let go what is no longer linked, and say that we live."""
        door.execute(text("SELECT 1"))  # raises where the lock is lost
        kinds = [connector.kind for connector in part("connectors") if connector.capabilities.streams]
        wanted = pushes.listening(kinds)
        processes.beat(self._process)
        events.commit()
        for name in self._streams.keys() - set(wanted):
            self._streams.pop(name).end()
        for name, kind in wanted.items():
            stream = self._streams.get(name)
            if stream is None:
                stream = self._streams[name] = Stream(part("connectors").get(kind), self._ringer(name))
            if stream.may_open:
                self._open(name, stream)
        scope.leave()

    def _open(self, name: Name, stream: Stream) -> None:
        access = pushes.reach(*name).access
        events.commit()
        stream.open(access)

    def _ringer(self, name: Name) -> Callable[[], None]:
        def rung() -> None:
            with self._lock:
                self._rung.add(name)
            self._bell.set()

        return rung

    def _ring_until(self, end: float) -> None:
        """Ring for those whose streams turned, then rest: a busy stream has its channel asked once in a while."""
        while not self._ended.is_set() and (left := end - time.monotonic()) > 0:
            if not self._bell.wait(left):
                return
            self._bell.clear()
            with self._lock:
                rung, self._rung = self._rung & self._streams.keys(), set()
            for name in rung:
                self._ring(name)
            self._ended.wait(self._rest_seconds)
