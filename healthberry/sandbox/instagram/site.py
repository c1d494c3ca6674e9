"""What Instagram is to control, pages, faults and life."""

import re
from collections.abc import Sequence
from typing import Any

from flask import Response

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.facebook import SITE as FACEBOOK
from healthberry.sandbox.facebook import graph
from healthberry.sandbox.facebook.meta import MetaSite
from healthberry.sandbox.invent import DAY, Inventor
from healthberry.sandbox.simple_store import NewItem, NewReply
from healthberry.sandbox.site import Json
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.store import Store
from healthberry.sandbox.telling import Telling, Unusable

from . import api, news, posts


class Instagram(MetaSite):
    """Instagram: organisations are professional accounts, each linked to the Page of the same name on Facebook."""

    kind = "instagram"
    hows = ("comment", "mention", "caption", "tag")
    names = re.compile(r"[a-z0-9._]{3,30}")
    label = "Instagram"
    blueprints = (api.blueprint,)
    api_paths = ("/instagram/v",)
    replying = frozenset({"replies", "mentions"})
    tokens = frozenset({"access_token", "accounts", "me", "subscribed_apps", "unsubscribe", "following"})
    strays = ({"text": "no id"}, None)
    invitation = "Comment on Instagram"
    question = "Add a comment"
    rows = 3
    newest_heading = "Newest on Instagram"
    place_rule = "An account's name has 3 to 30 letters, digits, points or underscores."

    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        self.checked(telling.place)
        graph.pages_at(sandbox.store, telling.place)
        ident = super().tell(sandbox, telling)
        news.told(sandbox, ident)
        return ident

    def add(self, store: Store, items: Sequence[NewItem]) -> list[str]:
        """Place comments under the account's posts, or below what they answer; store them."""
        for number, item in enumerate(items):
            graph.pages_at(store, item.place)
            if item.more.setdefault("as", "comment") == "comment":
                item.more |= self._place(store, item, posts.next_media(store, item.place, number))
        return super().add(store, items)

    def _place(self, store: Store, item: NewItem, usual: str) -> Json:
        found = posts.find(store, item.in_reply_to) if item.in_reply_to else None
        if found is None:
            return {"media": usual, "parent": ""}
        return {"media": found[1].media, "parent": found[1].parent or found[1].id}

    def item_id(self, serial: int, item: NewItem) -> str:
        if item.more["as"] == "comment":
            return f"17866{serial:012d}"
        elsewhere = item.more["media"] = f"18{serial:015d}"
        return f"17868{serial:012d}" if item.more["as"] == "mention" else elsewhere

    def answer(self, sandbox: Sandbox, remote_id: str, text: str, author: str, **more: Any) -> str:
        """Answer as somebody who manages the account does on Instagram itself."""
        found = posts.find(sandbox.store, remote_id)
        if found is None or found[1].state != "published" or not text.strip():
            raise Unusable("The item is not there, or the answer is empty.")
        around, thing = found
        return api.add_reply(around, thing, text, (thing.parent or thing.id) if thing.kind == "comment" else "")

    def _answered(self, inventor: Inventor, remote_id: str, item: NewItem, tone: str) -> None:
        store, source = inventor.sandbox.store, inventor.source
        moment = item.published_at + int(source.uniform(0.2, 9) * DAY)
        if moment >= store.now() - 120_000:
            return
        text, media = inventor.sandbox.texts.reply(tone, source, short=True), str(item.more["media"])
        more = {
            "account": graph.instagram_id_of(item.place),
            "media": media,
            "parent": item.more["parent"] or remote_id,
        }
        reply = NewReply(remote_id, item.place, text, moment, moment, more)
        kept.add_reply(store, self.kind, reply, lambda serial, _: f"17867{serial:012d}")

    def live(self, inventor: Inventor, key: str) -> str:
        ident = super().live(inventor, key)
        news.told(inventor.sandbox, ident)
        return ident

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        return FACEBOOK.refusal(sandbox, status, seconds)
