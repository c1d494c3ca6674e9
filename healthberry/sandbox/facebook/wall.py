"""What stands on a Page, read from the common tables: its posts, what people wrote, what the Page answered.

An item's `more` says how it was written (`as`): comment, visitor, tagged, rating or message. Comments know their post
and, where they answer one, the first comment of the two levels. The Page's own posts are kept nowhere: each is there
for about twelve comments.
"""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from healthberry.sandbox.store import Row, Store

from . import graph

KIND = "facebook"
PER_POST = 12
HOUR = 3_600_000
POSTS = (
    "Our new clinic opens today. Thank you to everybody who made it happen.",
    "Flu jabs are here. Book yours at reception.",
    "Meet the team: this week our volunteers.",
    "We are sorry for the long waits this week. Here is what we do about it.",
    "Visiting times change from Monday.",
)


@dataclass
class Thing:
    """One thing on a Page in whatever state; times in UTC milliseconds. `by_page` says that the Page wrote it."""

    id: str
    kind: str  # own, visitor, tagged, comment, rating, message
    text: str
    at: int
    author: str
    person: str
    by_page: bool = False
    state: str = "published"
    post: str = ""
    parent: str = ""
    answers: str = ""  # the item that the Page answered
    rating: int | None = None
    by_app: bool = False
    private: bool = False
    metadata: str = ""


@dataclass
class Wall:
    """Everything on one Page, newest first."""

    page: Row
    things: list[Thing] = field(default_factory=list)

    def find(self, ident: str) -> Thing | None:
        """Find a thing by its id."""
        return next((one for one in self.things if one.id == ident), None)

    def of(self, *kinds: str) -> list[Thing]:
        """Return the things of some kinds."""
        return [one for one in self.things if one.kind in kinds]

    def comments(self, post: str) -> list[Thing]:
        """Return all comments under a post, on both levels."""
        return [one for one in self.things if one.kind == "comment" and one.post == post]

    def messages(self, person: str) -> list[Thing]:
        """Return what a person and the Page wrote to each other in private."""
        return [one for one in self.things if one.kind == "message" and one.person == person]

    def threads(self) -> list[str]:
        """Return with whom the Page has private exchanges, the latest first."""
        return list(dict.fromkeys(one.person for one in self.of("message")))

    def answered_privately(self, ident: str) -> Thing | None:
        """Return the private answer to a comment or post."""
        return next((one for one in self.of("message") if one.private and one.answers == ident), None)


def person_id(page_id: str, author: str) -> str:
    """Return the id by which a Page knows a person: another one on each Page."""
    return str(10**15 + int(sha256(f"{page_id} {author}".encode()).hexdigest()[:12], 16))


def thread_id(person: str) -> str:
    """Return the id of the private exchange with a person."""
    return f"t_{person}"


def own_post(page_id: str, number: int) -> str:
    """Return the id of the Page's own post of a number."""
    return f"{page_id}_{page_id[-7:]}{number:04d}"


def part(post: str) -> str:
    """Return the part of a post's id that its comments' ids begin with."""
    return post.partition("_")[2]


def wall(store: Store, page: Row) -> Wall:
    """Read a Page."""
    items = store.rows("SELECT * FROM simple_items WHERE channel = ? AND place = ?", KIND, page["place"])
    sql = "SELECT * FROM simple_replies WHERE channel = ? AND json_extract(more, '$.page') = ?"
    things = [_item(page, row, store.now()) for row in items]
    things += [_reply(page, row) for row in store.rows(sql, KIND, page["page_id"])]
    things += _own_posts(page, things)
    return Wall(page, sorted(things, key=lambda one: (one.at, one.id), reverse=True))


def _item(page: Row, row: Row, now: int) -> Thing:
    more: dict[str, Any] = json.loads(row["more"])
    kind = str(more.get("as", "comment"))
    waiting = row["state"] == "published" and row["published_at"] > now
    return Thing(
        id=row["id"],
        kind=kind,
        text=row["text"],
        at=row["published_at"],
        author=row["author"],
        person=person_id(page["page_id"], row["author"]),
        state="waiting" if waiting else row["state"],
        post=str(more.get("post", "")) if kind == "comment" else row["id"],
        parent=str(more.get("parent", "")),
        rating=row["rating"],
    )


def _reply(page: Row, row: Row) -> Thing:
    more: dict[str, Any] = json.loads(row["more"])
    private = bool(more.get("private"))
    return Thing(
        id=row["id"],
        kind="message" if private else "comment",
        text=row["text"],
        at=row["published_at"],
        author=page["name"],
        person=str(more.get("person", "")) if private else page["page_id"],
        by_page=True,
        state=row["state"],
        post=str(more.get("post", "")),
        parent=str(more.get("parent", "")),
        answers=row["item_id"],
        by_app=bool(more.get("by_app")),
        private=bool(more.get("once")),
        metadata=str(more.get("metadata", "")),
    )


def _own_posts(page: Row, things: list[Thing]) -> list[Thing]:
    first: dict[str, int] = {own_post(page["page_id"], 0): page["created_at"]}
    own = f"{page['page_id']}_{page['page_id'][-7:]}"
    for one in things:
        if one.kind == "comment" and one.post.startswith(own):
            first[one.post] = min(one.at - HOUR, first.get(one.post, one.at))
    us = (page["name"], page["page_id"])
    words = {ident: POSTS[int(ident[-4:]) % len(POSTS)] for ident in first}
    return [Thing(ident, "own", words[ident], at, *us, by_page=True, post=ident) for ident, at in first.items()]


def next_post(store: Store, page: Row, adding: int) -> str:
    """Return the id of the Page's post that the next comment goes under; `adding` were just decided on."""
    sql = "SELECT COUNT(*) AS n FROM simple_items WHERE channel = ? AND place = ?"
    there = int(store.value(sql, KIND, page["place"]) or 0)
    return own_post(page["page_id"], (there + adding) // PER_POST)


def find(store: Store, ident: str) -> tuple[Wall, Thing] | None:
    """Find a thing on whatever Page, in whatever state."""
    place = store.value("SELECT place FROM simple_items WHERE channel = ? AND id = ?", KIND, ident)
    by = "SELECT json_extract(more, '$.page') FROM simple_replies WHERE channel = ? AND id = ?"
    page_id = graph.page_id_of(place) if place else store.value(by, KIND, ident)
    page = graph.page_of(store, page_id or ident.partition("_")[0])
    if page is None:
        return None
    here = wall(store, page)
    thing = here.find(ident)
    return (here, thing) if thing else None
