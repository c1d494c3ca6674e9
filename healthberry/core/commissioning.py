"""What a commissioner is shown of its providers: figures, and what is published. And who commissions whom.

It is the only way from one organisation to another, and it is narrow: each question is a function in the database that
takes the asking organisation from the transaction and gives counts as they may be said, or published words (migration
0030). No table of a provider is read from here. Who commissions whom is what the register says, or the operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from healthberry.core import cursors
from healthberry.core.errors import NotFound
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.organisations import Member

PAGE = 20

_IS = text("SELECT is_commissioner()")
_PROVIDERS = text("SELECT id, ods_code, name, kind, town FROM commissioned_providers()")
_COMMISSIONERS = text("SELECT name FROM commissioners_here()")
_FIGURES = text("SELECT month, channel_kind, items, answered FROM commissioned_figures(:provider_id)")
_WORDS = text("""
SELECT conversation_id, started_at, channel_kind, service_name, rating, rating_out_of, direction, title, words,
       posted_on, url
  FROM commissioned_words(:provider_id, :before, :before_id, :most)
""")


class Commissioned(NamedTuple):
    """A provider that signed up, by what the register says of it."""

    id: UUID
    ods_code: str | None
    name: str
    kind: str
    town: str | None


class Figure(NamedTuple):
    """How many came in and how many of them were answered, to the nearest five; None stands for one to seven.

    `month` is None for the whole year, `channel_kind` for all channels.
    """

    month: date | None
    channel_kind: str | None
    items: int | None
    answered: int | None

    @property
    def share(self) -> int | None:
        """Return how many of a hundred were answered, from the rounded counts; None where that may not be said."""
        if not self.items or self.answered is None:
            return None
        return min(100, round(100 * self.answered / self.items))


@dataclass(frozen=True)
class Said:
    """One published message; `ours` are answers of the provider."""

    direction: str
    title: str
    words: str
    posted_on: date
    url: str | None


@dataclass(frozen=True)
class Published:
    """One conversation as anybody can read it on its site."""

    id: UUID
    channel_kind: str
    service_name: str | None
    rating: float | None
    rating_out_of: float | None
    said: list[Said] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """Some published conversations, the newest first, and the cursor of the next ones ("" at the end)."""

    found: Sequence[Published]
    next: str


def is_commissioner(member: Member) -> bool:
    """Say whether the member's organisation commissions others: a board by the register, or what the operator said."""
    return bool(db.session.scalar(_IS))


def providers(member: Member) -> Sequence[Commissioned]:
    """Return the organisation's providers that signed up, by name. Raises: NotAllowed; NotFound for who is none."""
    require(member, "see_providers")
    if not is_commissioner(member):
        raise NotFound
    return [Commissioned(*row) for row in db.session.execute(_PROVIDERS)]


def provider(member: Member, provider_id: UUID) -> Commissioned:
    """Return one of the organisation's providers. Raises: NotAllowed, NotFound."""
    found = next((one for one in providers(member) if one.id == provider_id), None)
    if found is None:
        raise NotFound
    return found


def figures(member: Member, provider_id: UUID) -> Sequence[Figure]:
    """Return a provider's last twelve months, with their sums. Raises: NotAllowed, NotFound."""
    provider(member, provider_id)
    return [Figure(*row) for row in db.session.execute(_FIGURES, {"provider_id": provider_id})]


def published(member: Member, provider_id: UUID, after: str = "") -> Page:
    """Return what is published about a provider and what it answered. Raises: NotAllowed, NotFound."""
    provider(member, provider_id)
    before, before_id = cursors.read(after) or (None, None)
    values = {"provider_id": provider_id, "before": before, "before_id": before_id, "most": PAGE + 1}
    found: dict[UUID, Published] = {}
    begun: dict[UUID, datetime] = {}
    for row in db.session.execute(_WORDS, values):
        begun[row.conversation_id] = row.started_at
        one = found.setdefault(row.conversation_id, Published(row.conversation_id, *row[2:6]))
        one.said.append(Said(row.direction, row.title, row.words, row.posted_on, row.url))
    shown = list(found.values())[:PAGE]
    more = len(found) > PAGE
    return Page(shown, cursors.make(begun[shown[-1].id], shown[-1].id) if more else "")


def commissioners(member: Member) -> Sequence[str]:
    """Return the names of those who are shown this organisation's figures and published words."""
    return list(db.session.scalars(_COMMISSIONERS))
