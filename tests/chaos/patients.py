"""Patients who write all the time, on every channel; what they wrote is what the sandbox says it serves at the end."""

import threading
import time
from collections.abc import Sequence
from random import Random
from uuid import UUID

import httpx

from tests.chaos.channels import Line, words, written
from tests.chaos.house import House
from tests.connectors.conftest import Sandbox

_RETURNS = 0.15  # how often somebody writes in a thread that is there already


class Patients(threading.Thread):
    """Writes so many items over the channels, evenly over a time, then ends; `wrote` counts them."""

    def __init__(self, house: House, lines: Sequence[Line], count: int, seconds: float, random: Random) -> None:
        super().__init__(name="patients", daemon=True)
        self._sandbox, self._lines, self._random = Sandbox(house.sandbox.url), lines, random
        self._google_hook = f"{house.web}/hooks/google"
        self._count, self._pause = count, seconds / max(count, 1)
        self._said: dict[UUID, list[str]] = {}
        self.ended = threading.Event()
        self.wrote = 0

    def run(self) -> None:
        """Write. What the sandbox did not answer may be there or not: it is asked at the end."""
        begins = time.monotonic()
        for number in range(self._count):
            line = self._lines[number % len(self._lines)]
            try:
                self._write(line, f"news{line.code}{line.kind.name}{number}")
            except httpx.HTTPError:
                continue
            finally:
                self.wrote += 1
            self.ended.wait(max(0.0, begins + (number + 1) * self._pause - time.monotonic()))
            if self.ended.is_set():
                break
        self._sandbox.http.close()

    def _write(self, line: Line, marker: str) -> None:
        said = self._said.setdefault(line.channel_id, [])
        fields = dict(self._random.choice(line.kind.ways))
        if line.kind.threads and said and self._random.random() < _RETURNS:
            fields["in_reply_to"] = self._random.choice(said[-20:])
        text = words(line, written(self._random, marker))
        author = f"{self._random.choice(('wren', 'robin', 'lark', 'swift'))}{self._random.randrange(500)}"
        remote_id = self._sandbox.post(line.kind.name, **line.where, text=text, author=author, **fields)
        said.append(remote_id)
        if line.kind.name == "google":
            push = {"url": self._google_hook, "remote_id": remote_id}
            self._sandbox.http.post("/control/google/push", json=push)
