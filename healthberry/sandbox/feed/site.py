"""What the newspaper is to control, pages, faults and life."""

import re
from pathlib import Path

from flask import Response

from healthberry.sandbox.faults import Fault
from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.simple_store import NewItem
from healthberry.sandbox.state import Sandbox

from . import api

_PLACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_ELEMENT = re.compile(rb"<(item|entry)>.*?</\1>", re.DOTALL)
_REASONS = {429: "Come less often, please.", 500: "Something broke.", 401: "Who are you?"}


class FeedSite(SimpleSite):
    """A newspaper with a page for each town; what is said there carries an id that never changes."""

    kind = "feed"
    label = "Local news"
    knows_by = "handle"
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    blueprints = (api.blueprint, api.control)
    lists = frozenset({"document"})
    list_key = "items"
    strays = ({"tags": ["no words"]}, None)
    invitation = "Comment in the local news"
    newest_heading = "Newest comments in the local news"
    place_rule = "A town is called by small letters, digits and hyphens."
    answers_on_site = False

    def place_key(self, place: str) -> str:
        return place.strip().lower()

    def accepts(self, place: str) -> bool:
        return _PLACE.fullmatch(self.place_key(place)) is not None

    def item_id(self, serial: int, item: NewItem) -> str:
        return f"tag:localnews.example,2026:{1_000_000 + serial}"

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        answer = Response(_REASONS[status], status, mimetype="text/plain")
        if status == 429:
            answer.headers["Retry-After"] = str(seconds)
        return answer

    def spoilt(self, response: Response, fault: Fault) -> None:
        if response.is_json:
            super().spoilt(response, fault)
            return
        body = response.get_data()
        found = _ELEMENT.search(body)
        name = found[1] if found else b"item"
        stray = b"<%s><category term='stray'/></%s>" % (name, name)
        start = found.start() if found else body.rfind(b"</")
        if fault.kind == "forgotten_item":
            response.set_data(body[:start] + body[found.end() if found else start :])
        elif fault.kind == "duplicate_delivery":
            response.set_data(body[:start] + (found[0] if found else b"") + body[start:])
        elif fault.kind == "reordered":
            every = list(_ELEMENT.finditer(body))
            end = every[-1].end() if every else start
            response.set_data(body[:start] + b"".join(one[0] for one in reversed(every)) + body[end:])
        else:
            end = found.end() if found and fault.replace else start
            response.set_data(body[:start] + stray + body[end:])

    def malformed(self, body: bytes) -> bytes:
        if body.startswith(b"{"):
            return super().malformed(body)
        for end in (b"</description></item>", b"</content>"):
            if end in body:
                return body.replace(end, b"\xff\xfe" + end, 1)
        return body
