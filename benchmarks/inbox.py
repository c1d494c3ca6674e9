"""The list of an organisation with 200,000 conversations: list, filters and search, as the page asks for them.

Server time is the core function that the page calls, row-level security and rendering data included; the limit beside
it is the same question straight in SQL by the owner of the tables, past every wall.
"""

import random
import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import accumulate
from typing import Any, LiteralString

import psycopg
from flask import Flask

from benchmarks.measure import Figure, milliseconds, percentile
from benchmarks.servers import bench
from healthberry.core import inbox, scope
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.local.postgres import DATABASE, SUPERUSER
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now

CONVERSATIONS = 200_000
TARGET_MS = 30.0
_ROUNDS = 150
_COMMON = ["staff", "nurse", "waiting", "appointment", "doctor", "ward", "kind", "parking", "phone", "clean"]


def main() -> list[Figure]:
    """Fill one organisation, ask each question many times, return the figures."""
    with bench() as running, running.app.app_context():
        organisation, member = _organisation()
        db.session.expunge(member)  # as loaded by a request, not expired by the rollback between two questions
        _fill(running.postgres.url(SUPERUSER, DATABASE), organisation.id, member.id)
        figures = _questions(running.app, member)
        figures += _limits(running.postgres.owner_url, organisation.id)
    return figures


def _organisation() -> tuple[Organisation, Member]:
    organisation = Organisation(name="Bench NHS Trust", kind="trust", ods_code="RBB", discover_next_at=None)
    db.session.add(organisation)
    db.session.commit()
    scope.enter(organisation.id)
    member = Member(organisation_id=organisation.id, email="a@b.example", name="Ada", role="administrator", level=2)
    channels = [
        Channel(organisation_id=organisation.id, kind=kind, remote_id=kind, label=kind, url="", backfill_state="done")
        for kind in ("nhsuk", "careopinion", "x")
    ]
    db.session.add_all([member, *channels])
    db.session.commit()
    return organisation, member


