"""Care Opinion's stories, responses and services."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from healthberry.sandbox.store import Row, Store

FIRST_ID = 1_000_001


@dataclass
class NewStory:
    """A story in the making; `place` is the service's code; times in UTC milliseconds."""

    place: str
    title: str
    body: str
    author: str
    submitted_at: int
    published_at: int
    author_role: str = "a patient"
    age_group: str | None = None
    criticality: str | None = None
    tags: list[dict[str, object]] = field(default_factory=list)
    ratings: list[dict[str, object]] = field(default_factory=list)


@dataclass
class NewResponse:
    """A response in the making; `typed` is what the organisation wrote, `body` what the moderator lets through."""

    story_id: int
    typed: str
    body: str
    author: str
    author_role: str
    place: str
    submitted_at: int
    published_at: int
    change_int: int = 0


def levels(place: str) -> list[str]:
    """Return a service's code and every code above it: `RYJ01 maternity` lies under `RYJ01`, which lies under `RYJ`."""
    code = place.split(" ", 1)[0]
    found = [place, code]
    if re.fullmatch(r"[RT][A-Z0-9]{4,7}", code):
        found.append(code[:3])
    return list(dict.fromkeys(found))


def add_stories(store: Store, stories: Sequence[NewStory]) -> list[int]:
    """Store stories; return their numbers in the order given."""
    with store.writing():
        first = max(FIRST_ID, (store.value("SELECT MAX(id) AS top FROM co_stories") or 0) + 1)
        numbered = list(enumerate(stories, first))
        store.many(
            """INSERT INTO co_stories (id, place, title, body, author, author_role, age_group,
               submitted_at, published_at, criticality, tags, ratings)
               VALUES (?,?,?,?,?,?,?,?,?,?,?,?)""",
            (
                (
                    n,
                    s.place,
                    s.title,
                    s.body,
                    s.author,
                    s.author_role,
                    s.age_group,
                    s.submitted_at,
                    s.published_at,
                    s.criticality,
                    json.dumps(s.tags),
                    json.dumps(s.ratings),
                )
                for n, s in numbered
            ),
        )
        places = ((nacs, s.published_at, n) for n, s in numbered for nacs in levels(s.place))
        store.many("INSERT INTO co_places VALUES (?, ?, ?)", places)
    return [number for number, _ in numbered]


def story(store: Store, number: int) -> Row | None:
    """Find a story that readers can see."""
    sql = "SELECT * FROM co_stories WHERE id = ? AND state = 'visible' AND published_at <= ?"
    return store.row(sql, number, store.now())


def any_story(store: Store, number: int) -> Row | None:
    """Find a story in whatever state."""
    return store.row("SELECT * FROM co_stories WHERE id = ?", number)


def visible_ids(store: Store, nacs: str) -> list[int]:
    """Return the numbers of all stories that the API lists for a code, oldest first."""
    sql = """SELECT s.id FROM co_places p JOIN co_stories s ON s.id = p.story_id
             WHERE p.nacs = ? AND p.published_at <= ? AND s.state = 'visible' ORDER BY p.published_at, s.id"""
    return [row["id"] for row in store.rows(sql, nacs, store.now())]


def add_responses(store: Store, responses: Sequence[NewResponse]) -> list[int]:
    """Store responses; return their numbers in the order given."""
    with store.writing():
        first = max(7 * FIRST_ID, (store.value("SELECT MAX(id) AS top FROM co_responses") or 0) + 1)
        numbered = list(enumerate(responses, first))
        store.many(
            "INSERT INTO co_responses VALUES (?,?,?,?,?,?,?,?,?,?)",
            (
                (
                    n,
                    r.story_id,
                    r.body,
                    r.typed,
                    r.author,
                    r.author_role,
                    r.place,
                    r.submitted_at,
                    r.published_at,
                    r.change_int,
                )
                for n, r in numbered
            ),
        )
    return [number for number, _ in numbered]


def responses(store: Store, number: int, published_only: bool = True) -> list[Row]:
    """Return a story's responses, oldest first."""
    until = store.now() if published_only else 2**62
    sql = "SELECT * FROM co_responses WHERE story_id = ? AND published_at <= ? ORDER BY published_at, id"
    return store.rows(sql, number, until)


def moderated(text: str, habit: str, chance: Random) -> str:
    """Return what the moderator makes of a response: the same text, or one with a light edit, as the habit says."""
    if habit == "never" or (habit == "sometimes" and chance.random() > 0.34):
        return text
    edited = re.sub(r"\b07\d{3}[ ]?\d{6}\b", "[number removed]", text.strip())
    edited = re.sub(r"!+", ".", edited)
    edited = re.sub(r"^(Hi|Hello)\b,?", "Dear author,", edited)
    edited = re.sub(r"\bcan't\b", "cannot", edited)
    return edited if edited != text else edited + "\n\nBest wishes"
