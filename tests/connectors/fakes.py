"""Providers as callables: requests in, answers out, everything that was asked is kept."""

import json
from collections.abc import Callable
from typing import Any

import httpx

from healthberry.connectors import registry
from healthberry.connectors.base import Access, Reply, ReplyTarget
from healthberry.connectors.pace import Pace
from healthberry.connectors.registry import Connectors

# Nobody is hurried by tests.
UNHURRIED = Pace(1_000_000)
Handler = Callable[[httpx.Request], httpx.Response]

CREDENTIALS = registry.Credentials(
    nhsuk_subscription_key="nhsuk-key-for-tests",
    careopinion_subscription_key="careopinion-key-for-tests",
    x_bearer_token="x-bearer-for-tests",
    x_client_id="client-id",
    x_client_secret="client-secret-for-tests",
    google_client_id="google-client",
    google_client_secret="google-secret-for-tests",
    youtube_api_key="youtube-key-for-tests",
    facebook_app_id="1517776481860111",
    facebook_app_secret="sandbox-app-secret",
    facebook_verify_token="verify-token-for-tests",
    microsoft_client_id="microsoft-id",
    microsoft_client_secret="microsoft-secret-for-tests",
    mail_url="smtp://127.0.0.1:9",
    mail_from="HealthBerry <feedback@healthberry.example>",
)
PUBLISHER = registry.Credentials(
    nhsuk_subscription_key="nhsuk-key-for-tests", nhsuk_publisher_id="EXAMPLEPUB", nhsuk_publisher_key="publisher-key"
)


class Provider(httpx.MockTransport):
    """A provider that answers with `handler` and remembers what it was asked."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(self._answer)
        self._handler = handler
        self.asked: list[httpx.Request] = []

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self._handler(request)


def answering(*answers: httpx.Response | Any) -> Provider:
    """Return a provider that gives these answers in turn, the last one for ever; values become JSON."""
    waiting = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        given = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(given, Exception):
            raise given
        return given if isinstance(given, httpx.Response) else as_json(given)

    return Provider(answer)


def as_json(value: Any, status: int = 200, **headers: str) -> httpx.Response:
    """Return `value` as a JSON answer; lone surrogates stay as escapes."""
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    body = json.dumps(value, ensure_ascii=True).encode()
    return httpx.Response(status, content=body, headers={"content-type": "application/json", **names})


def connectors(provider: httpx.BaseTransport, credentials: registry.Credentials = CREDENTIALS) -> Connectors:
    """Return all connectors at their real addresses, with `provider` in place of the network."""
    return registry.build(registry.endpoints(None), credentials, provider, pace=UNHURRIED)


def access(**config: Any) -> Access:
    """Return access to a channel with this configuration and the installation's keys."""
    return Access(config)


def reply_to(remote_id: str, text: str = "Thank you for telling us.", **source: Any) -> Reply:
    """Return a reply to a message."""
    target = ReplyTarget(remote_id, remote_id, "https://example.org/it", "RXX01", source, None)
    return Reply("reply-key-1", text, target, "Pat Lee", "pals@trust.example")
