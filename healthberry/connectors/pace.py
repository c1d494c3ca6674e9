"""How fast a provider may be asked."""

import time
from collections.abc import Callable
from threading import Lock


class Pace:
    """Keep calls of this process at most `per_second`: `wait` returns when the next one may start."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1 / per_second
        self._clock, self._sleep = clock, sleep
        self._lock = Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Sleep until it is this caller's turn."""
        with self._lock:
            turn = max(self._next, self._clock())
            self._next = turn + self._gap
        if (pause := turn - self._clock()) > 0:
            self._sleep(pause)
