"""A whole installation that may die in parts: databases, web, workers, clock, listener, mail server; and the sandbox.

The sandbox is the world outside: it is never killed, it only misbehaves when it is told to.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from cryptography.fernet import Fernet
from flask import Flask
from flask_migrate import upgrade

from healthberry import create_app
from healthberry.extensions import db
from healthberry.local.postgres import DATABASE, SUPERUSER
from healthberry.local.sockets import free_port
from healthberry.local.tether import tethered
from healthberry.settings import Settings
from tests.chaos.programs import ROOT, Bell, Database, Mortal, Program, wait_until
from tests.connectors.conftest import KEYS, Sandbox

_SANDBOX = {
    "SANDBOX_SEED_ITEMS": "0",
    "SANDBOX_LIFE_SECONDS": "0",
    "SANDBOX_RATE_LIMITS": "off",
    "SANDBOX_LATENCY_SECONDS": "0",
    "SANDBOX_CAREOPINION_DELAY_SECONDS": "0",
    "SANDBOX_NHSUK_DELAY_SECONDS": "0",
    "SANDBOX_GOOGLE_DELAY_SECONDS": "0",
    "SANDBOX_STRAY_EVERY": "0",
    "SANDBOX_DATA": "",
}
_START_SECONDS = 180  # where many others work on the same machine
WORKERS = ("worker.1", "worker.2", "sender")


@dataclass
class House:
    """What runs, by name; `app` is the application in this process, over the same servers."""

    folder: Path
    web: str
    mail_log: Path
    environment: Mapping[str, str]
    sandbox: Sandbox
    database: Database
    bell: Bell
    programs: Mapping[str, Program]
    app: Flask
    started_again: dict[str, int] = field(default_factory=dict)

    def mortals(self) -> Mapping[str, Mortal]:
        """Return all that may be killed."""
        return {"postgres": self.database, "valkey": self.bell, **self.programs}

    def look_after(self, *, killed: str = "") -> None:
        """Start again what was `killed`, and what ended by itself, as whoever runs services does; count the latter."""
        for name, one in self.mortals().items():
            if one.ended():
                if name != killed:
                    self.started_again[name] = self.started_again.get(name, 0) + 1
                one.start()

    def sleep(self, seconds: float) -> None:
        """Wait, and look after all meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, 0.25))
            self.look_after()

    def wait(self, true: Callable[[], bool], seconds: float, what: str) -> None:
        """Look after all until something is so. Raises: TimeoutError."""

        def look() -> bool:
            self.look_after()
            return true()

        wait_until(look, seconds, what)

    def connect(self) -> psycopg.Connection:
        """Return a connection that sees every organisation. Raises: psycopg.OperationalError while it is down."""
        address = self.database.running.url(SUPERUSER, DATABASE)
        return psycopg.connect(address, autocommit=True, connect_timeout=5)

    def knows(self) -> bool:
        """Say whether the database serves: killed connections have it recover for a moment."""
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def all_awake(self) -> bool:
        """Say whether every background process that runs now has told the database that it lives."""
        try:
            with self.connect() as connection:
                heard = [row[0] for row in connection.execute("SELECT process FROM heartbeats")]
        except psycopg.OperationalError:
            return False
        pids = [self.programs[name].pid for name in (*WORKERS, "scheduler", "listener")]
        return self.answers() and all(any(f"-{pid}-" in one for one in heard) for pid in pids)

    def answers(self) -> bool:
        """Say whether the web server serves."""
        try:
            return httpx.get(f"{self.web}/health", timeout=5, trust_env=False).status_code in (200, 503)
        except httpx.HTTPError:
            return False


@contextmanager
def house(more: Mapping[str, str] | None = None) -> Iterator[House]:
    """Start all of it on free ports over new data; end and delete all of it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="healthberry-chaos-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    database, bell = Database(folder / "postgres"), Bell(folder / "valkey")
    programs: dict[str, Program] = {}
    sandbox_process = None
    try:
        sandbox_process, url = _sandbox(folder)
        database.start()
        bell.start()
        environment, web, mail_log = _environment(folder, database, bell, url, more or {})
        app = create_app(Settings.from_env(environment))
        with app.app_context():
            upgrade()
            db.engine.dispose()
        programs |= _programs(environment, folder, mail_log)
        for one in programs.values():
            one.start()
        running = House(folder, web, mail_log, environment, Sandbox(url), database, bell, programs, app)
        wait_until(running.answers, _START_SECONDS, f"the web server answers; {programs['web'].last_words()}")
        yield running
    finally:
        for one in programs.values():
            one.kill()
        if bell.started:
            bell.kill()
        database.remove()
        if sandbox_process is not None:
            sandbox_process.kill()
            sandbox_process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _environment(
    folder: Path, database: Database, bell: Bell, sandbox: str, more: Mapping[str, str]
) -> tuple[dict[str, str], str, Path]:
    web_port = free_port(0)
    mail_port = free_port(0, avoid=frozenset({web_port}))
    web = f"http://127.0.0.1:{web_port}"
    return (
        {
            **KEYS,
            "DATABASE_URL": database.running.app_url,
            "DATABASE_OWNER_URL": database.running.owner_url,
            "REDIS_URL": bell.running.url,
            "MAIL_URL": f"smtp://127.0.0.1:{mail_port}",
            "MAIL_FROM": "HealthBerry <healthberry@example.org>",
            "SECRET_KEY": "only-for-tests-" + "x" * 32,
            "CHANNEL_KEYS": Fernet.generate_key().decode(),
            "PUBLIC_URL": web,
            "SANDBOX_URL": sandbox,
            "WEB_BIND": f"127.0.0.1:{web_port}",
            "WEB_WORKERS": "2",
            "X_STREAM": "on",
            "PAGES_FIRST": "off",  # a busy machine must not decide how long the work takes
            "LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(ROOT),
            **more,
        },
        web,
        folder / "mails.jsonl",
    )


def _programs(environment: Mapping[str, str], folder: Path, mail_log: Path) -> dict[str, Program]:
    port = environment["MAIL_URL"].rpartition(":")[2]
    commands = {
        "mail": ["-m", "tests.chaos.sink", "--port", port, "--log", str(mail_log)],
        "web": ["-m", "gunicorn", "--config", "gunicorn.conf.py", "wsgi:app"],
        **{name: ["worker.py"] for name in WORKERS[:2]},
        "sender": ["worker.py", "replies", "alerts"],
        "scheduler": ["-m", "healthberry.cli", "scheduler"],
        "listener": ["-m", "healthberry.cli", "listen"],
    }
    return {name: Program(name, command, environment, folder) for name, command in commands.items()}


def _sandbox(folder: Path) -> tuple["subprocess.Popen[bytes]", str]:
    said = folder / "sandbox.log"
    command = tethered([sys.executable, "-m", "healthberry.sandbox", "--port", "0"])
    with said.open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **KEYS, **_SANDBOX, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log
        )
    wait_until(lambda: "ready http" in said.read_text(), 60, "the sandbox is ready", pause=0.05)
    found = re.search(r"ready (http://\S+)", said.read_text())
    assert found is not None
    return process, found[1]
