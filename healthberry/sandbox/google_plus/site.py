"""What Google+ is to control, pages, faults and life."""

import re

from flask import Response

from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.simple_store import NewItem, NewReply
from healthberry.sandbox.state import Sandbox

from . import api

_PAGE = re.compile(r"[a-z0-9_.-]{2,40}")
_REASONS = {
    429: ("rateLimitExceeded", "Rate Limit Exceeded"),
    500: ("backendError", "Backend Error"),
    401: ("authError", "Invalid Credentials"),
}


class GooglePlus(SimpleSite):
    """Pages with a post for each month, under which people comment and the page answers."""

    kind = "google_plus"
    label = "Google+"
    knows_by = "handle"
    blueprints = (api.blueprint,)
    api_paths = ("/google_plus/plus/v1/",)
    lists = frozenset({"activities", "comments"})
    list_key = "items"
    strays = ({"kind": "plus#comment", "object": None}, None)
    invitation = "Comment on Google+"
    question = "Add a comment"
    rows = 4
    newest_heading = "Newest comments on Google+"
    place_rule = "A page has 2 to 40 letters, digits, dots, hyphens or underscores."
    texts_like = "x"

    def accepts(self, place: str) -> bool:
        return _PAGE.fullmatch(self.place_key(place)) is not None

    def item_id(self, serial: int, item: NewItem) -> str:
        return f"z12{item.place}.{1_395_000_000 + serial}"

    def reply_id(self, serial: int, reply: NewReply) -> str:
        return f"z13answer.{1_395_000_000 + serial}"

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        answer = api.error(status, *_REASONS[status])
        if status == 429:
            answer.headers["Retry-After"] = str(seconds)
        return answer
