"""Finding a provider: the right one among the first three, and how long that takes on the full register.

`register_queries.csv` holds 200 requests as people type them, each with the code that is meant. Server time is
`core.register.search`, which the page calls; the limit beside it is its first statement alone, straight in SQL.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from benchmarks.measure import Figure, milliseconds, percentile
from benchmarks.servers import bench
from healthberry.core import register, register_ranking, register_terms
from healthberry.register import load

TARGET_MS = 15.0
TARGET_SHARE = 95.0
_QUERIES = Path(__file__).with_name("register_queries.csv")
_ROUNDS = 5
_FIRST = 3


@dataclass(frozen=True)
class Query:
    """One request, the code that is meant, and what makes it hard."""

    text: str
    ods_code: str
    category: str


def main(database_url: str | None = None) -> list[Figure]:
    """Measure against a migrated database, or against a private one that is loaded first; return the figures.

    `database_url` must lead to the owner of the tables; its register is brought up to date.
    """
    with _engine(database_url) as engine:
        figures = _loading(engine)
        with Session(engine) as session:
            queries = read_queries()
            return [*figures, *_found(session, queries), *_times(session, queries)]


def read_queries() -> list[Query]:
    """Read the committed list."""
    with _QUERIES.open(encoding="utf-8", newline="") as file:
        return [Query(row["query"], row["ods_code"], row["category"]) for row in csv.DictReader(file)]


def misses(session: Session, queries: list[Query]) -> list[Query]:
    """Return the requests whose provider is not among the first three hits."""
    return [query for query in queries if query.ods_code not in _codes(session, query.text)]


@contextmanager
def _engine(database_url: str | None) -> Iterator[Engine]:
    if database_url is None:
        with bench() as running, _engine(running.postgres.owner_url) as engine:
            yield engine
        return
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://", 1))
    yield engine
    engine.dispose()


def _loading(engine: Engine) -> list[Figure]:
    first = milliseconds(lambda: _load(engine)) / 1000
    again = milliseconds(lambda: _load(engine)) / 1000
    return [
        Figure("register: first load", first, "s", 20.0),
        Figure("register: second load, nothing to do", again, "s", 2.0),
    ]


def _load(engine: Engine) -> None:
    with engine.begin() as connection:
        load.load(connection)


def _found(session: Session, queries: list[Query]) -> list[Figure]:
    missed = misses(session, queries)
    share = 100 * (1 - len(missed) / len(queries))
    by_category = Counter(query.category for query in missed)
    note = ", ".join(f"{category}: {count} missed" for category, count in by_category.items())
    name = f"register: right provider in the first three of {len(queries)}"
    return [Figure(name, share, "%", TARGET_SHARE, at_least=True, note=note)]


def _times(session: Session, queries: list[Query]) -> list[Figure]:
    whole = [query.text for query in queries] * _ROUNDS
    keystrokes = [query.text[:length] for query in queries for length in range(1, len(query.text) + 1)]
    asked = _measured(session, whole)
    typed = _measured(session, keystrokes)
    limit = [milliseconds(lambda text=text: _statement(session, text)) for text in whole]  # type: ignore[misc]
    return [
        Figure("register: search, p50", percentile(asked, 0.5), "ms"),
        Figure("register: search, p99", percentile(asked, 0.99), "ms", TARGET_MS),
        Figure(f"register: each of {len(typed)} keystrokes, p99", percentile(typed, 0.99), "ms", TARGET_MS),
        Figure("register: limit, its first statement alone, p99", percentile(limit, 0.99), "ms"),
    ]


def _measured(session: Session, texts: list[str]) -> list[float]:
    return [milliseconds(lambda text=text: register.search(session, text)) for text in texts]  # type: ignore[misc]


def _statement(session: Session, text: str) -> None:
    asked = register_terms.read(text)
    register_ranking.ranked(session, asked, register_terms.query(asked), register_terms.ranking(asked), 8)


def _codes(session: Session, text: str) -> list[str]:
    return [hit.ods_code for hit in register.search(session, text)[:_FIRST]]
