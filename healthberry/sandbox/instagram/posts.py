"""What stands below an account's posts and elsewhere about it, read from the common tables.

An item's `more` says how it was written (`as`): comment, mention (a comment elsewhere), caption (a post elsewhere
that names the account) or tag (in the picture of a post elsewhere). The account's own posts are kept nowhere: each is
there for about twelve comments.
"""

import json
from dataclasses import dataclass
from typing import Any

from healthberry.sandbox.facebook import graph
from healthberry.sandbox.store import Row, Store

KIND = "instagram"
PER_POST = 12
HOUR = 3_600_000


@dataclass
class Thing:
    """One comment, or one post elsewhere, in whatever state; times in UTC milliseconds."""

    id: str
    kind: str
    text: str
    at: int
    username: str
    media: str
    parent: str = ""
    state: str = "published"
    ours: bool = False


@dataclass
class Account:
    """A professional account with all that is about it, newest first."""

    page: Row
    ig_id: str
    things: list[Thing]

    def find(self, ident: str) -> Thing | None:
        """Find a thing by its id."""
        return next((one for one in self.things if one.id == ident), None)

    def comments(self, media: str, parent: str = "") -> list[Thing]:
        """Return comments of one level: under a post, or below one comment."""
        return [one for one in self.things if one.kind == "comment" and (one.media, one.parent) == (media, parent)]

    def media(self) -> list[tuple[str, int]]:
        """Return the account's own posts with their times, newest first."""
        first = {own_media(self.ig_id, 0): int(self.page["created_at"])}
        for one in self.things:
            if one.kind == "comment":
                first[one.media] = min(one.at - HOUR, first.get(one.media, one.at))
        return sorted(first.items(), key=lambda known: -known[1])


def own_media(ig_id: str, number: int) -> str:
    """Return the id of the account's own post of a number."""
    return f"179{ig_id[-8:]}{number:05d}"


def next_media(store: Store, place: str, adding: int) -> str:
    """Return the post that the next comment goes under; `adding` were just decided on."""
    there = store.value("SELECT COUNT(*) AS n FROM simple_items WHERE channel = ? AND place = ?", KIND, place) or 0
    return own_media(graph.instagram_id_of(place), (int(there) + adding) // PER_POST)


def account(store: Store, place: str) -> Account:
    """Read an account, which exists from now on."""
    page = graph.pages_at(store, place)
    ig_id = graph.instagram_id_of(page["place"])
    rows = store.rows("SELECT * FROM simple_items WHERE channel = ? AND place = ?", KIND, page["place"])
    things = [_item(row, store.now()) for row in rows]
    sql = "SELECT * FROM simple_replies WHERE channel = ? AND json_extract(more, '$.account') = ?"
    things += [_reply(row, page["place"]) for row in store.rows(sql, KIND, ig_id)]
    return Account(page, ig_id, sorted(things, key=lambda one: (one.at, one.id), reverse=True))


def _item(row: Row, now: int) -> Thing:
    more: dict[str, Any] = json.loads(row["more"])
    waiting = row["state"] == "published" and row["published_at"] > now
    return Thing(
        id=row["id"],
        kind=str(more.get("as", "comment")),
        text=row["text"],
        at=row["published_at"],
        username=username(row["author"]),
        media=str(more.get("media", "")),
        parent=str(more.get("parent", "")),
        state="waiting" if waiting else row["state"],
    )


def _reply(row: Row, place: str) -> Thing:
    more: dict[str, Any] = json.loads(row["more"])
    kind = "comment" if more.get("parent") else "answer"
    media, parent = str(more.get("media", "")), str(more.get("parent", ""))
    return Thing(row["id"], kind, row["text"], row["published_at"], place, media, parent, row["state"], ours=True)


def username(author: str) -> str:
    """Return the name by which a person is known here."""
    made = "".join(letter if letter.isalnum() and letter.isascii() else "." for letter in author.lower()).strip(".")
    return made[:30] or "somebody"


def find(store: Store, ident: str) -> tuple[Account, Thing] | None:
    """Find a thing of whatever account, in whatever state."""
    place = store.value("SELECT place FROM simple_items WHERE channel = ? AND id = ?", KIND, ident)
    if place is None:
        item = store.value("SELECT item_id FROM simple_replies WHERE channel = ? AND id = ?", KIND, ident)
        place = store.value("SELECT place FROM simple_items WHERE channel = ? AND id = ?", KIND, item)
    if place is None:
        return None
    found = account(store, place)
    thing = found.find(ident)
    return (found, thing) if thing else None


def by_id(store: Store, ig_id: str) -> Account | None:
    """Find an account by its id."""
    for row in store.rows("SELECT place FROM facebook_pages"):
        if graph.instagram_id_of(row["place"]) == ig_id:
            return account(store, row["place"])
    return None


def by_media(store: Store, media: str) -> Account | None:
    """Find the account whose own post this is."""
    for row in store.rows("SELECT place FROM facebook_pages"):
        if media.startswith(f"179{graph.instagram_id_of(row['place'])[-8:]}"):
            return account(store, row["place"])
    return None
