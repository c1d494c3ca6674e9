"""What Mastodon is to control, pages, faults and life."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from flask import Response

from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.simple_store import NewItem, NewReply
from healthberry.sandbox.site import Json
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.telling import Telling, Unusable

from . import api, oauth, statuses_api, streaming

_SAYS = {429: "Too many requests", 500: "Internal Server Error", 401: "The access token is invalid"}
VISIBILITIES = ("public", "unlisted", "private", "direct")


class Mastodon(SimpleSite):
    """Mastodon: organisations are accounts, named `account@server`; every server is imitated."""

    kind = "mastodon"
    label = "Mastodon"
    knows_by = "handle"
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    blueprints = (api.blueprint, statuses_api.blueprint, oauth.blueprint, streaming.blueprint)
    api_paths = ("/mastodon/",)
    replying = frozenset({"create_status"})
    tokens = frozenset({"create_app", "authorise_page", "authorise", "token", "revoke", "stream"})
    lists = frozenset({"notifications", "tag_timeline", "many_statuses", "account_statuses"})
    strays = ({"content": "no id"}, "Sorry! Something went wrong.")
    texts_like = "x"
    threads = True
    invitation = "Post on Mastodon"
    question = "What is on your mind?"
    rows = 4
    needs_author = True
    newest_heading = "Newest posts on Mastodon"
    place_rule = "An account on Mastodon looks like name@server.example."

    def accepts(self, place: str) -> bool:
        return re.fullmatch(r"[a-z0-9_]{1,30}@[a-z0-9.-]{3,80}", self.place_key(place)) is not None

    def item_id(self, serial: int, item: NewItem) -> str:
        return str(113_000_000_000_000_000 + serial)

    def reply_id(self, serial: int, reply: NewReply) -> str:
        return str(113_500_000_000_000_000 + serial)

    def kept_of(self, telling: Telling) -> Json:
        given = telling.more.get("visibility") or "public"
        if given not in VISIBILITIES:
            raise Unusable(f"visibility is one of {', '.join(VISIBILITIES)}.")
        # Without a mention only its tags lead to it; filtered mentions are shown to who asks for them.
        return {
            "visibility": given,
            "mention": telling.more.get("mention") is not False,
            "filtered": bool(telling.more.get("filtered")),
            "warning": str(telling.more.get("warning") or ""),
        }

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        answer = Response(json.dumps({"error": _SAYS[status]}), status, mimetype="application/json")
        if status == 429:
            at = datetime.fromtimestamp(sandbox.store.now() / 1000 + seconds, UTC)
            answer.headers["X-RateLimit-Limit"] = "300"
            answer.headers["X-RateLimit-Remaining"] = "0"
            answer.headers["X-RateLimit-Reset"] = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return answer
