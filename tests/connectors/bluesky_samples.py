"""An account on Bluesky and what its servers answer in these tests."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from uuid_utils.compat import uuid7

from healthberry.connectors.base import Access, Connector, Reply, ReplyTarget
from tests.connectors.fakes import Provider, as_json, connectors
from tests.connectors.samples import NOTIFICATION

DID = "did:plc:trust"
CONFIG = {"did": DID, "handle": "trust.example", "words": []}
PDS = "https://pds.example"
SECRETS = {"access_token": "own", "refresh_token": "renewing", "did": DID, "handle": "trust.example", "pds": PDS}
SIGNED_IN = Access(CONFIG, SECRETS)
LATELY = (datetime.now(UTC) - timedelta(hours=1)).isoformat()


def uri(number: int, did: str = "did:plc:sam") -> str:
    return f"at://{did}/app.bsky.feed.post/3mzq{number:09d}"


def post(number: int = 1, **changes: Any) -> dict[str, Any]:
    made = copy.deepcopy(NOTIFICATION) | {"uri": uri(number), "cid": f"bafy{number}", "indexedAt": LATELY}
    made["record"]["createdAt"] = LATELY
    made["record"] |= changes.pop("record", {})
    return made | changes


def answer_to(root: str, parent: str) -> dict[str, Any]:
    return {"reply": {"root": {"uri": root, "cid": "r"}, "parent": {"uri": parent, "cid": "p"}}}


def by_method(**answers: Callable[[httpx.Request], Any] | Any) -> Provider:
    """Answer by the last part of the method; what is not named is an empty object."""

    def answer(request: httpx.Request) -> httpx.Response:
        given = answers.get(request.url.path.rpartition(".")[2], {})
        given = given(request) if callable(given) else given
        if isinstance(given, Exception):
            raise given
        return given if isinstance(given, httpx.Response) else as_json(given)

    return Provider(answer)


def bluesky(provider: Provider) -> Connector:
    return connectors(provider).get("bluesky")


def reply(text: str = "Thank you.", key: str = "") -> Reply:
    return Reply(key or str(uuid7()), text, ReplyTarget(uri(1), uri(1), None, None, {}, None), "Pat", "p@trust.example")


def publishing(put: Any, **answers: Any) -> Provider:
    missing = as_json({"error": "RecordNotFound", "message": "Could not locate record"}, 400)
    return by_method(**{"getRecord": missing, "getPosts": {"posts": [post(1)]}, "putRecord": put} | answers)


def put_by(provider: Provider) -> list[dict[str, Any]]:
    return [json.loads(one.content) for one in provider.asked if one.url.path.endswith("putRecord")]
