"""Another system that sends items and takes answers."""

from collections.abc import Sequence

import httpx

from healthberry.connectors import registry
from healthberry.connectors.base import Access
from healthberry.connectors.webhook import Webhook

SECRET = "a secret that only these tests know"
NOW = 1_767_225_600
CALLBACK = "https://survey.example.org/answers"
PUBLIC = "93.184.216.34"


def made(transport: httpx.BaseTransport | None = None, addresses: Sequence[str] = (PUBLIC,)) -> Webhook:
    """Return the connector at this moment, with a name server of its own."""
    return Webhook(
        registry.endpoints(None),
        transport=transport,
        resolve=lambda host, port: list(addresses),
        clock=lambda: float(NOW),
    )


def access(callback: str = CALLBACK) -> Access:
    return Access({"name": "Ward tablets", "callback": callback}, {"secret": SECRET})
