"""What was asked and rendered for one organisation's open pages, so that nobody asks or renders it twice."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_LONGEST_SECONDS = 60.0  # rows say "4 min": older pieces are rendered anew
_MOST = 300


class Pieces:
    """Answers by key, each with the number of the newest change that it surely contains."""

    def __init__(self) -> None:
        self._made: dict[Hashable, tuple[int, float, Any]] = {}

    def find(self, key: Hashable, needed: int) -> Any | None:
        """Return the answer under `key` if it contains change `needed` and is fresh."""
        kept = self._made.get(key)
        if kept is None or kept[0] < needed or kept[1] < time.monotonic() - _LONGEST_SECONDS:
            return None
        return kept[2]

    def keep(self, key: Hashable, contains: int, value: Any) -> None:
        """Keep an answer that contains every change up to `contains`."""
        self._made[key] = (contains, time.monotonic(), value)

    def forget_old(self) -> None:
        """Drop what is too old to be used, and the oldest of what is too much."""
        oldest = time.monotonic() - _LONGEST_SECONDS
        kept = [item for item in list(self._made.items()) if item[1][1] > oldest]
        kept.sort(key=lambda item: item[1][1])
        self._made = dict(kept[-_MOST:])


@dataclass(frozen=True)
class Sheet:
    """One stretch of work with the pieces: whatever it asks is answered as of change `present` or later."""

    pieces: Pieces
    present: int

    def find(self, key: Hashable, needed: int) -> Any | None:
        """Return the answer kept under `key` if it contains change `needed`."""
        return self.pieces.find(key, needed)

    def keep(self, key: Hashable, value: Any) -> None:
        """Keep what was just asked or made."""
        self.pieces.keep(key, self.present, value)

    def once(self, key: Hashable, needed: int, make: Callable[[], T]) -> T:
        """Return the answer kept under `key` if it contains change `needed`; else make and keep it."""
        found: T | None = self.find(key, needed)
        if found is None:
            found = make()
            self.keep(key, found)
        return found
