"""Kills at random moments, and starts again what was killed. Everything here happens in the main thread."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from tests.chaos.house import WORKERS, House

# How often each is killed; every one of them once before the rest is left to chance.
_OFTEN = {
    "worker": 26,
    "job": 14,
    "web": 10,
    "web worker": 10,
    "scheduler": 7,
    "listener": 6,
    "valkey": 8,
    "postgres": 7,
    "connections": 6,
    "mail": 6,
}
_CHILDREN = ("job", "web worker", "connections")  # what one of them started dies, and it goes on
_PARTS = {"web worker": "web", "connections": "postgres"}


class Reaper:
    """Kills one after the other, with pauses of about `pause` seconds."""

    def __init__(self, house: House, pause: float, random: Random) -> None:
        self._house, self._pause, self._random = house, pause, random
        self._next = self._victims()
        self.killed: Counter[str] = Counter()
        self.moments: list[tuple[float, str]] = []

    @property
    def kills(self) -> int:
        """How many there were."""
        return sum(self.killed.values())

    def reap(self, enough: Callable[[], bool]) -> None:
        """Go on killing until it is enough."""
        while not enough():
            self._house.sleep(self._random.uniform(0.3, 1.7) * self._pause)
            self.strike(next(self._next))

    def strike(self, victim: str) -> None:
        """Kill one, and start it again a moment later."""
        began = time.time()
        if not (killed := self._kill(victim)):
            return
        self.killed[victim] += 1
        self.moments.append((began, victim))
        time.sleep(self._random.uniform(0.0, 0.5))
        self._house.look_after(killed=killed)

    def _kill(self, victim: str) -> str:
        """Kill; return the name of what died, "" where there was nothing to kill."""
        name = self._random.choice(WORKERS) if victim in ("worker", "job") else _PARTS.get(victim, victim)
        one = self._house.mortals()[name]
        if victim in _CHILDREN:
            return name if one.kill_children() else ""
        one.kill()
        return name

    def _victims(self) -> Iterator[str]:
        once = list(_OFTEN)
        self._random.shuffle(once)
        yield from once
        while True:
            yield self._random.choices(list(_OFTEN), weights=list(_OFTEN.values()))[0]
