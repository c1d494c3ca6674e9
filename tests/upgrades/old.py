"""Databases as they were at each revision of the schema: invented rows, kept in `rows/`, one file a revision."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import alembic.command
import psycopg
from flask import Flask, current_app
from psycopg import sql

from healthberry.backup import tables
from healthberry.extensions import db
from healthberry.local.postgres import SUPERUSER, Database, LocalPostgres

ROWS = Path(__file__).parent / "rows"
# Seals the secrets of the kept rows.
CHANNEL_KEY = "Y2hhbm5lbC1rZXktb2YtdGhlLWtlcHQtcm93cy0wMDE="

_KEYS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey)
 WHERE x.indisprimary AND c.relnamespace = 'public'::regnamespace GROUP BY 1
"""

Row = Mapping[str, str | None]
Rows = dict[str, dict[tuple[str | None, ...], Row]]


def kept() -> list[str]:
    """Return the revisions whose rows are kept, oldest first."""
    return sorted(path.stem for path in ROWS.glob("*.sql"))


def migrate(app: Flask, revision: str) -> None:
    """Bring the database of `app` to this revision, as `healthberry db upgrade` does."""
    with app.app_context():
        alembic.command.upgrade(current_app.extensions["migrate"].migrate.get_config(), revision)
        db.engine.dispose()


def fill(server: LocalPostgres, name: str, script: str) -> None:
    """Run `script` in a database at its revision; keys are not checked row by row, so that any order is right."""
    with psycopg.connect(server.url(SUPERUSER, name)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(script.encode())


def read(database: Database) -> Rows:
    """Return every table's rows by their key: columns as text."""
    with psycopg.connect(database.owner_url) as connection:
        tables.plainly(connection)
        keys: dict[str, list[str]] = dict(connection.execute(_KEYS).fetchall())
        return {name: _rows(connection, name, names, keys[name]) for name, names in tables.columns(connection).items()}


def _rows(connection: psycopg.Connection, table: str, names: list[str], key: list[str]) -> Any:
    as_text = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
    found = connection.execute(sql.SQL("SELECT {} FROM {}").format(as_text, sql.Identifier(table))).fetchall()
    rows = [dict(zip(names, values, strict=True)) for values in found]
    return {tuple(row[name] for name in key): row for row in rows}


def written(database: Database) -> Iterator[str]:
    """Write a database's rows as statements, the same rows always in the same way."""
    with psycopg.connect(database.owner_url) as connection:
        tables.plainly(connection)
        for table, names in tables.columns(connection).items():
            values = sql.SQL(" || ', ' || ").join(
                sql.SQL("quote_nullable({}::text)").format(sql.Identifier(name)) for name in names
            )
            found = connection.execute(sql.SQL("SELECT {} FROM {} ORDER BY 1").format(values, sql.Identifier(table)))
            rows = ",\n".join(f"({row})" for (row,) in found.fetchall())
            if rows:
                yield f"INSERT INTO {table} ({', '.join(names)}) VALUES\n{rows};\n\n"


@contextmanager
def database_at(
    server: LocalPostgres, revision: str, application: Callable[[Database], Flask]
) -> Iterator[tuple[Flask, Database]]:
    """Give a database at this revision with the rows that are kept for it, and an application over it."""
    name = f"old_{revision}"
    made = server.create_database(name)
    app = application(made)
    try:
        migrate(app, revision)
        fill(server, name, (ROWS / f"{revision}.sql").read_text())
        yield app, made
    finally:
        server.drop_database(name)
