"""Migrations run as the owner of the tables, never as the application's own role."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from healthberry.core import wall
from healthberry.extensions import db

settings = current_app.extensions["settings"]


def run_migrations() -> None:
    """Bring the schema to the newest revision, then let the application's role read and write (not own) the tables."""
    engine, application = create_engine(settings.sqlalchemy_owner_url), create_engine(settings.sqlalchemy_url)
    with engine.begin() as connection:
        with application.connect() as other:
            wall.require(other, connection)
        context.configure(connection=connection, target_metadata=db.metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
        grant(connection)
    engine.dispose()
    application.dispose()


def grant(connection: Connection) -> None:
    """Give the application's role what it needs."""
    name = connection.dialect.identifier_preparer.quote(make_url(settings.sqlalchemy_url).username)
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}"))
    for table in ("alembic_version", "providers", "register_versions"):
        if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar():
            connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {name}"))


run_migrations()
