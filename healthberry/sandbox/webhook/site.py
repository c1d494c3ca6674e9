"""The survey as a site: whatever changes there is sent to its hook in the same moment."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from healthberry.sandbox import simple_store as kept
from healthberry.sandbox.invent import Inventor
from healthberry.sandbox.simple import SimpleSite
from healthberry.sandbox.simple_store import NewItem
from healthberry.sandbox.site import Json
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.telling import Telling, Unusable

from . import api, sending

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
# What only this site's items have; control may give them along with a text.
_FIELDS = ("service_code", "private", "url", "ratings")


class Survey(SimpleSite):
    """A survey tool, known by the name of the survey ("ward-tablets")."""

    kind = "webhook"
    label = "Ward survey"
    knows_by = "handle"
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    blueprints = (api.blueprint, api.control)
    api_paths = ("/webhook/",)
    replying = frozenset({"take_answer"})
    invitation = "Fill in the ward survey"
    newest_heading = "Newest answers to the survey"
    takes_rating = True
    threads = True
    answers_on_site = False  # the organisation's answers come by call-back
    place_rule = "A survey is called by small letters, digits and hyphens."

    def accepts(self, place: str) -> bool:
        return _NAME.fullmatch(self.place_key(place)) is not None

    def page(self, place: str) -> str:
        return f"/webhook/{quote(self.place_key(place))}"

    def item_id(self, serial: int, item: NewItem) -> str:
        return f"response-{4000 + serial}"

    def reply_id(self, serial: int, reply: kept.NewReply) -> str:
        return f"answer-{serial}"

    def kept_of(self, telling: Telling) -> Json:
        more: Json = {"fields": {name: telling.more[name] for name in _FIELDS if name in telling.more}}
        if telling.more.get("thread_id"):
            more["thread_id"] = str(telling.more["thread_id"])
        return more

    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        remote_id = super().tell(sandbox, telling)
        sending.send(sandbox.store, self.place_key(telling.place), [remote_id], "created")
        return remote_id

    def edit(self, sandbox: Sandbox, found: Json, changes: Mapping[str, Any]) -> str:
        remote_id = super().edit(sandbox, found, changes)
        sending.send(sandbox.store, found["handle"], [remote_id], "edited")
        return remote_id

    def withdraw(self, sandbox: Sandbox, found: Json, options: Mapping[str, str]) -> None:
        super().withdraw(sandbox, found, options)
        sending.send(sandbox.store, found["handle"], [found["remote_id"]], "withdrawn")

    def load(self, sandbox: Sandbox, place: str, texts: Sequence[str], moments: Sequence[int], salt: int) -> list[str]:
        ids = super().load(sandbox, place, texts, moments, salt)
        sending.send(sandbox.store, self.place_key(place), ids, "created")
        return ids

    def live(self, inventor: Inventor, key: str) -> str:
        remote_id = super().live(inventor, key)
        sending.send(inventor.sandbox.store, key, [remote_id], "created")
        return remote_id

    def called_back(self, sandbox: Sandbox, place: str, fields: Mapping[str, Any]) -> str:
        """Keep an answer that was sent to us, once for each key; return its id.

        Raises: Unusable, LookupError where the item is not there.
        """
        store, key = sandbox.store, str(fields.get("key") or "")
        known = api.answer_with(store, key)
        if known is not None:
            return str(known["id"])
        remote_id = str(fields.get("message_id") or "")
        found = kept.visible_item(store, self.kind, remote_id)
        if found is None or found["place"] != place:
            raise LookupError(remote_id)
        if not key or not isinstance(fields.get("text"), str):
            raise Unusable("key or text is missing.")
        return self.answer(sandbox, remote_id, fields["text"], str(fields.get("author_name") or ""), key=key)
