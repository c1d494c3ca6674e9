"""Tables while rows are copied in: without foreign keys, indexes, triggers and walls; all come back as they were.

Rows then may come in any order, at a third of the time: keys are checked and indexes built once, over all rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

from psycopg import sql

from healthberry.backup.tables import Connected

_OURS = sql.SQL("c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition")
_KEYS = sql.SQL("""
SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
 WHERE {} AND k.contype = 'f' AND k.conparentid = 0 ORDER BY 1, 2
""").format(_OURS)
# Those of constraints stay: they refuse what would be there twice. Those with a condition are small, and would come
# back with the same condition in other words.
_INDEXES = sql.SQL("""
SELECT i.relname, pg_get_indexdef(x.indexrelid) FROM pg_index x
  JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
 WHERE {} AND x.indpred IS NULL AND x.indexprs IS NULL
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid) ORDER BY 1
""").format(_OURS)
_FORCED = sql.SQL("SELECT c.relname FROM pg_class c WHERE {} AND c.relforcerowsecurity ORDER BY 1").format(_OURS)
_TRIGGERS = sql.SQL("""
SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE {} AND NOT t.tgisinternal AND t.tgenabled = 'O' ORDER BY 1
""").format(_OURS)
_VIEWS = sql.SQL("""
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'm' ORDER BY c.oid
""")
# What stands in each other's way goes by CASCADE. Extensions, and what is theirs, stay.
_ALL = """
SELECT format('DROP %s IF EXISTS public.%I CASCADE',
              CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                             ELSE 'TABLE' END, c.relname)
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
UNION ALL
SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure) FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e')
"""


def wipe(connection: Connected) -> None:
    """Drop every table, view, sequence and function of the schema `public`; the transaction can still take it back."""
    for (statement,) in connection.execute(_ALL).fetchall():
        connection.execute(statement)


@contextmanager
def bare(connection: Connected) -> Iterator[None]:
    """Take keys, indexes, triggers and walls off every table for the block, and put them back after it.

    Within one transaction, which must be rolled back where the block fails.
    """
    keys, indexes = _rows(connection, _KEYS), _rows(connection, _INDEXES)
    forced, triggers = _rows(connection, _FORCED), _rows(connection, _TRIGGERS)
    for table, name, _ in keys:
        _alter(connection, "ALTER TABLE {} DROP CONSTRAINT {}", table, name)
    for name, _ in indexes:
        _alter(connection, "DROP INDEX {}", name)
    for (table,) in triggers:
        _alter(connection, "ALTER TABLE {} DISABLE TRIGGER USER", table)
    for (table,) in forced:
        _alter(connection, "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", table)
    yield
    for _, definition in indexes:
        connection.execute(definition)
    for table, name, definition in keys:
        added = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(sql.Identifier(table), sql.Identifier(name))
        connection.execute(added + sql.SQL(definition))
    for (table,) in triggers:
        _alter(connection, "ALTER TABLE {} ENABLE TRIGGER USER", table)
    for (table,) in forced:
        _alter(connection, "ALTER TABLE {} FORCE ROW LEVEL SECURITY", table)


def refresh_views(connection: Connected) -> None:
    """Compute what is kept computed, and have PostgreSQL count the rows, by which it plans."""
    for (name,) in _rows(connection, _VIEWS):
        _alter(connection, "REFRESH MATERIALIZED VIEW {}", name)
    connection.execute("ANALYZE")


def _rows(connection: Connected, query: sql.SQL | sql.Composed) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def _alter(connection: Connected, statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
