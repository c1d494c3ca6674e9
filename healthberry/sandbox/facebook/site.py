"""What Facebook is to control, pages, faults and life."""

import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import Response

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.invent import DAY, Inventor
from healthberry.sandbox.simple_store import NewItem, NewReply
from healthberry.sandbox.site import Json, Key
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.store import Store
from healthberry.sandbox.telling import Telling, Unusable

from . import api, control, graph, login, news, pages, wall, write
from .graph import GraphError
from .meta import MetaSite


class Facebook(MetaSite):
    """Facebook: organisations are Pages; people comment, post, recommend and write in private."""

    kind = "facebook"
    hows = ("comment", "visitor", "tagged", "rating", "message")
    names = re.compile(r"[a-z0-9._-]{3,50}")
    label = "Facebook"
    keys = (
        Key("FACEBOOK_APP_ID", lambda: str(10**14 + secrets.randbelow(9 * 10**14))),
        Key("FACEBOOK_APP_SECRET", lambda: secrets.token_hex(16)),
        Key("FACEBOOK_VERIFY_TOKEN"),
    )
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    # What writes adds its views to the blueprint of what reads.
    blueprints = (api.blueprint, login.blueprint, pages.blueprint, control.blueprint)
    api_paths = ("/facebook/v",)
    replying = frozenset({"comment", "messages"})
    tokens = frozenset(
        {"access_token", "accounts", "me", "subscribed_apps", "unsubscribe", "following", "subscriptions"}
    )
    strays = ({"message": "no id"}, None)
    invitation = "Comment on Facebook"
    question = "Write a comment"
    rows = 4
    takes_rating = False
    newest_heading = "Newest on Facebook"
    place_rule = "A Page's name has 3 to 50 letters, digits, points, dashes or underscores."

    def page(self, place: str) -> str:
        return f"/facebook/pages/{self.place_key(place)}"

    def known(self, sandbox: Sandbox) -> list[tuple[str, str]]:
        rows = sandbox.store.rows("SELECT * FROM facebook_pages ORDER BY created_at DESC LIMIT 60")
        return [(row["name"], self.page(row["place"])) for row in rows]

    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        self.checked(telling.place)
        graph.pages_at(sandbox.store, telling.place)
        ident = super().tell(sandbox, telling)
        news.told(sandbox, ident, "add")
        return ident

    def add(self, store: Store, items: Sequence[NewItem]) -> list[str]:
        """Place comments under the Page's posts, or where what they answer stands; store them."""
        for number, item in enumerate(items):
            page = graph.pages_at(store, item.place)
            item.more.setdefault("as", "comment")
            if item.more["as"] == "comment":
                item.more |= self._place(store, item, wall.next_post(store, page, number))
        return super().add(store, items)

    def _place(self, store: Store, item: NewItem, usual: str) -> Json:
        found = wall.find(store, item.in_reply_to) if item.in_reply_to else None
        if found is None:
            return {"post": usual, "parent": ""}
        answered = found[1]
        parent = (answered.parent or answered.id) if answered.kind == "comment" else ""
        return {"post": answered.post, "parent": parent}

    def item_id(self, serial: int, item: NewItem) -> str:
        page_id = graph.page_id_of(item.place)
        match item.more["as"]:
            case "visitor":
                return f"{page_id}_6{serial:09d}"
            case "tagged":
                return f"{wall.person_id(page_id, item.author)}_6{serial:09d}"
            case "rating":
                return f"9{serial:014d}"
            case "message":
                return f"m_{secrets.token_urlsafe(9)}{serial}"
        return f"{wall.part(item.more['post'])}_8{serial:09d}"

    def answer(self, sandbox: Sandbox, remote_id: str, text: str, author: str, **more: Any) -> str:
        """Answer as somebody who manages the Page does on Facebook itself."""
        found = wall.find(sandbox.store, remote_id)
        if found is None or found[1].state != "published" or not text.strip():
            raise Unusable("The item is not there, or the answer is empty.")
        here_, thing = found
        if thing.kind == "message":
            return write.add_message(here_.page, thing, text, once=False, metadata="")
        return write.add_comment(here_.page, thing, text, by_app=False)

    def edit(self, sandbox: Sandbox, found: Json, changes: Mapping[str, Any]) -> str:
        ident = super().edit(sandbox, found, changes)
        news.told(sandbox, ident, "edited")
        return ident

    def withdraw(self, sandbox: Sandbox, found: Json, options: Mapping[str, str]) -> None:
        super().withdraw(sandbox, found, options)
        news.told(sandbox, found["remote_id"], "hide" if options.get("how") == "hidden" else "remove")

    def load(self, sandbox: Sandbox, place: str, texts: Sequence[str], moments: Sequence[int], salt: int) -> list[str]:
        self.checked(place)
        graph.pages_at(sandbox.store, place)
        return super().load(sandbox, place, texts, moments, salt)

    def _answered(self, inventor: Inventor, remote_id: str, item: NewItem, tone: str) -> None:
        store, source = inventor.sandbox.store, inventor.source
        moment = item.published_at + int(source.uniform(0.2, 9) * DAY)
        if moment >= store.now() - 120_000:
            return
        text, post = inventor.sandbox.texts.reply(tone, source, short=True), str(item.more["post"])
        more = {"page": graph.page_id_of(item.place), "post": post, "parent": item.more["parent"] or remote_id}
        reply = NewReply(remote_id, item.place, text, moment, moment, more)
        kept.add_reply(store, self.kind, reply, lambda serial, _: f"{wall.part(post)}_7{serial:09d}")

    def past(self, inventor: Inventor, key: str, number: int) -> None:
        graph.pages_at(inventor.sandbox.store, key)
        super().past(inventor, key, number)

    def live(self, inventor: Inventor, key: str) -> str:
        ident = super().live(inventor, key)
        news.told(inventor.sandbox, ident, "add")
        return ident

    def address(self, sandbox: Sandbox, remote_id: str) -> str:
        return f"/facebook/permalink/{remote_id}"

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        if status == 429:
            answer = graph.error_answer(GraphError(80001, "There have been too many calls to this Page account."))
            minutes = max(seconds // 60, 0)
            usage = f'{{"0":[{{"type":"pages","call_count":100,"estimated_time_to_regain_access":{minutes}}}]}}'
            answer.headers["X-Business-Use-Case-Usage"] = usage
            answer.headers["Retry-After"] = str(seconds)
            return answer
        if status == 401:
            words = "Error validating access token: Session has expired."
            return graph.error_answer(GraphError(190, words, 463, 401))
        return graph.error_answer(GraphError(2, "An unexpected error has occurred. Please retry later.", status=500))
