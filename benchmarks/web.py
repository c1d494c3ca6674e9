"""The web server as production runs it, for benchmarks that ask it over HTTP."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.servers import Bench

_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Web:
    """A running web server: its port, and its first process, whose children do the work."""

    port: int
    process: psutil.Process

    def memory_bytes(self) -> int:
        """Return the memory that its processes use alone."""
        return sum(child.memory_full_info().uss for child in self.process.children())

    def processor_seconds(self) -> float:
        """Return the processor time that its processes have used so far."""
        return sum(sum(child.cpu_times()[:2]) for child in self.process.children())


@contextmanager
def web_server(running: Bench, workers: int = 2) -> Iterator[Web]:
    """Start gunicorn with the shipped configuration over the servers of `running`; end it afterwards."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--workers", str(workers)]
    process = subprocess.Popen(
        [*command, "--bind", f"fd://{listener.fileno()}", "wsgi:app"],
        cwd=_ROOT,
        env={**os.environ, **running.environment},
        pass_fds=[listener.fileno()],
    )
    port = listener.getsockname()[1]
    try:
        for _ in range(4 * workers):  # each process has imported everything and answered before anything is measured
            _ask(port)
        yield Web(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(30)
        listener.close()


def _ask(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"GET /stream?view=inbox HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while connection.recv(65536):
            pass
