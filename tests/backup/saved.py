"""What these tests share: the key, words that are hard to copy, and what a database holds."""

from collections.abc import Mapping

import psycopg

from healthberry.backup import tables
from healthberry.backup.frames import Counted
from healthberry.backup.progress import Progress
from healthberry.backup.tables import Tally
from healthberry.backup.take import rows_of

KEY = "only-for-tests-" + "k" * 32
SILENT = Progress(lambda _: None)
HOSTILE = "Back\\slash, tab\t, line\nfeed, \\N, \\., \\x41, “quotes”, 日本語, مرحبا, 🫐"

# All that makes up a schema, as PostgreSQL itself writes it.
_SCHEMA = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' || a.attnum
       || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'm')
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) || convalidated
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'policy', tablename, policyname, coalesce(qual, '') || coalesce(with_check, '') || roles::text
  FROM pg_policies WHERE schemaname = 'public'
UNION ALL SELECT 'wall', relname, '', relrowsecurity::text || relforcerowsecurity::text
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
UNION ALL SELECT 'function', oid::regprocedure::text, '', pg_get_functiondef(oid) FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_proc.oid AND d.deptype = 'e')
UNION ALL SELECT 'right', table_name, grantee::text, string_agg(privilege_type::text, ' ' ORDER BY privilege_type::text)
  FROM information_schema.role_table_grants WHERE table_schema = 'public' GROUP BY 2, 3
ORDER BY 1, 2, 3, 4
"""


def rows(owner_url: str) -> Mapping[str, Counted]:
    """Count and mark the rows of every table of a database."""
    found = {}
    with psycopg.connect(owner_url) as connection:
        tables.plainly(connection)
        for name, columns in tables.columns(connection).items():
            tally = Tally()
            for piece in rows_of(connection, name, columns):
                tally.add(piece)
            found[name] = tally.counted()
    return found


def schema(owner_url: str) -> list[tuple[str, ...]]:
    """Everything that makes up the schema of a database."""
    with psycopg.connect(owner_url) as connection:
        return connection.execute(_SCHEMA).fetchall()


def is_untouched(owner_url: str) -> bool:
    """Whether a database holds no table at all."""
    with psycopg.connect(owner_url) as connection:
        return tables.columns(connection) == {} and tables.revision(connection) is None
