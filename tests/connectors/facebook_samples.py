"""What Facebook tells of a Page in these tests, and how our time is written there."""

from datetime import UTC, datetime
from typing import Any

from tests.connectors.graph_samples import (
    PAGE,
    US,
    listed,
)

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
OWN, VISITORS, TAGGED = f"/{PAGE}/published_posts", f"/{PAGE}/visitor_posts", f"/{PAGE}/tagged"
TALKS, RATINGS = f"/{PAGE}/conversations", f"/{PAGE}/ratings"
NOW = datetime.now(UTC)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S+0000")


def talk(*messages: dict[str, Any], number: int = 1) -> dict[str, Any]:
    people = {"data": [{"id": "psid-9", "name": "B. Person"}, US]}
    return {"id": f"t_{number}", "updated_time": stamp(NOW), "participants": people, "messages": listed(*messages)}


def said(mid: str, text: str, author: Any, at: datetime = NOW) -> dict[str, Any]:
    return {"id": mid, "message": text, "from": author, "created_time": stamp(at)}
