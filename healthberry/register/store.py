"""Entries to and from the table `providers`, inside the caller's transaction."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final, cast

import psycopg
from sqlalchemy import ColumnElement, Connection, literal_column, select, table, text

from healthberry.register.documents import document, weighted_words, whole_names
from healthberry.register.entries import Entry
from healthberry.register.kinds import kind_weight
from healthberry.register.words import key

_FACTS: Final = tuple(field.name for field in fields(Entry))
_MADE: Final = ("weight", "name_key", "other_keys", "document")
COLUMNS: Final = (*_FACTS, *_MADE)
# Empty text says nothing; these columns say so by being NULL.
_NULLABLE: Final = frozenset({"parent_code", "street", "town", "postcode", "web_domain"})
_LOCK: Final = 0x48425247  # "HBRG"


def lock(connection: Connection) -> None:
    """Wait until nobody else changes the register, until the end of the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def all_entries(connection: Connection) -> dict[str, Entry]:
    """Read the whole register as entries by ODS code."""
    facts: list[ColumnElement[Any]] = [literal_column(name) for name in _FACTS]
    rows = connection.execute(select(*facts).select_from(table("providers")))
    return {row[0]: Entry(*map(_value, _FACTS, row)) for row in rows}


def put(connection: Connection, entries: Iterable[Entry]) -> int:
    """Insert or update entries and return how many rows changed; rows that say the same already are not touched."""
    connection.execute(
        text("CREATE TEMPORARY TABLE incoming_providers (LIKE providers) ON COMMIT DROP"),
    )
    # The driver's own connection: SQLAlchemy has no words for COPY.
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for entry in entries:
            copy.write_row(_row(entry))
    with _indexes_aside(connection):
        changed = connection.execute(text(_UPSERT)).rowcount
    connection.execute(text("DROP TABLE incoming_providers"))
    return changed


@contextmanager
def _indexes_aside(connection: Connection) -> Iterator[None]:
    """Build the word indexes after the rows when the table is empty: that takes a third of the time."""
    empty = not connection.execute(text("SELECT EXISTS (SELECT FROM providers)")).scalar()
    rows = connection.execute(text(_WORD_INDEXES)).all() if empty else []
    definitions: dict[str, str] = {row.name: row.definition for row in rows}
    for name in definitions:
        connection.execute(text(f"DROP INDEX {name}"))
    yield
    for definition in definitions.values():
        connection.execute(text(definition))


def index_words(connection: Connection) -> None:
    """Make the list of words anew, sort what the indexes put aside, and let the planner look at the table."""
    for index in ("ix_providers_document", "ix_providers_document_of_large"):
        connection.execute(text("SELECT gin_clean_pending_list(CAST(:index AS regclass))"), {"index": index})
    connection.execute(text("REFRESH MATERIALIZED VIEW register_words"))
    connection.execute(text("ANALYZE providers"))
    connection.execute(text("ANALYZE register_words"))


_WORD_INDEXES: Final = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid JOIN pg_am ON pg_am.oid = relam
WHERE indrelid = 'providers'::regclass AND amname = 'gin'
"""
_PLACES: Final = ", ".join(COLUMNS)
_COPY: Final = f"COPY incoming_providers ({_PLACES}) FROM STDIN"
# Only names of our own columns are put into this text.
_UPSERT: Final = f"""
INSERT INTO providers ({_PLACES})
SELECT {_PLACES} FROM incoming_providers ORDER BY weight DESC, name_key, ods_code
ON CONFLICT (ods_code) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}
WHERE ({", ".join(f"providers.{name}" for name in COLUMNS[1:])})
    IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in COLUMNS[1:])})
"""  # noqa: S608  # nosec B608


_facts: Final = attrgetter(*_FACTS)


def _row(entry: Entry) -> Sequence[Any]:
    facts = zip(_FACTS, _facts(entry), strict=True)
    values = [None if name in _NULLABLE and not value else _listed(value) for name, value in facts]
    made = (kind_weight(entry.kind), key(entry.name), whole_names(entry), document(weighted_words(entry)))
    return [*values, *made]


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _value(name: str, value: Any) -> Any:
    if value is None and name in _NULLABLE:
        return ""
    return tuple(value) if isinstance(value, list) else value


def counts(connection: Connection) -> tuple[int, int]:
    """Count the register: (entries, open entries)."""
    row = connection.execute(text("SELECT count(*), count(*) FILTER (WHERE closed_on IS NULL) FROM providers")).one()
    return row[0], row[1]
