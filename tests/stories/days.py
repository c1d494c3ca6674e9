"""Time that passes in a journey, and what the inbox shows afterwards."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import create_engine, text

from healthberry.core import inbox
from healthberry.core.inbox import View
from healthberry.jobs import maintenance
from healthberry.local.postgres import Database
from tests.stories.loop import member


def a_day_passes(database: Database, app: Flask, work: Callable[[], None]) -> None:
    """Let the time come to look again, and for nothing else: no poll."""
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        connection.execute(text("UPDATE channels SET recheck_at = now(), next_poll_at = now() + interval '1 day'"))
        connection.execute(text("UPDATE messages SET recheck_at = now() WHERE recheck_at IS NOT NULL"))
    engine.dispose()
    with app.app_context():
        maintenance.sweep()
    work()


def what_shows(app: Flask) -> dict[str, bool]:
    """Return the first words of every conversation, and whether it was taken down."""
    with app.app_context():
        return {row.first_words: row.withdrawn for row in inbox.list_conversations(member(), View(), limit=100).rows}
