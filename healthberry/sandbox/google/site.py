"""What Google's reviews are to control, pages, faults and life."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Response

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.invent import DAY, Inventor
from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.simple_store import NewItem
from healthberry.sandbox.site import Json, Key
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.telling import Telling, Unusable

from . import accounts, answers, names, oauth, push, reviews
from .errors import refused


class Google(SimpleSite):
    """Google: reviews with stars of an organisation and its sites, and the one answer that each may have."""

    kind = "google"
    label = "Google"
    keys = (
        Key("GOOGLE_CLIENT_ID"),
        Key("GOOGLE_CLIENT_SECRET"),
        Key("GOOGLE_PUSH_AUDIENCE"),
        Key("GOOGLE_PUSH_EMAIL", lambda: "pusher@simulated.iam.gserviceaccount.com"),
    )
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    blueprints = (accounts.blueprint, reviews.blueprint, oauth.blueprint, push.blueprint, push.control)
    api_paths = (
        "/google/accountmanagement/",
        "/google/businessinformation/",
        "/google/mybusiness/",
        "/google/notifications/",
        "/google/oauth2/",
        "/google/apis/",
    )
    replying = frozenset({"reply"})
    tokens = frozenset({"token", "revoke"})
    lists = frozenset({"reviews"})
    list_key = "reviews"
    strays = ({"reviewer": {"isAnonymous": True}}, None)
    invitation = "Leave a review on Google"
    question = "Share details of your own experience at this place"
    rows = 6
    takes_rating = True
    newest_heading = "Newest reviews on Google"

    def item_id(self, serial: int, item: NewItem) -> str:
        return names.review(item.place, serial)

    def kept_of(self, telling: Telling) -> Json:
        return {name: telling.more[name] for name in ("rating_only", "media") if telling.more.get(name)}

    def answer(self, sandbox: Sandbox, remote_id: str, text: str, author: str, **more: Any) -> str:
        if kept.visible_item(sandbox.store, self.kind, remote_id) is None or not text.strip():
            raise Unusable("The review is not there, or the answer is empty.")
        return answers.put(sandbox, remote_id, text, author or "Patient Experience Team")

    def edit(self, sandbox: Sandbox, found: Json, changes: Mapping[str, Any]) -> str:
        stars = changes.get("rating")
        if isinstance(stars, int) and 1 <= stars <= self.best_rating:
            kept.change_item(sandbox.store, self.kind, found["remote_id"], rating=stars)
            if "text" not in changes:
                return str(found["remote_id"])
        return super().edit(sandbox, found, changes)

    def _answered(self, inventor: Inventor, remote_id: str, item: NewItem, tone: str) -> None:
        store, source = inventor.sandbox.store, inventor.source
        moment = item.published_at + int(source.uniform(0.2, 9) * DAY)
        text = inventor.sandbox.texts.reply(tone, source, short=False)
        if moment < store.now() - 120_000:
            reply = kept.NewReply(remote_id, inventor.staff(), text, moment, moment)
            kept.add_reply(store, self.kind, reply, lambda serial, reply: f"{remote_id}/reply")

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        return refused(status)
