"""What is killed and started again: one class for all, whether it is a program of ours, PostgreSQL or Valkey.

Programs end with the harness, however that ends: they are tied to its main thread, which alone starts them.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import psutil

from healthberry.local import postgres, valkey
from healthberry.local.postgres import LocalPostgres
from healthberry.local.tether import tethered

ROOT = Path(__file__).resolve().parents[2]
_GONE_SECONDS = 30


class Mortal(Protocol):
    """Something that can be killed and started again."""

    name: str

    def start(self) -> None:
        """Start it, from the main thread."""

    def kill(self) -> None:
        """Kill it and all its children with SIGKILL, and wait until they are gone."""

    def kill_children(self) -> int:
        """Kill what it started; return how many these were."""

    def ended(self) -> bool:
        """Say whether it does not run (any more)."""


def kill_family(pid: int, *, children_only: bool = False) -> int:
    """Kill a process of ours and what it started, wait until they are gone; return how many there were."""
    with contextlib.suppress(psutil.NoSuchProcess):
        head = psutil.Process(pid)
        family = head.children(recursive=True) if children_only else [head, *head.children(recursive=True)]
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(family, timeout=_GONE_SECONDS)
        return len(family)
    return 0


class Program:
    """One of our processes; its output goes to a file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._command, self._environment = list(command), {**os.environ, **environment}
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 before the first start."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it; it may take seconds until it does anything."""
        command = tethered([sys.executable, *self._command])
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """Kill it with its children."""
        kill_family(self.pid)
        self._reap()

    def kill_children(self) -> int:
        """Kill what it started: the job at hand, one web worker; return how many these were."""
        return kill_family(self.pid, children_only=True)

    def ended(self) -> bool:
        """Say whether it ended by itself."""
        return self._process is None or self._process.poll() is not None

    def last_words(self) -> str:
        """Return the end of what it wrote."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:]) if self._log.exists() else ""

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait(_GONE_SECONDS)


class Database:
    """PostgreSQL, which writes everything to disk: what it said yes to is there after it was killed."""

    name = "postgres"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.server: LocalPostgres | None = None

    @property
    def running(self) -> LocalPostgres:
        """The server."""
        assert self.server is not None
        return self.server

    def start(self) -> None:
        """Start it over the same data; return once it answers."""
        self.server = postgres.start(self._folder, durable=True)

    def kill(self) -> None:
        """Kill it with all its connections."""
        kill_family(self.running.process.pid)
        self.running.process.wait(_GONE_SECONDS)

    def kill_children(self) -> int:
        """Kill every connection: the server then recovers by itself."""
        return kill_family(self.running.process.pid, children_only=True)

    def ended(self) -> bool:
        """Say whether it ended by itself."""
        return self.running.process.poll() is not None

    def remove(self) -> None:
        """Delete everything."""
        if self.server is not None:
            self.server.remove()


class Bell:
    """Valkey, which keeps nothing: it is empty whenever it was killed."""

    name = "valkey"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: valkey.LocalValkey | None = None

    @property
    def started(self) -> bool:
        """Whether it was ever started."""
        return self._server is not None

    @property
    def running(self) -> valkey.LocalValkey:
        """The server."""
        assert self._server is not None
        return self._server

    def start(self) -> None:
        """Start it; return once it answers."""
        self._server = valkey.start(self._folder, durable=False)

    def kill(self) -> None:
        """Kill it."""
        kill_family(self.running.process.pid)
        self.running.process.wait(_GONE_SECONDS)

    def kill_children(self) -> int:
        """Kill nothing: it has none."""
        return 0

    def ended(self) -> bool:
        """Say whether it ended by itself."""
        return self.running.process.poll() is not None


def wait_until(true: Callable[[], bool], seconds: float, what: str, pause: float = 0.1) -> None:
    """Ask again and again. Raises: TimeoutError."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)
