"""All connectors of this installation: the only list of kinds."""

from collections.abc import Iterator, Sequence

import httpx

from healthberry.connectors.base import Connector
from healthberry.connectors.bluesky import Bluesky
from healthberry.connectors.careconnect import CareConnect
from healthberry.connectors.careopinion import CareOpinion
from healthberry.connectors.email import Email
from healthberry.connectors.endpoints import Choices as Choices
from healthberry.connectors.endpoints import Credentials as Credentials
from healthberry.connectors.endpoints import Endpoints as Endpoints
from healthberry.connectors.endpoints import endpoints as endpoints
from healthberry.connectors.facebook import Facebook
from healthberry.connectors.feed import FeedChannel
from healthberry.connectors.fft import Fft
from healthberry.connectors.google import Google
from healthberry.connectors.google_plus import GooglePlus
from healthberry.connectors.instagram import Instagram
from healthberry.connectors.mastodon import Mastodon
from healthberry.connectors.nhsuk import NhsUk
from healthberry.connectors.pace import Pace
from healthberry.connectors.paper import Paper
from healthberry.connectors.webhook import Webhook
from healthberry.connectors.websites import Websites
from healthberry.connectors.x import X
from healthberry.connectors.youtube import YouTube


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
    choices: Choices | None = None,
) -> Connectors:
    """Build every connector; opens no connection.

    `transport` replaces the network, `read_seconds` each time limit and `pace` the manners that providers ask for.
    """
    websites = Websites(endpoints.websites, transport=transport)
    return Connectors(
        [
            NhsUk(endpoints, credentials, transport=transport, read_seconds=read_seconds),
            CareOpinion(endpoints, credentials, transport=transport, read_seconds=read_seconds, pace=pace),
            X(endpoints, credentials, websites, transport=transport, read_seconds=read_seconds, choices=choices),
            Facebook(endpoints, credentials, transport=transport, read_seconds=read_seconds),
            Instagram(endpoints, credentials, transport=transport, read_seconds=read_seconds),
            Google(endpoints, credentials, transport=transport, read_seconds=read_seconds, pace=pace),
            YouTube(endpoints, credentials, transport=transport, read_seconds=read_seconds),
            Mastodon(endpoints, transport=transport, read_seconds=read_seconds),
            Bluesky(endpoints, transport=transport, read_seconds=read_seconds),
            GooglePlus(endpoints, transport=transport, read_seconds=read_seconds),
            CareConnect(credentials, read_seconds=read_seconds),
            Email(endpoints, credentials, transport=transport, read_seconds=read_seconds),
            Fft(),
            Paper(),
            FeedChannel(endpoints.websites, transport=transport, read_seconds=read_seconds),
            Webhook(endpoints, transport=transport),
        ]
    )
