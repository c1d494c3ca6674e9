"""While everything runs: say when it is ready, and notice when a server dies."""

import os
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from healthberry.local import running
from healthberry.local.postgres import LocalPostgres
from healthberry.local.valkey import LocalValkey

READY_SECONDS = 120
LOOK_SECONDS = 0.2
# Past any proxy of this machine. The standard library's, because every start waits for what it imports.
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
FIRST_STEPS = (
    "  What to try first: open HealthBerry, choose “Sign up”, pick an organisation, take the code from the mailbox.",
    "  Then write as a patient in the sandbox, and watch it appear. Ctrl-C ends everything; all data is kept.",
)


@dataclass
class Servers:
    """The private servers of one run; those that the environment names are not here."""

    postgres: LocalPostgres | None = None
    valkey: LocalValkey | None = None

    def addresses(self) -> dict[str, str]:
        """Give the settings that lead to them."""
        found: dict[str, str] = {}
        if self.postgres:
            found |= {"DATABASE_URL": self.postgres.app_url, "DATABASE_OWNER_URL": self.postgres.owner_url}
        if self.valkey:
            found["REDIS_URL"] = self.valkey.url
        return found

    def pids(self) -> frozenset[int]:
        """Give the process ids that the servers themselves end; PostgreSQL's children belong to it."""
        return frozenset(server.process.pid for server in (self.postgres, self.valkey) if server)

    def dead(self) -> str | None:
        """Name a server that has ended by itself."""
        named = {"PostgreSQL (var/postgres/postgres.log)": self.postgres, "Valkey (var/valkey/valkey.log)": self.valkey}
        return next((name for name, server in named.items() if server and server.process.poll() is not None), None)

    def stop(self) -> None:
        """Stop those that run."""
        for server in (self.valkey, self.postgres):
            if server:
                server.stop()


class Watch:
    """A thread beside the processes: announces readiness once, then looks after the servers until the end."""

    def __init__(self, addresses: Mapping[str, str], servers: Servers, folder: Path) -> None:
        """Take `addresses` as they will stand in `folder/run.json`: "web" always, "sandbox" and "mailbox" perhaps."""
        self._addresses = addresses
        self._servers = servers
        self._folder = folder
        self.problem: str | None = None

    def start(self) -> None:
        """Begin; the thread ends with the process."""
        threading.Thread(target=self._work, name="watch", daemon=True).start()

    def _work(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if time.monotonic() > deadline:
                self._end(f"{self._addresses['web']}/health was not well within {READY_SECONDS} s.")
            self._look_after_servers()
        running.write(self._folder, self._addresses)
        sys.stdout.write(_welcome(self._addresses))
        sys.stdout.flush()
        while True:
            self._look_after_servers()

    def _look_after_servers(self) -> None:
        time.sleep(LOOK_SECONDS)
        if name := self._servers.dead():
            self._end(f"{name} has stopped by itself.")

    def _end(self, problem: str) -> NoReturn:
        self.problem = problem
        os.kill(os.getpid(), signal.SIGTERM)
        sys.exit()

    def _is_ready(self) -> bool:
        pages = [self._addresses[name] for name in ("sandbox", "mailbox") if name in self._addresses]
        return all(_answers(page) for page in [*pages, f"{self._addresses['web']}/health"])


def _answers(page: str) -> bool:
    try:
        with _DIRECTLY.open(page, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _welcome(addresses: Mapping[str, str]) -> str:
    named = {"web": "HealthBerry", "sandbox": "Sandbox", "mailbox": "Mailbox"}
    about = {"web": "", "sandbox": "act as a patient here", "mailbox": "every e-mail ends up here"}
    lines = [f"  {named[name]:<12} {addresses[name]:<24} {about[name]}" for name in named if name in addresses]
    return "\n".join(["", *(line.rstrip() for line in lines), "", *FIRST_STEPS, "", ""])
