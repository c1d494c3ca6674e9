"""The national register: search as you type, and what is known of one provider."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from healthberry.core import register_terms as terms
from healthberry.core.register_ranking import EXACT, one_plan, ranked
from healthberry.core.register_terms import Asked
from healthberry.core.register_typos import meant
from healthberry.models.providers import Provider, RegisterVersion
from healthberry.register.kinds import SITE_KINDS, kind_label

__all__ = [
    "Hit",
    "RegisterFacts",
    "Successor",
    "count_open",
    "facts",
    "find",
    "kind_label",
    "names",
    "search",
    "site_codes",
]

_ENOUGH: Final = 3
_NAMED: Final = 0.3
_WHOLLY_NAMED: Final = 0.95
_MAYBE: Final = 0.85


@dataclass(frozen=True, slots=True)
class Successor:
    """Who took over a provider that closed."""

    ods_code: str
    name: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A provider that was found, with all that tells it from others of the same name.

    `successors` holds those open today who took over, directly or through others; more than one where a provider was
    split, none for open ones. `stale_since` is the day that its source describes when that is more than two years ago,
    else None.
    """

    ods_code: str
    name: str
    kind: str
    street: str | None
    town: str | None
    postcode: str | None
    nation: str
    web_domain: str | None
    parent_name: str | None
    closed_on: date | None
    successors: tuple[Successor, ...]
    stale_since: date | None

    @property
    def successor(self) -> Successor | None:
        """Who this provider is "now part of"; the first of them where it was split."""
        return self.successors[0] if self.successors else None


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """What the register knows of a provider that signs up."""

    ods_code: str
    name: str
    kind: str
    nation: str
    town: str | None
    postcode: str | None
    web_domain: str | None
    parent_code: str | None
    source_as_of: date
    site_codes: tuple[str, ...]


def search(session: Session, text: str, limit: int = 8) -> list[Hit]:
    """Find providers by name, former name, abbreviation, code, postcode and town, best first; [] for no words.

    Every word must be found, in any order, the last one as a beginning. Where that finds fewer than three, words that
    may have been mistyped are understood as their likeliest neighbours, and at last one word of three may be wrong.
    One question to the database, two or three more with typing mistakes.
    """
    asked = terms.read(text)
    if not asked.words:
        return []
    with one_plan(session):
        rows = ranked(session, asked, terms.query(asked), terms.ranking(asked), limit)
        if not _good(rows, asked, limit):
            rows = sorted((*_mistyped(session, asked, limit), *rows), key=lambda row: row.score)
            rows = list({row.ods_code: row for row in rows}.values())[::-1]
    return [_hit(row) for row in rows[:limit]]


def find(session: Session, ods_code: str) -> Provider | None:
    """Return the provider of this code, open or closed, or None; capitals and white space do not matter."""
    return session.get(Provider, ods_code.strip().upper())


def facts(session: Session, ods_code: str) -> RegisterFacts | None:
    """Return what sign-up and discovery need to know of a provider, its sites included; None for an unknown code."""
    provider = find(session, ods_code)
    if provider is None:
        return None
    return RegisterFacts(
        ods_code=provider.ods_code,
        name=provider.name,
        kind=provider.kind,
        nation=provider.nation,
        town=provider.town,
        postcode=provider.postcode,
        web_domain=provider.web_domain,
        parent_code=provider.parent_code,
        source_as_of=provider.source_as_of,
        site_codes=tuple(site_codes(session, provider.ods_code)),
    )


def site_codes(session: Session, ods_code: str) -> list[str]:
    """List the codes of the open sites of a trust or another owner of hospitals, hospitals first."""
    sites = (
        select(Provider.ods_code)
        .where(Provider.parent_code == ods_code.strip().upper(), Provider.kind.in_(SITE_KINDS))
        .where(Provider.closed_on.is_(None))
        .order_by(Provider.weight.desc(), Provider.ods_code)
    )
    return list(session.scalars(sites))


def names(session: Session, ods_codes: Collection[str]) -> dict[str, str]:
    """Return the display name of each of the codes that the register knows, open or closed."""
    found = select(Provider.ods_code, Provider.name).where(Provider.ods_code.in_(ods_codes))
    return dict(iter(session.execute(found))) if ods_codes else {}


def count_open(session: Session) -> int:
    """Return how many open providers the register holds, as counted when it was loaded; 0 before the first load."""
    return session.scalar(select(func.coalesce(func.max(RegisterVersion.open_count), 0))) or 0


def _good(rows: Sequence[Row[Any]], asked: Asked, limit: int) -> bool:
    """Tell whether the hits are what was meant: an exact one, or enough of which one is named as was asked.

    Of three words and more that are all in one name, none is mistyped.
    """
    if any(row.score >= EXACT for row in rows):
        return True
    fit = max((row.fit for row in rows), default=0)
    if len(asked.words) >= _ENOUGH and fit >= _WHOLLY_NAMED:
        return True
    return len(rows) >= min(_ENOUGH, limit) and fit >= _NAMED


def _mistyped(session: Session, asked: Asked, limit: int) -> list[Row[Any]]:
    """Search again for what was perhaps meant, and if that is not named so either, for all but one word of it."""
    guess = meant(session, asked.words)
    if not guess.near:
        return []
    apart = replace(asked, words=guess.words)
    ranking = terms.ranking(apart, guess.near)
    rows = list(ranked(session, apart, terms.query(apart, guess.near), ranking, limit, _MAYBE))
    loose = terms.all_but_one(apart, guess.near)
    if loose and max((row.fit for row in rows), default=0) < _NAMED:
        rows += ranked(session, apart, loose, ranking, limit, _MAYBE)
    return rows


def _hit(row: Row[Any]) -> Hit:
    return Hit(
        ods_code=row.ods_code,
        name=row.name,
        kind=row.kind,
        street=row.street,
        town=row.town,
        postcode=row.postcode,
        nation=row.nation,
        web_domain=row.web_domain,
        parent_name=row.parent_name,
        closed_on=row.closed_on,
        successors=tuple(Successor(*pair) for pair in row.successors),
        stale_since=row.stale_since,
    )
