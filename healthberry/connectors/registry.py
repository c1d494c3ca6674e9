"""All connectors of this installation: the only list of kinds."""

from collections.abc import Iterator, Sequence

import httpx

from healthberry.connectors.base import Connector
from healthberry.connectors.careopinion import CareOpinion
from healthberry.connectors.endpoints import Credentials as Credentials
from healthberry.connectors.endpoints import Endpoints as Endpoints
from healthberry.connectors.endpoints import endpoints as endpoints
from healthberry.connectors.fft import Fft
from healthberry.connectors.http import Pace
from healthberry.connectors.nhsuk import NhsUk
from healthberry.connectors.paper import Paper
from healthberry.connectors.websites import Websites
from healthberry.connectors.x import X


class Connectors:
    """Connectors by kind, in the order in which they are shown."""

    def __init__(self, connectors: Sequence[Connector]) -> None:
        self._by_kind = {connector.kind: connector for connector in connectors}

    def get(self, kind: str) -> Connector:
        """Return the connector of a kind. Raises: KeyError for a kind that this installation does not have."""
        return self._by_kind[kind]

    def __iter__(self) -> Iterator[Connector]:
        return iter(self._by_kind.values())

    def __contains__(self, kind: object) -> bool:
        return kind in self._by_kind

    def __len__(self) -> int:
        return len(self._by_kind)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return all kinds, in order."""
        return tuple(self._by_kind)


def build(
    endpoints: Endpoints,
    credentials: Credentials,
    transport: httpx.BaseTransport | None = None,
    *,
    read_seconds: float | None = None,
    pace: Pace | None = None,
) -> Connectors:
    """Build every connector; opens no connection.

    `transport` replaces the network, `read_seconds` each time limit and `pace` the manners that providers ask for.
    """
    websites = Websites(endpoints.websites, transport=transport)
    return Connectors(
        [
            NhsUk(endpoints, credentials, transport=transport, read_seconds=read_seconds),
            CareOpinion(endpoints, credentials, transport=transport, read_seconds=read_seconds, pace=pace),
            X(endpoints, credentials, websites, transport=transport, read_seconds=read_seconds),
            Fft(),
            Paper(),
        ]
    )
