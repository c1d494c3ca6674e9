"""An account on Mastodon and what its server answers in these tests."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from healthberry.connectors.base import Access, Connector
from tests.connectors.fakes import Provider, as_json, connectors

CONFIG = {"server": "social.example", "tags": [], "account_id": "9", "username": "trust"}
SIGNED_IN = Access(CONFIG, {"access_token": "own-token", "client_id": "c", "client_secret": "s"})
LATELY = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
STATUS: dict[str, Any] = {
    "id": "113001000000000001",
    "uri": "https://other.example/users/sam/statuses/5",
    "url": "https://other.example/@sam/5",
    "created_at": LATELY,
    "edited_at": None,
    "account": {"id": "77", "username": "sam", "acct": "sam@other.example", "url": "https://other.example/@sam"},
    "content": "<p>@trust waited two hours</p>",
    "visibility": "public",
    "in_reply_to_id": None,
    "media_attachments": [],
}


def status(number: int = 1, **changes: Any) -> dict[str, Any]:
    return copy.deepcopy(STATUS) | {"id": str(113001000000000000 + number)} | changes


def mastodon(provider: Provider) -> Connector:
    return connectors(provider).get("mastodon")


def by_path(**answers: Callable[[httpx.Request], Any] | Any) -> Provider:
    """Answer by the last part of the path; what is not named is an empty list."""

    def answer(request: httpx.Request) -> httpx.Response:
        given = answers.get(request.url.path.rpartition("/")[2], [])
        given = given(request) if callable(given) else given
        return given if isinstance(given, httpx.Response) else as_json(given)

    return Provider(answer)
