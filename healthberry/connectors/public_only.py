"""A way into the network that leads to public addresses only, for calls to where somebody else chose.

Names are resolved first, every address is checked, and the connection goes to a checked address, so that a second,
different answer of the name server cannot matter.
"""

import socket
from collections.abc import Sequence
from typing import Final

import httpx

from healthberry.connectors.safe_fetch import FetchFailed, Resolve, is_public, system_resolve

_PORTS: Final = {"https": 443, "http": 80}


class PublicOnly(httpx.BaseTransport):
    """Reaches public addresses through `inner`; what lies below the address `allowed` (the sandbox) is not checked."""

    def __init__(
        self,
        inner: httpx.BaseTransport | None = None,
        *,
        allowed: str | None = None,
        resolve: Resolve = system_resolve,
    ) -> None:
        self._inner, self._allowed, self._resolve = inner, allowed, resolve

    def is_allowed(self, url: str) -> bool:
        """Say whether an address lies below the one that is not checked."""
        return self._allowed is not None and url.startswith(self._allowed + "/") and ".." not in url

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the checked addresses of a host, IPv4 first. Raises: FetchFailed."""
        try:
            found = list(dict.fromkeys(self._resolve(host, port)))
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:  # the name server, not the name
                raise FetchFailed("its address could not be looked up", passes=True) from None
            found = []
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise FetchFailed("its address does not exist")
        if not all(map(is_public, found)):
            raise FetchFailed("it leads to an address that is not public")
        return sorted(found, key=lambda one: ":" in one)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request to a checked address; name and certificate stay the host's. Raises: FetchFailed."""
        if not self.is_allowed(str(request.url)):
            host = request.url.host
            address = self.addresses(host, request.url.port or _PORTS.get(request.url.scheme, 443))[0]
            request.extensions = {**request.extensions, "sni_hostname": host}
            request.url = request.url.copy_with(host=address)
        if self._inner is None:
            self._inner = httpx.HTTPTransport()
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the way beneath."""
        if self._inner is not None:
            self._inner.close()
