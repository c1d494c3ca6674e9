"""Migrations run as the owner of the tables, never as the application's own role.

Each is a transaction of its own that waits briefly for its tables and is tried again (core/migrating.py). Whoever restores
a backup hands over a connection: then all happens within that transaction, on tables that nobody uses.
"""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from healthberry.core import migrating, wall
from healthberry.extensions import db

settings = current_app.extensions["settings"]


def run_migrations() -> None:
    """Bring the schema to the wanted revision, then let the application's role read and write (not own) the tables."""
    given = context.config.attributes.get("connection")
    if context.is_offline_mode():
        write_statements()
    elif given is not None:
        run_on(given)
        grant(given)
    else:
        migrating.until_done(run_with_own_connection)


def run_with_own_connection() -> None:
    engine = create_engine(settings.sqlalchemy_owner_url)
    try:
        with engine.connect() as connection:
            migrating.wait_briefly(connection)
            connection.commit()
            run_on(connection)
            grant(connection)
            connection.commit()
    finally:
        engine.dispose()


def run_on(connection: Connection) -> None:
    application = create_engine(settings.sqlalchemy_url)
    with application.connect() as other:
        wall.require(other, connection)
    application.dispose()
    if context.config.attributes.get("connection") is None:
        connection.rollback()  # what was asked began a transaction: each migration has its own
    context.configure(
        connection=connection, target_metadata=db.metadata, compare_type=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


def write_statements() -> None:
    """Write the statements instead of running them: what `migrations/check.py` reads."""
    context.configure(dialect_name="postgresql", literal_binds=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def grant(connection: Connection) -> None:
    """Give the application's role what it needs."""
    name = connection.dialect.identifier_preparer.quote(make_url(settings.sqlalchemy_url).username)
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}"))
    for table in ("alembic_version", "providers", "register_versions"):
        if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar():
            connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM {name}"))
    # The audit log is only added to, and its chains are moved on by the database alone.
    for table, rights in (("audit_entries", "UPDATE, DELETE"), ("audit_chains", "INSERT, UPDATE, DELETE")):
        if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar():
            connection.execute(text(f"REVOKE {rights} ON {table} FROM {name}"))


run_migrations()
