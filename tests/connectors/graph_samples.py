"""Meta's Graph API as a callable: answers by method and path, with samples as the documentation shows them."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from healthberry.connectors.base import Access, Connector, InboundItem, Page
from tests.connectors.fakes import Provider, as_json, connectors

PAGE = "1000200030004000"
POST_ID = f"{PAGE}_555000111"
CONFIG = {"page_id": PAGE, "name": "Example Trust", "messages": "yes", "ratings": True}
TOKENS = {"access_token": "sandbox-page-token", "account_id": PAGE, "account": "Example Trust"}
LINKED = Access(CONFIG, TOKENS)
PUBLIC_ONLY = Access(CONFIG | {"messages": "no", "ratings": False}, TOKENS)
PERSON = {"id": "62001122334455", "name": "A. Person"}
US = {"id": PAGE, "name": "Example Trust"}
EMPTY: dict[str, Any] = {"data": []}

Answers = Mapping[str, Any]


def comment(number: int = 777, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"555000111_{number}",
        "message": "Parking is still awful",
        "created_time": "2026-11-02T09:15:31+0000",
        "from": PERSON,
        "object": {"id": POST_ID, "from": US},
        "can_comment": True,
        "can_reply_privately": True,
        "is_hidden": False,
    } | changes


def post(number: int = 555000111, comments: Any = None, **changes: Any) -> dict[str, Any]:
    made = {
        "id": f"{PAGE}_{number}",
        "message": "Our new clinic opens today",
        "created_time": "2026-11-01T08:00:00+0000",
        "from": US,
        "permalink_url": f"https://www.facebook.com/{PAGE}/posts/{number}",
    }
    return made | ({"comments": comments} if comments is not None else {}) | changes


def listed(*elements: Any, after: str = "") -> dict[str, Any]:
    paging: dict[str, Any] = {"cursors": {"before": "QVFIa", "after": after or "QVFIz"}}
    if after:
        paging["next"] = f"https://graph.facebook.com/v26.0/next?after={after}"
    return {"data": list(elements), "paging": paging}


def error(code: int, subcode: int | None = None, status: int = 400, **headers: str) -> httpx.Response:
    said = {"message": f"(#{code}) Something", "type": "OAuthException", "code": code, "fbtrace_id": "EJplcsCHuLu"}
    return as_json({"error": said | ({"error_subcode": subcode} if subcode else {})}, status, **headers)


def graph(answers: Answers, usual: Any = EMPTY) -> Provider:
    """Answer by "GET /path" without version, or by "/path"; callables are given the request; the rest is empty."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = "/" + request.url.path.split("/", 2)[2]
        given = answers.get(f"{request.method} {path}", answers.get(path, usual))
        made = given(request) if callable(given) else given
        if isinstance(made, Exception):
            raise made
        return made if isinstance(made, httpx.Response) else as_json(made)

    return Provider(answer)


def in_turn(*answers: Any) -> Callable[[httpx.Request], Any]:
    """Give these answers one after the other, the last one for ever."""
    waiting = list(answers)
    return lambda request: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def facebook(answers: Answers, usual: Any = EMPTY) -> tuple[Connector, Provider]:
    provider = graph(answers, usual)
    return connectors(provider).get("facebook"), provider


def walked(connector: Connector, access: Access, cursor: str | None = None) -> tuple[list[InboundItem], list[Page]]:
    """Catch up to the end."""
    pages = []
    for _ in range(50):
        page = connector.poll(access, cursor)
        pages.append(page)
        cursor = page.cursor
        if not page.more:
            return [item for one in pages for item in one.items], pages
    raise AssertionError("the catch-up does not end")


def paths(provider: Provider) -> list[str]:
    return [f"{one.method} {one.url.path}" for one in provider.asked]


def sent(request: httpx.Request) -> dict[str, Any]:
    """Return the JSON that was sent."""
    return dict(json.loads(request.content))
