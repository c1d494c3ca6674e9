"""An account on X and what its API answers in these tests."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from healthberry.connectors.base import Connector
from tests.connectors.fakes import Provider, access, answering, as_json, connectors
from tests.connectors.samples import INCLUDES, POST

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
US = "2244994945"
ONE = access(user_id=US, username="ExampleTrust")
SNOWFLAKE = 1985000000000000000


def x(provider: Provider) -> Connector:
    return connectors(provider).get("x")


def post(number: int, **changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(POST)
    remote_id = str(SNOWFLAKE + number)
    return changed | {"id": remote_id, "conversation_id": remote_id, "edit_history_tweet_ids": [remote_id]} | changes


def timeline(*posts: dict[str, Any], next_token: str = "") -> dict[str, Any]:
    meta: dict[str, Any] = {"result_count": len(posts)}
    if posts:
        meta |= {"newest_id": posts[0]["id"], "oldest_id": posts[-1]["id"]}
    return {
        "data": list(posts),
        "includes": INCLUDES,
        "meta": meta | ({"next_token": next_token} if next_token else {}),
    }


EMPTY = {"meta": {"result_count": 0}}


def by_path(**answers: Callable[[httpx.Request], Any]) -> Provider:
    """Answer by the last part of the path: mentions, recent, tweets, …; an empty list where nothing is given."""

    def answer(request: httpx.Request) -> httpx.Response:
        chosen = answers.get(request.url.path.rpartition("/")[2])
        given = chosen(request) if chosen else EMPTY
        return given if isinstance(given, httpx.Response) else as_json(given)

    return Provider(answer)


def read(element: dict[str, Any], includes: dict[str, Any] | None = None) -> Any:
    body = {"data": [element], "includes": INCLUDES if includes is None else includes, "meta": {}}
    (item,) = x(answering(body)).backfill(ONE, SINCE, None).items
    return item
