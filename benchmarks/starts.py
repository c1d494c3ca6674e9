"""`make run` in a folder of its own: from the command to "What to try first", for the first time and again.

The first start makes both databases, migrates and loads the register. Python packages and front-end assets are
installed already: what they add depends on the network and its caches.
"""

import dataclasses
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Figure
from healthberry.local.options import RunOptions
from healthberry.local.plan import PORTS
from healthberry.local.sockets import free_port
from healthberry.sandbox import config as sandbox
from healthberry.settings import Settings

FIRST_SECONDS, LATER_SECONDS = 180.0, 10.0
_ROOT = Path(__file__).resolve().parent.parent


def main() -> list[Figure]:
    """Start everything twice over the same data."""
    with tempfile.TemporaryDirectory(prefix="healthberry-bench-run-") as name:
        Path(name).chmod(0o711)  # the database's own user must be able to pass through
        environment = _environment(Path(name) / "var")
        first, later = (_start(environment) for _ in range(2))
    note = "packages and assets installed beforehand"
    return [
        Figure("make run: first start", first, "s", FIRST_SECONDS, note=note),
        Figure("make run: later start, all data kept", later, "s", LATER_SECONDS),
    ]


def _environment(folder: Path) -> dict[str, str]:
    """Empty every setting, so that a `.env` leads nowhere, and keep away from the ports of a run beside this one."""
    names = [field.name.upper() for kind in (Settings, RunOptions) for field in dataclasses.fields(kind)]
    ports: dict[str, str] = {}
    for name in PORTS:
        ports[name] = str(free_port(0, avoid=frozenset(map(int, ports.values()))))
    clean = dict.fromkeys([*names, *sandbox.documented(), "MAKELEVEL"], "")
    return {**os.environ, **clean, **ports, "VAR_FOLDER": str(folder)}


def _start(environment: dict[str, str]) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "healthberry.local.run"]
    process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "What to try first" in line:
            break
    took = time.perf_counter() - began
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0, "".join(said)
    return took
