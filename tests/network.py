"""The wall around the tests: sockets reach this machine alone."""

import ipaddress
import socket
import sys
from typing import Any


class LeftThisMachine(Exception):
    """A test tried to reach another machine."""


def stay_on_this_machine() -> None:
    """Refuse every connection, datagram and name look-up that leaves this machine; cannot be undone."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        # Unix sockets are addressed by text or bytes, the Internet by tuples.
        if isinstance(address, tuple) and not _is_local(address[0]):
            raise LeftThisMachine(f"tests stay on this machine, but this one wanted to reach {address!r}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and not _is_local(arguments[0]):
        if str(arguments[0]).endswith(".invalid"):  # names that never exist, by RFC 6761
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        raise LeftThisMachine(f"tests stay on this machine, but this one wanted to look up {arguments[0]!r}")


def _is_local(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost", socket.gethostname()) or name.endswith(".localhost"):
        return True
    try:
        found = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified
