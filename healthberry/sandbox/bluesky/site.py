"""What Bluesky is to control, pages, faults and life."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from flask import Response

from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.simple_store import NewItem, NewReply
from healthberry.sandbox.site import Json
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.store import Store
from healthberry.sandbox.telling import Telling

from . import api, repo, session, shapes

_SAYS = {429: (429, "RateLimitExceeded"), 500: (500, "InternalServerError"), 401: (400, "ExpiredToken")}


class Bluesky(SimpleSite):
    """Bluesky: organisations are accounts, known by their handles."""

    kind = "bluesky"
    label = "Bluesky"
    knows_by = "handle"
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    blueprints = (session.blueprint, api.blueprint, repo.blueprint)
    api_paths = ("/bluesky/xrpc/", "/bluesky/pds/")
    replying = frozenset({"put_record", "create_record"})
    tokens = frozenset({"create_session", "refresh_session", "delete_session"})
    lists = frozenset({"list_notifications"})
    list_key = "notifications"
    strays = ({"text": "no uri"}, None)
    texts_like = "x"
    threads = True
    invitation = "Post on Bluesky"
    question = "What is up?"
    rows = 4
    needs_author = True
    newest_heading = "Newest posts on Bluesky"
    place_rule = "A handle on Bluesky looks like name.bsky.social."

    def accepts(self, place: str) -> bool:
        return re.fullmatch(r"[a-z0-9-]{1,40}(\.[a-z0-9-]{1,40}){1,4}", self.place_key(place)) is not None

    def item_id(self, serial: int, item: NewItem) -> str:
        did = shapes.did_of(shapes.authors_handle(item.author))
        return f"at://{did}/{shapes.POST}/{shapes.tid(item.created_at, serial)}"

    def add(self, store: Store, items: Sequence[NewItem]) -> list[str]:
        for one in items:
            shapes.account(store, shapes.authors_handle(one.author))
        return super().add(store, items)

    def reply_id(self, serial: int, reply: NewReply) -> str:
        given = reply.more
        return f"at://{given['did']}/{shapes.POST}/{given.get('rkey') or shapes.tid(reply.created_at, serial)}"

    def of_reply(self, store: Store, place: str) -> Json:
        return {"did": shapes.account(store, place)}

    def kept_of(self, telling: Telling) -> Json:
        # Without a mention only a search leads to it; who limits answers lets nobody answer.
        return {"mention": telling.more.get("mention") is not False, "limited": bool(telling.more.get("limited"))}

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        code, name = _SAYS[status]
        answer = Response(json.dumps({"error": name, "message": name}), code, mimetype="application/json")
        if status == 429:
            reset = str(sandbox.store.now() // 1000 + seconds)
            answer.headers.update({"RateLimit-Limit": "3000", "RateLimit-Remaining": "0", "RateLimit-Reset": reset})
            answer.headers["Retry-After"] = str(seconds)
        return answer
