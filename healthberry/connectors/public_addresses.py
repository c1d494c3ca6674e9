"""The one rule for hosts that somebody else chose: they are looked up once, and every address must be public.

Whoever calls such a host connects to an address that was returned here, so that a second, different answer of the name
server cannot matter. For pages: safe_fetch.py; for calls of any method: safe_transport.py; for mail: mail_servers.py.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Final

MOST_ADDRESSES: Final = 3  # of a host: more are not tried
# Addresses that carry another one inside: 6to4, NAT64, and Teredo, where what is inside decides.
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[[str, int], Sequence[str]]


class NoAddress(Exception):
    """There is no address to connect to; the message is half a sentence for people: "its address does not exist".

    `passes` says that there may be one later.
    """

    def __init__(self, reason: str, *, passes: bool = False) -> None:
        super().__init__(reason)
        self.passes = passes


class LeadsInside(NoAddress):
    """At least one address of this host is not public: nobody is connected there."""


def system_resolve(host: str, port: int) -> Sequence[str]:
    """Return every address that the system's resolver has for a host. Raises: OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def addresses(host: str, port: int, resolve: Resolve) -> Sequence[str]:
    """Return every address of a host, wherever it leads, IPv4 first. Raises: NoAddress."""
    try:
        found = list(dict.fromkeys(resolve(host, port)))
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:  # the name server, not the name
            raise NoAddress("its address could not be looked up", passes=True) from None
        found = []
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise NoAddress("its address does not exist")
    # Many machines have names for IPv6 but no way there.
    return sorted(found, key=lambda address: ":" in address)


def public_addresses(host: str, port: int, resolve: Resolve) -> Sequence[str]:
    """Return every address of a host, IPv4 first, all of them public. Raises: LeadsInside, NoAddress."""
    found = addresses(host, port, resolve)
    if not all(map(is_public, found)):
        raise LeadsInside("it leads to an address that is not public")
    return found


def is_public(text: str) -> bool:
    """Say whether an address belongs to the public internet, whatever is wrapped in it."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(one is not None and not is_public(str(one)) for one in inner):
            return False
        if address.ipv4_mapped is not None or address in _NAT64:
            return True
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
