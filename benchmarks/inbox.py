"""The list of an organisation with 200,000 conversations: list, filters and search, as the page asks for them.

Each question is asked twice: of the core function that the page calls, row-level security and rendering data included,
and of the page itself, as the browser of a signed-in member asks for the list. The limit beside them is the same
question straight in SQL by the owner of the tables, past every wall.
"""

import random
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, LiteralString

import psycopg
from flask import Flask
from flask.testing import FlaskClient

from benchmarks.inbox_data import COMMON, CONVERSATIONS, fill, organisation
from benchmarks.measure import Figure, as_served, milliseconds, percentile
from benchmarks.servers import bench
from benchmarks.stream_houses import signed_in
from healthberry.core import inbox
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.local.postgres import DATABASE, SUPERUSER
from healthberry.models.organisations import Member

TARGET_MS = 30.0
_ROUNDS = 150
_VIEWS: dict[str, Callable[[random.Random], View]] = {
    "list, open": lambda rng: View(),
    "list, everything": lambda rng: View(status="all"),
    "filter: one channel": lambda rng: View(status="all", channel=rng.choice(["nhsuk", "careopinion", "x"])),
    "filter: one site": lambda rng: View(status="all", service=f"RBB{rng.randrange(40):02}"),
    "filter: unread": lambda rng: View(status="all", unread=True),
    "filter: assigned to me": lambda rng: View(status="all", assigned="me"),
    "filter: assigned to nobody": lambda rng: View(status="all", assigned="nobody"),
    "search: a rare word": lambda rng: View(status="all", q=f"word{rng.randrange(20_000)}"),
    "search: a common word": lambda rng: View(status="all", q=rng.choice(COMMON)),
    "search: two common words, one channel": lambda rng: View(channel="x", q=" ".join(rng.sample(COMMON, 2))),
    "search: a common word, assigned to me": lambda rng: View(status="all", assigned="me", q=rng.choice(COMMON)),
}
_NEWEST: LiteralString = " ORDER BY c.last_activity_at DESC, c.id DESC LIMIT 31"
_ALL: LiteralString = "SELECT c.* FROM conversations c WHERE c.organisation_id = %(organisation)s AND "
_UNREAD: LiteralString = """EXISTS (SELECT FROM unread u WHERE u.organisation_id = c.organisation_id
    AND u.conversation_id = c.id AND u.member_id = %(member)s)"""
_SAYS: LiteralString = """EXISTS (SELECT FROM search_texts s WHERE s.organisation_id = c.organisation_id
    AND s.conversation_id = c.id AND s.words @@ to_tsquery('english', %(word)s))"""
_LIMITS: dict[str, LiteralString] = {
    "list": "c.status = 'open'",
    "one channel": "c.channel_kind = 'x'",
    "one site": "c.service_code = 'RBB07'",
    "unread": _UNREAD,
    "assigned to me": "c.assignee_id = %(member)s",
    "assigned to nobody": "c.assignee_id IS NULL",
    "a rare word": "c.id IN (SELECT conversation_id FROM search_texts WHERE organisation_id = %(organisation)s"
    " AND words @@ to_tsquery('english', 'word77'))",
    "a common word": _SAYS,
    "a common word, assigned to me": "c.assignee_id = %(member)s AND " + _SAYS,
}


def main() -> list[Figure]:
    """Fill one organisation, ask each question many times, return the figures."""
    many = {"READS_PER_MINUTE": "100000"}  # one member asks for as much as a hundred do
    with bench(many) as running, running.app.app_context():
        made, member = organisation()
        db.session.expunge(member)  # as loaded by a request, not expired by the rollback between two questions
        fill(running.postgres.url(SUPERUSER, DATABASE), made.id, member.id)
        figures = [_timed(f"{name}, p99", member, make) for name, make in _VIEWS.items()]
        figures.append(_timed("list, everything, tenth page, p99", member, _VIEWS["list, everything"], pages=10))
        figures += _neighbours(member)
        figures += _requests(running.app, member)
        figures += _limits(
            running.postgres.owner_url, {"organisation": made.id, "member": member.id, "word": COMMON[0]}
        )
    return figures


def _timed(name: str, member: Member, make: Callable[[random.Random], View], *, pages: int = 0) -> Figure:
    rng = random.Random(2)
    cursor = ""
    for _ in range(pages):
        cursor = inbox.list_conversations(member, make(rng), cursor).next
    return _figure(
        name, [_rolled_back(partial(inbox.list_conversations, member, make(rng), cursor)) for _ in _rounds()]
    )


def _neighbours(member: Member) -> list[Figure]:
    """Time previous and next from anywhere in the list, and from anywhere among what a search found."""
    rng = random.Random(3)
    figures = []
    for name, view in {"the list": View(status="all"), "a search": View(status="all", q=COMMON[0])}.items():
        ids: list[uuid.UUID] = []
        cursor = ""
        for _ in range(20):
            page = inbox.list_conversations(member, view, cursor)
            ids, cursor = [*ids, *(row.id for row in page.rows)], page.next
        times = [_rolled_back(partial(inbox.neighbours, member, view, rng.choice(ids))) for _ in _rounds()]
        figures.append(_figure(f"previous and next in {name}, p99", times))
    return figures


def _requests(app: Flask, member: Member) -> list[Figure]:
    """Time the list as a browser asks for it when a filter is pressed, and the page as a whole."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = signed_in(member)
        session["_fresh"] = True
    as_served()
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    figures = [_asked(client, f"request, {name}, p99", make, part) for name, make in _VIEWS.items()]
    return [*figures, _asked(client, "request, whole page, p99", _VIEWS["list, open"], {})]


def _asked(client: FlaskClient, name: str, make: Callable[[random.Random], View], headers: dict[str, str]) -> Figure:
    rng = random.Random(2)
    times = []
    for number in range(_ROUNDS + 1):
        ask = partial(client.get, "/inbox", query_string=make(rng).to_args(), headers=headers)
        answers: list[Any] = []
        times.append(milliseconds(lambda ask=ask, answers=answers: answers.append(ask())))  # type: ignore[misc]
        assert answers[0].status_code == 200
        assert ("<html" in answers[0].text) != bool(headers), "the wrong half of the page"
        if number == 0:  # compiles the templates
            times.clear()
    return _figure(name, times)


def _limits(owner_url: str, values: dict[str, Any]) -> list[Figure]:
    figures = []
    with psycopg.connect(owner_url) as connection:
        for name, condition in _LIMITS.items():
            statement = _ALL + condition + _NEWEST
            times = [milliseconds(partial(_ask, connection, statement, values)) for _ in _rounds()]
            note = f"p50 {percentile(times, 0.5):.1f}"
            figures.append(Figure(f"limit: straight in SQL, {name}, p99", percentile(times, 0.99), "ms", note=note))
    return figures


def _ask(connection: psycopg.Connection[Any], statement: LiteralString, values: dict[str, Any]) -> None:
    connection.execute(statement, values).fetchall()


def _rolled_back(act: Callable[[], object]) -> float:
    took = milliseconds(act)
    db.session.rollback()
    return took


def _figure(name: str, times: list[float]) -> Figure:
    note = f"p50 {percentile(times, 0.5):.1f}"
    return Figure(f"inbox of {CONVERSATIONS:,}: {name}", percentile(times, 0.99), "ms", TARGET_MS, note=note)


def _rounds() -> range:
    return range(_ROUNDS)


if __name__ == "__main__":
    for figure in main():
        print(figure.line())
