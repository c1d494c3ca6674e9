"""Lines over TCP: what IMAP and SMTP share, and the servers that speak them beside the web server."""

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from typing import Any

from healthberry.sandbox.faults import EARLY, Fault
from healthberry.sandbox.state import Sandbox

_CHUNK = 65536
_LARGEST = 64_000_000


class HungUp(Exception):
    """The line is dead, or is to be cut on purpose."""


class Wire:
    """A connection that is read by lines and by numbers of bytes."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket, self._buffer = opened, b""

    def line(self, seconds: float | None = None) -> bytes | None:
        """Return the next line without its end; None when nothing comes within `seconds`. Raises: HungUp."""
        while b"\n" not in self._buffer:
            if not self._more(seconds):
                return None
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def exactly(self, number: int) -> bytes:
        """Return so many bytes. Raises: HungUp."""
        if number > _LARGEST:
            raise HungUp
        while len(self._buffer) < number:
            self._more(None)
        taken, self._buffer = self._buffer[:number], self._buffer[number:]
        return taken

    def send(self, data: bytes) -> None:
        """Send bytes. Raises: HungUp."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise HungUp from error

    def say(self, text: str) -> None:
        """Send a line."""
        self.send(text.encode("utf-8", "replace") + b"\r\n")

    def _more(self, seconds: float | None) -> bool:
        try:
            self._socket.settimeout(seconds)
            data = self._socket.recv(_CHUNK)
        except TimeoutError:
            return False
        except OSError as error:
            raise HungUp from error
        if not data or len(self._buffer) > _LARGEST:
            raise HungUp
        self._buffer += data
        return True


Talk = Callable[[Sandbox, Wire], None]


class MailServer(socketserver.ThreadingTCPServer):
    """Listens in the background; `talk` is one connection. The port that it had before is taken again if it is free."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, sandbox: Sandbox, name: str, host: str, talk: Talk) -> None:
        self.sandbox, self.talk = sandbox, talk
        kept = sandbox.store.value("SELECT value FROM meta WHERE name = ?", f"{name}_port")
        try:
            super().__init__((host, int(kept or 0)), _Connection)
        except OSError:
            super().__init__((host, 0), _Connection)
        self.port: int = self.server_address[1]
        sandbox.store.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", f"{name}_port", str(self.port))
        threading.Thread(target=self.serve_forever, args=(0.03,), name=name, daemon=True).start()

    def end(self) -> None:
        """Take no further connection."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients hang up in every way there is."""


class _Connection(socketserver.BaseRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(HungUp):
            self.server.talk(self.server.sandbox, Wire(self.request))


def struck(sandbox: Sandbox, operation: str, path: str) -> Fault | None:
    """Count a call, wait as the settings say, and return the fault that strikes it."""
    sandbox.counts[f"email.{path}"] += 1
    if sandbox.settings.latency_seconds:
        time.sleep(sandbox.settings.latency_seconds)
    return sandbox.faults.take("email", operation, listing=False, path=path)


def is_early(fault: Fault | None) -> bool:
    """Say whether a fault strikes before anything happens."""
    return fault is not None and fault.kind in EARLY
