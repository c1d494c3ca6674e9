"""A Business Profile on Google as these tests imagine it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from healthberry.connectors.base import Access, Connector, Reply, ReplyTarget
from tests.connectors.fakes import Provider, as_json, connectors

SINCE = datetime(2010, 1, 1, tzinfo=UTC)
ACCOUNT, LOCATION = "accounts/111", "222"
REVIEW = f"{ACCOUNT}/locations/{LOCATION}/reviews/AbFvOqk1"
SECRETS = {"access_token": "ya29.own", "refresh_token": "1//once"}


# As in the document, section 3.
FIRST: dict[str, Any] = {
    "name": REVIEW,
    "reviewId": "AbFvOqk1",
    "reviewer": {"profilePhotoUrl": "https://lh3.googleusercontent.com/a/x", "displayName": "A. Person"},
    "starRating": "TWO",
    "comment": "Waited four hours. Staff were kind.",
    "createTime": "2026-11-02T09:15:31.123456Z",
    "updateTime": "2026-11-02T09:15:31.123456Z",
    "reviewReplyUrl": "https://business.google.com/reply/1",
}


SECOND: dict[str, Any] = {
    "name": f"{ACCOUNT}/locations/{LOCATION}/reviews/AbFvOqk2",
    "reviewId": "AbFvOqk2",
    "reviewer": {"isAnonymous": True},
    "starRating": "FIVE",
    "createTime": "2026-10-30T12:00:00Z",
    "updateTime": "2026-10-31T08:00:00Z",
    "reviewReply": {"comment": "Thank you.", "updateTime": "2026-10-31T10:00:00Z", "reviewReplyState": "APPROVED"},
}


def place(number: str = LOCATION, title: str = "St Example Hospital", **more: Any) -> dict[str, Any]:
    metadata = {"hasVoiceOfMerchant": True, "mapsUri": f"https://maps.google.com/?cid={number}"}
    return {"name": f"locations/{number}", "title": title, "metadata": metadata, **more}


class Profile(Provider):
    """A Business Profile: its locations, their reviews (last changed first), and what a test wants to go wrong."""

    def __init__(self, reviews: dict[str, list[Any]] | list[Any], *places: dict[str, Any]) -> None:
        super().__init__(self._route)
        self.reviews = reviews if isinstance(reviews, dict) else {LOCATION: reviews}
        self.places = list(places) or [place(number) for number in self.reviews]
        self.refuse: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
        self.after_put = "PENDING"
        self.put: list[Any] = []

    def paths(self) -> list[str]:
        return [request.url.path for request in self.asked]

    def _route(self, request: httpx.Request) -> httpx.Response:
        if (refused := self.refuse(request)) is not None:
            return refused
        parts = request.url.path.strip("/").split("/")
        if parts[:2] == ["v1", "accounts"]:
            if len(parts) == 2:
                return as_json({"accounts": [{"name": ACCOUNT, "accountName": "Example Trust"}]})
            assert request.url.params["readMask"]
            return as_json({"locations": self.places})
        if len(parts) == 6:
            return self._list(request, parts[4])
        known = {one["reviewId"]: one for one in self.reviews.get(parts[4], [])}
        if parts[6] not in known:
            return error(404, "NOT_FOUND")
        if request.method == "PUT":
            self.put.append(json.loads(request.content))
            made = {"comment": self.put[-1]["comment"], "updateTime": "2026-11-02T11:00:00Z"}
            known[parts[6]]["reviewReply"] = made | {"reviewReplyState": self.after_put}
            return as_json(known[parts[6]]["reviewReply"])
        return as_json(known[parts[6]])

    def _list(self, request: httpx.Request, location: str) -> httpx.Response:
        asked, found = dict(request.url.params), self.reviews[location]
        assert asked["orderBy"] == "updateTime desc"
        size = int(asked["pageSize"])
        assert size <= 50
        start, _, with_size = asked.get("pageToken", "0:").partition(":")
        if with_size and with_size != str(size):
            return error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        body: dict[str, Any] = {"reviews": found[int(start) : int(start) + size], "totalReviewCount": len(found)}
        if int(start) + size < len(found):
            body["nextPageToken"] = f"{int(start) + size}:{size}"
        return as_json(body)


def error(status: int, name: str, message: str = "No.", **details: Any) -> httpx.Response:
    return as_json({"error": {"code": status, "status": name, "message": message, "details": [details]}}, status)


def google(provider: httpx.BaseTransport) -> Connector:
    return connectors(provider).get("google")


def channel(*lines: str) -> Access:
    return Access({"account": ACCOUNT, "name": "Example Trust", "locations": list(lines)}, SECRETS)


def review(number: int, at: datetime, **more: Any) -> dict[str, Any]:
    stamp = at.isoformat().replace("+00:00", "Z")
    return {
        "reviewId": f"id{number}",
        "comment": f"Review {number}",
        "starRating": "THREE",
        "createTime": stamp,
        "updateTime": stamp,
        **more,
    }


def past(count: int, first: int = 0) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [review(first + number, now - timedelta(minutes=number + 1)) for number in range(count)]


def reply(text: str = "Thank you for telling us.", **more: Any) -> Reply:
    source = more.pop("source", {})
    target = ReplyTarget(REVIEW, REVIEW, "https://maps.google.com/?cid=222", None, source, None)
    return Reply("key-1", text, target, "Pat Lee", "pals@trust.example", **more)
