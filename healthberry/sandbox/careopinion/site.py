"""What Care Opinion is to control, pages, faults and life."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from flask import Response, request

from healthberry.sandbox.config import chance
from healthberry.sandbox.invent import DAY, Inventor
from healthberry.sandbox.moments import stamp
from healthberry.sandbox.nhsuk.copies import copy_to_nhsuk
from healthberry.sandbox.site import Json, Key, Site
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.store import Store
from healthberry.sandbox.telling import Line, Telling, Unusable, first_words, said

from . import api, control, pages, past
from . import store as stories

# How many of the stories also appear at NHS.UK.
COPIED = 0.15


def listed(given: object) -> list[dict[str, object]]:
    """Return a list of objects that control gave, [] for anything else."""
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


class CareOpinion(Site):
    """Care Opinion: stories about services, with responses that a moderator lets through."""

    kind = "careopinion"
    label = "Care Opinion"
    keys = (Key("CAREOPINION_SUBSCRIPTION_KEY"),)
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    blueprints = (api.blueprint, pages.blueprint, control.blueprint)
    api_paths = ("/careopinion/api/",)
    lists = frozenset({"opinions", "responses", "opinion_responses"})
    strays: ClassVar[tuple[object, ...]] = ("Sorry! Something went wrong.", {"links": []})
    invitation = "Tell a story at Care Opinion"
    question = "Your story"
    needs_title = True
    newest_heading = "Newest stories at Care Opinion"

    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        place = self.checked(telling.place)
        if telling.in_reply_to:
            raise Unusable("A story cannot answer another item.")
        now = sandbox.store.now() if telling.posted_at is None else telling.posted_at
        title, author = telling.title or first_words(telling.text) or "No title", telling.author or "Anonymous"
        shown = now + int(telling.hidden_seconds * 1000)
        new = stories.NewStory(place, title, telling.text, author, now, shown, criticality=None)
        new.tags, new.ratings = listed(telling.more.get("tags")), listed(telling.more.get("ratings"))
        number = stories.add_stories(sandbox.store, [new])[0]
        if telling.syndicate:
            self._copy(sandbox, number)
        return str(number)

    def _copy(self, sandbox: Sandbox, number: int) -> None:
        copy_to_nhsuk(sandbox.store, sandbox.store.sure("SELECT * FROM co_stories WHERE id = ?", number))

    def shown(self, sandbox: Sandbox, remote_id: str) -> Json | None:
        store = sandbox.store
        story = stories.any_story(store, int(remote_id)) if remote_id.isdigit() and len(remote_id) < 19 else None
        if story is None:
            return None
        waiting = story["published_at"] > store.now()
        state = "withdrawn" if story["state"] != "visible" else "awaiting publication" if waiting else "published"
        return {
            "remote_id": remote_id,
            "text": story["body"],
            "title": story["title"],
            "author": story["author"],
            "state": state,
            "at": stamp(story["published_at"]),
            "ods_code": story["place"],
            "replies": [
                {
                    "remote_id": str(row["id"]),
                    "text": row["body"],
                    "typed_text": row["typed"],
                    "author": row["author"],
                    "at": stamp(row["submitted_at"]),
                    "state": "awaiting publication" if row["published_at"] > store.now() else "published",
                }
                for row in stories.responses(store, story["id"], published_only=False)
            ],
        }

    def listed(self, sandbox: Sandbox, place: str, options: Mapping[str, str]) -> list[str]:
        return [str(number) for number in stories.visible_ids(sandbox.store, self.place_key(place))]

    def edit(self, sandbox: Sandbox, found: Json, changes: Mapping[str, Any]) -> str:
        values = (said(changes), str(changes.get("title") or found["title"]), int(found["remote_id"]))
        sandbox.store.run("UPDATE co_stories SET body = ?, title = ? WHERE id = ?", *values)
        return str(found["remote_id"])

    def withdraw(self, sandbox: Sandbox, found: Json, options: Mapping[str, str]) -> None:
        sandbox.store.run("UPDATE co_stories SET state = 'withdrawn' WHERE id = ?", int(found["remote_id"]))

    def load(self, sandbox: Sandbox, place: str, texts: Sequence[str], moments: Sequence[int], salt: int) -> list[str]:
        code = self.checked(place)
        source = chance(sandbox.config.random_seed, "authors", salt)
        new = [
            stories.NewStory(code, first_words(text), text, sandbox.texts.screen_name(source), moment - DAY, moment)
            for text, moment in zip(texts, moments, strict=True)
        ]
        return [str(number) for number in stories.add_stories(sandbox.store, new)]

    def past(self, inventor: Inventor, key: str, number: int) -> None:
        past.past(inventor, key, number)

    def live(self, inventor: Inventor, key: str) -> str:
        sandbox = inventor.sandbox
        number = stories.add_stories(sandbox.store, [past.story(inventor, key, sandbox.store.now())[0]])[0]
        asked = sandbox.store.row("SELECT 1 FROM places WHERE channel = 'nhsuk' AND place = ?", key)
        if inventor.source.random() < COPIED and asked:
            self._copy(sandbox, number)
        return str(number)

    def items(self, store: Store) -> int:
        return int(store.value("SELECT COUNT(*) AS n FROM co_stories"))

    def by_author(self, sandbox: Sandbox, author: str) -> list[str]:
        sql = "SELECT id FROM co_stories WHERE author = ? ORDER BY published_at DESC LIMIT 50"
        return [str(row["id"]) for row in sandbox.store.rows(sql, author)]

    def newest(self, sandbox: Sandbox, place: str) -> list[Line]:
        sql = """SELECT s.id, s.title, s.author, s.published_at FROM co_places p JOIN co_stories s ON s.id = p.story_id
                 WHERE p.nacs = ? AND p.published_at <= ? AND s.state = 'visible'
                 ORDER BY p.published_at DESC LIMIT 25"""
        rows = sandbox.store.rows(sql, self.place_key(place), sandbox.store.now())
        return [Line(f"/careopinion/{row['id']}", row["title"], row["author"], row["published_at"]) for row in rows]

    def address(self, sandbox: Sandbox, remote_id: str) -> str:
        return f"/careopinion/{remote_id}"

    def refusal(self, sandbox: Sandbox, status: int, seconds: int) -> Response:
        if status == 401:
            return Response("", 302, {"Location": f"{request.host_url}careopinion/login"})
        return super().refusal(sandbox, status, seconds)
