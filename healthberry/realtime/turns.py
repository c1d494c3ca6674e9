"""Work on rooms by a few workers: each room by one at a time, and once more if something came meanwhile."""

import queue
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Turns(Generic[T]):
    """Things that wait for their turn; asking twice for the same thing is asking once."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._queued: set[T] = set()
        self._worked_on: set[T] = set()
        self._again: set[T] = set()

    def ask(self, thing: T) -> None:
        """Let somebody work on `thing`, after whoever does so now."""
        with self._lock:
            if thing in self._worked_on:
                self._again.add(thing)
            elif thing not in self._queued:
                self._queued.add(thing)
                self._waiting.put(thing)

    def serve(self, work: Callable[[T], None]) -> None:
        """Work on one thing after the other, until `close` is called. `work` must not raise."""
        while (thing := self._waiting.get()) is not None:
            with self._lock:
                self._queued.discard(thing)
                self._worked_on.add(thing)
            try:
                work(thing)
            finally:
                self._done(thing)

    def close(self) -> None:
        """Let one `serve` return."""
        self._waiting.put(None)

    def _done(self, thing: T) -> None:
        with self._lock:
            self._worked_on.discard(thing)
            if thing in self._again:
                self._again.discard(thing)
                self._queued.add(thing)
                self._waiting.put(thing)
