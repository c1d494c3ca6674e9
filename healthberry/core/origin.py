"""Where what is done now comes from: said once by the edge (a request, a command), read by whoever writes it down.

Addresses are cut before they are kept: IPv4 to its first 24 bits, IPv6 to its first 48. That tells a site from another
continent, not one person's machine from the next.
"""

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """The network that a request came from and the request's id; "" where there is none.

    `named` says what its browser is called: asked only where that is wanted, for few requests do.
    """

    network: str = ""
    request_id: str = ""
    named: Callable[[], str] = str

    @property
    def browser(self) -> str:
        """Return the browser in words, "" where there is none."""
        return self.named()


_NOWHERE = Origin()
_present: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)


def come_from(address: str | None, request_id: str = "", named: Callable[[], str] = str) -> None:
    """Say where everything further in this request comes from."""
    _present.set(Origin(network(address or ""), request_id, named))


def forget() -> None:
    """Begin anew: what follows comes from nowhere."""
    _present.set(_NOWHERE)


def present() -> Origin:
    """Return where what is done now comes from."""
    return _present.get()


def network(address: str) -> str:
    """Return the network of an address, such as "192.0.2.0/24"; "" for what is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.IPv6Network((int(found), 48), strict=False))
    four = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else found
    return str(ipaddress.IPv4Network((int(four or 0), 24), strict=False))
