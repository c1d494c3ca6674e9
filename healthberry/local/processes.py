"""Run the processes of the Procfile together: honcho starts and ends them, with a file for each one's lines.

Ends when one of them ends, or on SIGTERM or SIGINT; then the others get SIGTERM, and SIGKILL five seconds later.
"""

import multiprocessing
import os
import re
import shlex
import signal
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from honcho.environ import parse_procfile
from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Message, Printer

from healthberry.local.orphans import Orphans, adopt_orphans
from healthberry.local.tether import die_with_starter, tethered

REMEMBERED_LINES = 15
SHOWN_CHARACTERS = 160
LOG_BYTES = 10_000_000
STARTED, STOPPED = re.compile(r"(\S+) started"), re.compile(r"(\S+) stopped \(rc=(-?\d+)\)")


class Logs(Printer):  # type: ignore[misc]  # honcho has no types
    """Writes each process's lines to its own file, shows them shortened, and remembers who ended first."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        super().__init__(sys.stdout)
        folder.mkdir(exist_ok=True, mode=0o700)
        self._files = {name: _log_file(folder / f"{name}.log") for name in names}
        self._last: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=REMEMBERED_LINES))
        self._waiting_for = set(names)
        self.when_started: Callable[[], None] = lambda: None
        self.first_to_end: str | None = None
        self.asked_to_end = False

    def write(self, message: Message) -> None:
        """Take one message of honcho."""
        text = message.data.decode("utf-8", "replace") if isinstance(message.data, bytes) else message.data
        if message.name == SYSTEM_PRINTER_NAME:
            self._note(text)
            return
        for line in text.splitlines():
            self._files[message.name].write(f"{message.time:%Y-%m-%d %H:%M:%S} {line}\n")
            self._last[message.name].append(line)
            super().write(message._replace(data=line[:SHOWN_CHARACTERS]))

    def _note(self, text: str) -> None:
        if "received" in text:
            self.asked_to_end = True
        if stopped := STOPPED.match(text):
            self.first_to_end = self.first_to_end or f"{stopped[1]} ended with exit code {stopped[2]}"
        if started := STARTED.match(text):
            self._waiting_for.discard(started[1])
            if self.all_started:
                self.when_started()

    @property
    def all_started(self) -> bool:
        """Whether honcho knows the process id of every process."""
        return not self._waiting_for

    def last_words(self) -> str:
        """Give the last lines of the process that ended first."""
        name = (self.first_to_end or "").partition(" ")[0]
        return "\n".join(self._last[name])

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()


class Together(Manager):  # type: ignore[misc]  # honcho has no types
    """honcho's manager, which may also be told to end while it is still starting."""

    def __init__(self, logs: Logs, when_started: Callable[[], None]) -> None:
        super().__init__(printer=logs)
        self._logs = logs
        self._go_on = when_started
        logs.when_started = self._all_started_now

    def terminate(self) -> None:
        """End all processes, or as soon as all have begun: honcho can end only those whose id it knows."""
        if self._logs.all_started:
            super().terminate()

    def _all_started_now(self) -> None:
        # What goes on may start threads; those must not live while processes are forked.
        if self._logs.asked_to_end:
            self.terminate()
        else:
            self._go_on()


def _log_file(path: Path) -> TextIO:
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.rename(path.with_suffix(".old.log"))
    return path.open("a", buffering=1)


def run(
    procfile: Path,
    environment: Mapping[str, str],
    counts: Mapping[str, int],
    logs_folder: Path,
    when_started: Callable[[], None],
    spared: frozenset[int] = frozenset(),
) -> str | None:
    """Run until asked to end or until one process ends by itself; give the sentence that says which, else None.

    `counts` says how many of each process there are; 0 leaves one out. `when_started` is called once all were
    started, which is earlier than ready. `spared` are processes beside them that are not to be touched. Call it once
    in a process, from the main thread.
    """
    adopt_orphans()
    multiprocessing.set_start_method("fork", force=True)
    os.register_at_fork(after_in_child=lambda: die_with_starter(signal.SIGKILL))
    commands = _commands(procfile, counts)
    logs = Logs(logs_folder, list(commands))
    orphans = Orphans(spared)

    def go_on() -> None:
        orphans.start()
        when_started()

    manager = Together(logs, go_on)
    for name, command in commands.items():
        manager.add_process(name, _tied(command), env=dict(environment))
    try:
        manager.loop()
    finally:
        logs.close()
    if logs.asked_to_end:
        return None
    return f"{logs.first_to_end}. Its last lines:\n{logs.last_words()}"


def _commands(procfile: Path, counts: Mapping[str, int]) -> dict[str, str]:
    """Give every process's name and command; several of one kind are numbered."""
    found: dict[str, str] = {}
    for name, command in parse_procfile(procfile.read_text()).processes.items():
        count = counts.get(name, 1)
        found |= {name if count == 1 else f"{name}.{number}": command for number in range(1, count + 1)}
    return found


def _tied(command: str) -> str:
    return f"exec {shlex.join(tethered(['/bin/sh', '-c', command]))}"
