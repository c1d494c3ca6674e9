"""The network for servers whose address somebody else chose: https to public addresses only.

The rules of safe_fetch.py, for calls of any method and for streams: a name is resolved first, every address is checked,
and the connection goes to a checked address, while name and certificate stay the host's. Nothing is redirected.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final

import httpx

from healthberry.connectors.safe_fetch import Resolve, is_public, system_resolve

_MOST_ADDRESSES: Final = 3
_CONNECTIONS: Final = httpx.Limits(max_connections=20, max_keepalive_connections=5)

Opened = Callable[[], httpx.BaseTransport]


def _network() -> httpx.BaseTransport:
    return httpx.HTTPTransport(limits=_CONNECTIONS, trust_env=False)


class SafeTransport(httpx.BaseTransport):
    """Refuses, as a failed connection, what does not lead to the public internet.

    `inner` opens what carries the calls, `resolve` returns every address of a host: both are replaced in tests.
    """

    def __init__(self, *, resolve: Resolve = system_resolve, inner: Opened = _network) -> None:
        self._resolve, self._inner = resolve, inner
        # One pool per host: a pool knows a connection by its address alone, and hosts may share one.
        self._pools: dict[str, httpx.BaseTransport] = {}
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one call. Raises: ConnectError, also for what is refused."""
        host = request.url.host
        if request.url.scheme != "https" or request.url.port not in (None, 443):
            raise httpx.ConnectError("only https on its standard port", request=request)
        failed = httpx.ConnectError("the name has no address", request=request)
        for address in self._checked(host, request)[:_MOST_ADDRESSES]:
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

    def _checked(self, host: str, request: httpx.Request) -> Sequence[str]:
        try:
            addresses = list(dict.fromkeys(self._resolve(host, 443)))
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError("the name could not be looked up", request=request) from error
        if not all(map(is_public, addresses)):
            raise httpx.ConnectError("the name leads to an address that is not public", request=request)
        # Many machines have names for IPv6 but no way there.
        return sorted(addresses, key=lambda address: ":" in address)

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