def _fill(superuser_url: str, organisation_id: uuid.UUID, member_id: uuid.UUID) -> None:
    """Write conversations, messages and words by COPY; every tenth is open, one in fifty unread."""
    rng = random.Random(1)
    vocabulary = _COMMON + [f"word{number}" for number in range(20_000)]
    weights = list(accumulate([400.0] * len(_COMMON) + [1.0] * 20_000))
    began = now() - timedelta(days=700)
    with psycopg.connect(superuser_url) as connection:  # COPY refuses tables with row-level security to anybody else
        channels = connection.execute("SELECT id, kind FROM channels ORDER BY kind").fetchall()
        ids = [uuid.uuid4() for _ in range(CONVERSATIONS)]
        words = [" ".join(rng.choices(vocabulary, cum_weights=weights, k=rng.randint(12, 50))) for _ in ids]
        columns = (
            "organisation_id, id, channel_id, channel_kind, remote_thread_id, screen_name, title, first_words, status,"
            " historic, withdrawn, replied, version, started_at, last_activity_at, arrived_at, service_code,"
            " service_name, assignee_id"
        )
        with connection.cursor().copy(f"COPY conversations ({columns}) FROM STDIN") as copy:
            for number, conversation_id in enumerate(ids):
                channel_id, kind = channels[number % 3]
                moment = began + timedelta(seconds=300 * number)
                site = f"RBB{number % 40:02}"
                copy.write_row(
                    (
                        organisation_id,
                        conversation_id,
                        channel_id,
                        kind,
                        str(number),
                        "Marigold",
                        words[number][:60],
                        words[number][:200],
                        "open" if number % 10 == 0 else "closed",
                        True,
                        False,
                        True,
                        1,
                        moment,
                        moment,
                        moment,
                        site,
                        f"Site {site}",
                        member_id if number % 1000 == 0 else None,
                    )
                )
        columns = (
            "organisation_id, id, conversation_id, channel_id, remote_id, direction, screen_name, title, text, ratings,"
            " attachments, source, historic, posted_at, received_at"
        )
        with connection.cursor().copy(f"COPY messages ({columns}) FROM STDIN") as copy:
            for number, conversation_id in enumerate(ids):
                moment = began + timedelta(seconds=300 * number)
                copy.write_row(
                    (
                        organisation_id,
                        uuid.uuid4(),
                        conversation_id,
                        channels[number % 3][0],
                        str(number),
                        "inbound",
                        "Marigold",
                        "",
                        words[number],
                        "[]",
                        "[]",
                        "{}",
                        True,
                        moment,
                        moment,
                    )
                )
        connection.execute(
            "INSERT INTO search_texts SELECT organisation_id, conversation_id, to_tsvector('english', text)"
            " FROM messages"
        )
        connection.execute(
            "INSERT INTO unread SELECT organisation_id, %s, id FROM conversations"
            " WHERE right(remote_thread_id, 2) = '50'",
            (member_id,),
        )
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _questions(app: Flask, member: Member) -> list[Figure]:
    views = {
        "list, open": lambda rng: View(),
        "list, everything": lambda rng: View(status="all"),
        "filter: one channel": lambda rng: View(status="all", channel=rng.choice(["nhsuk", "careopinion", "x"])),
        "filter: one site": lambda rng: View(status="all", service=f"RBB{rng.randrange(40):02}"),
        "filter: unread": lambda rng: View(status="all", unread=True),
        "filter: assigned to me": lambda rng: View(status="all", assigned="me"),
        "search: a rare word": lambda rng: View(status="all", q=f"word{rng.randrange(20_000)}"),
        "search: a common word": lambda rng: View(status="all", q=rng.choice(_COMMON)),
        "search: two common words, one channel": lambda rng: View(channel="x", q=" ".join(rng.sample(_COMMON, 2))),
        "search: a common word, assigned to me": lambda rng: View(status="all", assigned="me", q=rng.choice(_COMMON)),
    }
    figures = []
    for name, make in views.items():
        figures.append(_timed(f"{name}, p99", member, make, deep=False))
    figures.append(_timed("list, everything, tenth page, p99", member, views["list, everything"], deep=True))
    return figures


def _timed(name: str, member: Member, make: Callable[[random.Random], View], *, deep: bool) -> Figure:
    rng = random.Random(2)
    cursor = ""
    for _ in range(10 if deep else 0):
        cursor = inbox.list_conversations(member, make(rng), cursor).next
    times = []
    for _ in range(_ROUNDS):
        view = make(rng)
        times.append(milliseconds(partial(inbox.list_conversations, member, view, cursor)))
        db.session.rollback()
    return Figure(
        f"inbox of {CONVERSATIONS:,}: {name}",
        percentile(times, 0.99),
        "ms",
        TARGET_MS,
        note=f"p50 {percentile(times, 0.5):.1f}",
    )


def _limits(owner_url: str, organisation_id: uuid.UUID) -> list[Figure]:
    statements: dict[str, LiteralString] = {
        "list": "SELECT * FROM conversations WHERE organisation_id = %s AND status = 'open'"
        " ORDER BY last_activity_at DESC, id DESC LIMIT 31",
        "rare word": "SELECT conversation_id FROM search_texts WHERE organisation_id = %s"
        " AND words @@ to_tsquery('english', 'word77') LIMIT 31",
    }
    figures = []
    with psycopg.connect(owner_url) as connection:
        for name, statement in statements.items():
            times = [milliseconds(partial(_ask, connection, statement, organisation_id)) for _ in range(_ROUNDS)]
            figures.append(Figure(f"limit: straight in SQL, {name}, p99", percentile(times, 0.99), "ms"))
    return figures


def _ask(connection: psycopg.Connection[Any], statement: LiteralString, organisation_id: uuid.UUID) -> None:
    connection.execute(statement, (organisation_id,)).fetchall()


if __name__ == "__main__":
    for figure in main():
        print(figure.line())
