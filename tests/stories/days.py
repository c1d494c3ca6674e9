"""Time that passes in a journey, and what the inbox shows afterwards."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, text

from healthberry.core import inbox
from healthberry.core.inbox import Row, View
from healthberry.jobs import maintenance
from healthberry.local.postgres import Database
from tests.stories.loop import member


def change(database: Database, *statements: str, **values: Any) -> None:
    """Change the database as its owner does."""
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        for sql in statements:
            connection.execute(text(sql), values)
    engine.dispose()


def later(database: Database, app: Flask, work: Callable[[], None], *statements: str) -> None:
    """Let the time come for what these say, then do the work."""
    change(database, *statements)
    with app.app_context():
        maintenance.sweep()
    work()


def a_day_passes(database: Database, app: Flask, work: Callable[[], None]) -> None:
    """Let the time come to look again at what is stored, and for nothing else: no poll."""
    later(
        database,
        app,
        work,
        "UPDATE channels SET recheck_at = now(), next_poll_at = now() + interval '1 day'",
        "UPDATE messages SET recheck_at = now() WHERE recheck_at IS NOT NULL",
    )


def rows(app: Flask, status: str = "open") -> Sequence[Row]:
    """Return the rows of the inbox."""
    with app.app_context():
        return inbox.list_conversations(member(), View(status=status), limit=200).rows


def what_shows(app: Flask) -> dict[str, bool]:
    """Return the first words of every conversation, and whether it was taken down."""
    return {row.first_words: row.withdrawn for row in rows(app)}
