"""Finding a provider: the right one among the first three, and how long that takes on the full register.

`register_queries.csv` holds some 200 requests as people type them, each with the code that is meant. Server time is
`core.register.search`, which the page calls, and the page's request itself; the limit beside them is the first
statement alone, straight in SQL.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from benchmarks.measure import Figure, as_served, milliseconds, percentile
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


def main() -> list[Figure]:
    """Load the register that ships with the package, ask for everything in the list, return the figures."""
    with bench() as running:
        engine = create_engine(running.postgres.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
        figures = _loading(engine)
        with Session(engine) as session:
            queries = read_queries()
            figures += [*_found(session, queries), *_times(session, queries), _requests(running.app, queries)]
        engine.dispose()
    return figures


def read_queries() -> list[Query]:
    """Read the committed list."""
    with _QUERIES.open(encoding="utf-8", newline="") as file:
        return [Query(row["query"], row["ods_code"], row["category"]) for row in csv.DictReader(file)]


def misses(session: Session, queries: list[Query]) -> list[Query]:
    """Return the requests whose provider is not among the first three hits."""
    return [query for query in queries if query.ods_code not in _codes(session, query.text)]


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


def _requests(app: Flask, queries: list[Query]) -> Figure:
    """Time the whole request behind the field: `GET /signup/providers?q=…`, the list of hits included."""
    client = app.test_client()
    ask = partial(client.get, "/signup/providers")
    assert ask(query_string={"q": "leeds"}).status_code == 200
    as_served()
    asked = [query.text for query in queries] * _ROUNDS
    times = [milliseconds(partial(ask, query_string={"q": text})) for text in asked]
    note = f"p50 {percentile(times, 0.5):.1f}"
    return Figure("register: request of the page, p99", percentile(times, 0.99), "ms", TARGET_MS, note=note)


def _measured(session: Session, texts: list[str]) -> list[float]:
    return [milliseconds(lambda text=text: register.search(session, text)) for text in texts]  # type: ignore[misc]


def _statement(session: Session, text: str) -> None:
    asked = register_terms.read(text)
    register_ranking.ranked(session, asked, register_terms.query(asked), register_terms.ranking(asked), 8)


def _codes(session: Session, text: str) -> list[str]:
    return [hit.ods_code for hit in register.search(session, text)[:_FIRST]]
