"""How far it is, for whoever waits: a line every two seconds, on standard error."""

import time
from collections.abc import Callable

_EVERY_SECONDS = 2.0


class Progress:
    """Says what is being done; `say` takes one line."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._last = time.monotonic()
        self._doing, self._rows = "", 0

    def begin(self, doing: str) -> None:
        """Begin something that takes its time, such as "Reading"; rows are counted anew."""
        self._doing, self._rows = doing, 0
        self._say(f"{doing} …")
        self._last = time.monotonic()

    def rows(self, table: str, count: int) -> None:
        """Count rows of `table`; says so now and then."""
        self._rows += count
        if time.monotonic() - self._last >= _EVERY_SECONDS:
            self._say(f"{self._doing}: {table}, {self._rows:,} rows so far")
            self._last = time.monotonic()
