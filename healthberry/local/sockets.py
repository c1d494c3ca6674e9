"""Short private places for Unix sockets, whose paths have little room, and free TCP ports."""

import hashlib
import os
import socket
import stat
import tempfile
from pathlib import Path

# The shortest limit of the systems we know (macOS) with the closing NUL; Linux has 108.
LONGEST_PATH = 103


def socket_folder(folder: Path, name: str) -> Path:
    """Give a folder where a socket called `name` fits: `folder` itself, else a private one in the temporary folder.

    Raises: PermissionError when someone else made that private folder first.
    """
    if len(os.fsencode(folder.resolve() / name)) <= LONGEST_PATH:
        return folder.resolve()
    token = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"hb-{os.geteuid()}-{token}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(f"{short} belongs to someone else")
    return short


def free_port(wanted: int, host: str = "127.0.0.1", avoid: frozenset[int] = frozenset()) -> int:
    """Give `wanted` if nobody listens there and it is not in `avoid`, else any free port of `host`."""
    if wanted and wanted not in avoid and _can_bind(host, wanted):
        return wanted
    while True:
        with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
            port: int = probe.getsockname()[1]
        if port not in avoid:
            return port


def _can_bind(host: str, port: int) -> bool:
    with socket.socket(_family(host), socket.SOCK_STREAM) as probe:
        # As the servers do: a port whose last connections still linger is not taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
