"""What NHS.UK is to control, pages, faults and life."""

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from healthberry.sandbox.config import chance
from healthberry.sandbox.invent import DAY, Inventor, visit
from healthberry.sandbox.moments import stamp
from healthberry.sandbox.site import Json, Key, Site
from healthberry.sandbox.state import Sandbox
from healthberry.sandbox.store import Row, Store
from healthberry.sandbox.telling import Line, Telling, Unusable, first_words, rated, said

from . import api, moderation, pages, past, syndication
from . import store as reviews

# Adds its views to the blueprint of the readers' API.
_ADDING = (moderation,)


class NhsUk(Site):
    """NHS.UK: reviews with a rating, and the one response that each may have."""

    kind = "nhsuk"
    label = "NHS.UK"
    keys = (
        Key("NHSUK_SUBSCRIPTION_KEY", lambda: secrets.token_hex(16)),
        Key("NHSUK_PUBLISHER_ID", lambda: "SANDBOXPUB"),
        Key("NHSUK_PUBLISHER_KEY", lambda: secrets.token_hex(16)),
    )
    tables = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    blueprints = (api.blueprint, pages.blueprint, syndication.blueprint)
    api_paths = ("/nhsuk/comments/", "/nhsuk/moderation/", "/nhsuk/syndication/")
    replying = frozenset({"respond"})
    lists = frozenset({"comments"})
    list_key = "comments"
    strays = ({"comment": None, "response": None}, {"response": None})
    invitation = "Leave a review on NHS.UK"
    question = "Your review"
    needs_title = True
    takes_rating = True
    newest_heading = "Newest reviews on NHS.UK"

    def tell(self, sandbox: Sandbox, telling: Telling) -> str:
        place = self.checked(telling.place)
        if telling.in_reply_to:
            raise Unusable("A review cannot answer another item.")
        now = sandbox.store.now() if telling.posted_at is None else telling.posted_at
        month, year = visit(now)
        new = reviews.NewReview(
            place,
            telling.title or first_words(telling.text) or "No title",
            telling.text,
            telling.author or "Anonymous",
            now,
            now + int(telling.hidden_seconds * 1000),
            month,
            year,
            rated(telling),
        )
        return reviews.add_reviews(sandbox.store, [new])[0]

    def shown(self, sandbox: Sandbox, remote_id: str) -> Json | None:
        store = sandbox.store
        review = reviews.any_review(store, remote_id)
        if review is None:
            return None
        row = reviews.response_to(store, review["ref"], published_only=False)
        state = {"Published": "published", "Removed": "withdrawn"}.get(review["status"], "gone")
        return {
            "remote_id": review["guid"],
            "text": review["body"],
            "title": review["title"],
            "author": review["screen_name"],
            "state": "awaiting publication" if review["published_at"] > store.now() else state,
            "rating": review["rating"],
            "at": stamp(review["submitted_at"]),
            "ods_code": review["ods_code"],
            "replies": [_described(store, row)] if row else [],
        }

    def listed(self, sandbox: Sandbox, place: str, options: Mapping[str, str]) -> list[str]:
        with_sites = options.get("include_sites") == "1"
        return reviews.visible_guids(sandbox.store, self.place_key(place), with_sites=with_sites)

    def edit(self, sandbox: Sandbox, found: Json, changes: Mapping[str, Any]) -> str:
        store, guid = sandbox.store, str(found["remote_id"])
        if changes.get("status") in ("Published", "Removed"):
            reviews.set_status(store, guid, changes["status"])
            return guid
        values = (said(changes), str(changes.get("title") or found["title"]), store.now(), guid)
        store.run("UPDATE nu_comments SET body = ?, title = ?, updated_at = ? WHERE guid = ?", *values)
        return guid

    def withdraw(self, sandbox: Sandbox, found: Json, options: Mapping[str, str]) -> None:
        status = "Gone" if options.get("how") == "gone" else "Removed"
        reviews.set_status(sandbox.store, found["remote_id"], status)

    def load(self, sandbox: Sandbox, place: str, texts: Sequence[str], moments: Sequence[int], salt: int) -> list[str]:
        code = self.checked(place)
        source = chance(sandbox.config.random_seed, "authors", salt)
        new = []
        for text, moment in zip(texts, moments, strict=True):
            month, year = visit(moment - 10 * DAY)
            name, sent = sandbox.texts.signature(source), moment - 3_600_000
            stars = source.choice([1, 2, 3, 4, 5, 5])
            new.append(reviews.NewReview(code, first_words(text), text, name, sent, moment, month, year, stars))
        return reviews.add_reviews(sandbox.store, new)

    def past(self, inventor: Inventor, key: str, number: int) -> None:
        past.past(inventor, key, number)

    def live(self, inventor: Inventor, key: str) -> str:
        store = inventor.sandbox.store
        return reviews.add_reviews(store, [past.review(inventor, key, store.now())[0]])[0]

    def items(self, store: Store) -> int:
        return int(store.value("SELECT COUNT(*) AS n FROM nu_comments"))

    def by_author(self, sandbox: Sandbox, author: str) -> list[str]:
        sql = "SELECT guid FROM nu_comments WHERE screen_name = ? ORDER BY submitted_at DESC LIMIT 50"
        return [row["guid"] for row in sandbox.store.rows(sql, author)]

    def newest(self, sandbox: Sandbox, place: str) -> list[Line]:
        sql = """SELECT guid, ods_code, title, screen_name, rating, submitted_at FROM nu_comments
                 WHERE ods_code = ? AND status = 'Published' AND published_at <= ? AND publisher_id = 'nhsuk'
                 ORDER BY submitted_at DESC LIMIT 25"""
        rows = sandbox.store.rows(sql, self.place_key(place), sandbox.store.now())
        return [Line(_path(row), row["title"], row["screen_name"], row["submitted_at"], row["rating"]) for row in rows]

    def address(self, sandbox: Sandbox, remote_id: str) -> str:
        review = reviews.any_review(sandbox.store, remote_id)
        return _path(review) if review else "/"


def _path(review: Row) -> str:
    return f"/nhsuk/services/{quote(review['ods_code'])}/reviews/{review['guid']}"


def _described(store: Store, row: Row) -> Json:
    return {
        "remote_id": row["guid"],
        "text": row["body"],
        "author": row["author"],
        "at": stamp(row["submitted_at"]),
        "state": "awaiting publication" if row["published_at"] > store.now() else "published",
    }
