"""What YouTube is to control, pages, faults and life."""

from typing import Any

from flask import Response

from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.simple_store import NewItem, NewReply
from healthberry.sandbox.site import Json, Key
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.telling import Telling

from . import api, names

_REASONS = {
    429: ("rateLimitExceeded", "The request cannot be completed: too many requests were sent."),
    500: ("backendError", "Backend error"),
    401: ("authError", "Request had invalid authentication credentials."),
}


class YouTube(SimpleSite):
    """YouTube: comments under an organisation's videos, and replies to them, by viewers and the organisation."""

    kind = "youtube"
    label = "YouTube"
    knows_by = "handle"
    keys = (Key("YOUTUBE_API_KEY"),)
    blueprints = (api.blueprint, api.web)
    api_paths = ("/youtube/v3/",)
    replying = frozenset({"insert"})
    lists = frozenset({"comment_threads", "comments"})
    list_key = "items"
    strays = ({"kind": "youtube#commentThread", "snippet": None}, None)
    invitation = "Comment on YouTube"
    question = "Add a comment"
    rows = 4
    needs_author = True
    newest_heading = "Newest comments on YouTube"
    place_rule = "A handle has 3 to 29 letters, digits, dots, hyphens or underscores."
    texts_like = "x"
    threads = True

    def accepts(self, place: str) -> bool:
        return names.HANDLE.fullmatch(self.place_key(place)) is not None

    def item_id(self, serial: int, item: NewItem) -> str:
        if item.in_reply_to:
            return f"{names.top(item.in_reply_to)}.9{serial:07d}"
        return f"Ugx{serial:07d}AaABAg"

    def reply_id(self, serial: int, reply: NewReply) -> str:
        return f"{names.top(reply.item_id)}.8{serial:07d}"

    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        if telling.in_reply_to:
            telling.in_reply_to = names.top(telling.in_reply_to)  # replies have no replies of their own
        return super().tell(sandbox, telling)

    def kept_of(self, telling: Telling) -> Json:
        return {"closed": True} if telling.more.get("closed") else {}

    def answer(self, sandbox: Sandbox, remote_id: str, text: str, author: str, **more: Any) -> str:
        return super().answer(sandbox, names.top(remote_id), text, author, **more)

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        reason, message = _REASONS[status]
        answer = api.error(status, reason, message, "global")
        if status == 429:
            answer.headers["Retry-After"] = str(seconds)
        return answer
