"""Few at a time, the others in the order in which they came.

Requests that are all worked on at once all end late: each gets a share of the processor. In turn, the first is done
while the last still waits, and the average wait is half as long.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class InTurn:
    """At most `most` at a time.

    Who waited for `patience` seconds goes on all the same: those who have their turn may wait for the network.
    """

    def __init__(self, most: int, patience: float) -> None:
        self._most, self._patience = most, patience
        self._busy = 0
        self._waiting: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """Return how many wait for their turn."""
        return len(self._waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and give it to the next one at the end."""
        has_turn = self._await()
        try:
            yield
        finally:
            if has_turn:
                self._hand_on()

    def _await(self) -> bool:
        with self._lock:
            if self._busy < self._most:
                self._busy += 1
                return True
            called = threading.Event()
            self._waiting.append(called)
        if called.wait(self._patience):
            return True
        with self._lock:
            if called.is_set():
                return True
            self._waiting.remove(called)
            return False

    def _hand_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._busy -= 1
