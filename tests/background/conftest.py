"""Real background processes over the test's own database, queue, mailbox and sandbox."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg
import pytest
from click.testing import CliRunner
from flask import Flask

from healthberry.cli import commands
from healthberry.local.postgres import Database
from healthberry.settings import Settings
from tests.environment import environment_of
from tests.sandbox_server import KEYS, Sandbox

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
SWEEP_SECONDS = 1
_QUICK_SCHEDULER = f"""
import sys
from healthberry.jobs import schedule
schedule.SWEEP_SECONDS = {SWEEP_SECONDS}
from healthberry.cli import main
sys.argv[1:] = ["scheduler"]
main()
"""


@pytest.fixture
def settings(settings: Settings, sandbox: Sandbox) -> Settings:
    """The settings of the test with every channel simulated."""
    keys: dict[str, Any] = {name.lower(): value for name, value in KEYS.items()}
    return replace(settings, sandbox_url=sandbox.url, **keys)


@dataclass
class Processes:
    """Starts processes; all of them end with the test."""

    environment: dict[str, str]
    started: list["subprocess.Popen[bytes]"]

    def worker(self, *queues: str, **given: str) -> "subprocess.Popen[bytes]":
        return self._start(["worker.py", *queues], given)

    def scheduler(self, **given: str) -> "subprocess.Popen[bytes]":
        """Start the command, with a sweep every second: nearly all that these tests wait for is found by a sweep."""
        return self._start(["-c", _QUICK_SCHEDULER], given)

    def listener(self, **given: str) -> "subprocess.Popen[bytes]":
        return self._start(["-m", "healthberry.cli", "listen"], given)

    def web(self, listener: socket.socket, **given: str) -> "subprocess.Popen[bytes]":
        """Start two web processes at an open socket."""
        number = listener.fileno()
        command = ["-m", "gunicorn", "--config", "gunicorn.conf.py", "--workers", "2", "--bind", f"fd://{number}"]
        return self._start([*command, "wsgi:app"], given, [number])

    def run(self, *command: str) -> str:
        """Give `healthberry` these words, in this process: to begin another takes seconds; return what it says."""
        done = CliRunner(env=self.environment).invoke(commands, command, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    def _start(
        self, command: Sequence[str], given: Mapping[str, str], pass_fds: Sequence[int] = ()
    ) -> "subprocess.Popen[bytes]":
        environment = {**self.environment, **given}
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, pass_fds=pass_fds)
        self.started.append(process)
        return process

    def end(self) -> None:
        for process in self.started:
            for child in _children(process.pid):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            process.kill()
        for process in self.started:
            process.wait(20)


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.fixture
def processes(app: Flask, settings: Settings) -> Iterator[Processes]:
    """Start real workers, schedulers, listeners and web servers."""
    keys = {name: value for name, value in KEYS.items() if getattr(settings, name.lower(), None) == value}
    environment = environment_of(settings, SANDBOX_URL=str(settings.sandbox_url), PYTHONPATH=str(ROOT), **keys)
    made = Processes(environment, [])
    yield made
    made.end()


@dataclass
class Records:
    """Looks into the database as its owner, from outside."""

    connection: psycopg.Connection

    def all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self.connection.execute(query, values).fetchall()

    def change(self, statement: str, *values: object) -> None:
        self.connection.execute(statement, values)

    def living(self, role: str) -> list[str]:
        """Return the names of the processes of a role that live."""
        asked = "SELECT process FROM heartbeats WHERE role = %s AND ended_at IS NULL"
        return [row[0] for row in self.all(asked, role)]


@pytest.fixture
def records(database: Database) -> Iterator[Records]:
    """What stands in the database."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        yield Records(connection)


def eventually(ask: Callable[[], T], seconds: float = 60.0) -> T:
    """Ask again and again until the answer is true; return it. Other processes do not call back."""
    ends = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.05)
    return answer
