"""The network for servers whose address somebody else chose: https to public addresses only, nothing redirected.

For calls of any method and for streams. The connection goes to an address that public_addresses.py has checked, while
name and certificate stay the host's.
"""

from collections.abc import Callable
from threading import Lock
from typing import Final

import httpx

from healthberry.connectors.certificates import certificates
from healthberry.connectors.public_addresses import (
    MOST_ADDRESSES,
    NoAddress,
    Resolve,
    public_addresses,
    system_resolve,
)

_PORT: Final = 443
_CONNECTIONS: Final = httpx.Limits(max_connections=20, max_keepalive_connections=5)

Opened = Callable[[], httpx.BaseTransport]


class Refused(httpx.ConnectError):
    """No connection was tried; the message is half a sentence for people. `passes`: it may be possible later."""

    def __init__(self, reason: str, request: httpx.Request, *, passes: bool = False) -> None:
        super().__init__(reason, request=request)
        self.passes = passes


def _network() -> httpx.BaseTransport:
    return httpx.HTTPTransport(verify=certificates(), limits=_CONNECTIONS, trust_env=False)


class SafeTransport(httpx.BaseTransport):
    """Refuses, as a failed connection, what does not lead to the public internet.

    What lies below the address `allowed` (the sandbox) is not checked. `inner` opens what carries the calls, `resolve`
    returns every address of a host: both are replaced in tests.
    """

    def __init__(
        self, *, allowed: str | None = None, resolve: Resolve = system_resolve, inner: Opened = _network
    ) -> None:
        self._allowed, self._resolve, self._inner = allowed, resolve, inner
        # One pool per host: a pool knows a connection by its address alone, and hosts may share one.
        self._pools: dict[str, httpx.BaseTransport] = {}
        self._lock = Lock()

    def is_allowed(self, url: str) -> bool:
        """Say whether an address lies below the one that is not checked."""
        return self._allowed is not None and url.startswith(self._allowed + "/") and ".." not in url

    def check(self, host: str) -> None:
        """Look a host up, and connect to nobody. Raises: NoAddress."""
        public_addresses(host, _PORT, self._resolve)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one call. Raises: ConnectError, of which Refused is one."""
        host = request.url.host
        if self.is_allowed(str(request.url)):
            return self._pool(host).handle_request(request)
        if request.url.scheme != "https" or request.url.port not in (None, _PORT):
            raise Refused("it is not https on its standard port", request)
        try:
            checked = public_addresses(host, _PORT, self._resolve)
        except NoAddress as none:
            raise Refused(str(none), request, passes=none.passes) from none
        for address in checked[:MOST_ADDRESSES]:
            try:
                return self._pool(host).handle_request(_to(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = httpx.ConnectError(str(error), request=request)
        raise failed

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()

    def _pool(self, host: str) -> httpx.BaseTransport:
        with self._lock:
            if host not in self._pools:
                self._pools[host] = self._inner()
            return self._pools[host]


def _to(request: httpx.Request, host: str, address: str) -> httpx.Request:
    """Return the same call to an address; `Host` stays as it was built, and the certificate has to be the host's."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
