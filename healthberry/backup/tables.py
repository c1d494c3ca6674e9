"""What PostgreSQL says of the tables, and the mark of a table's rows, whatever order they come in."""

import hashlib
from collections.abc import Iterable
from typing import Any

from psycopg import Connection, sql

from healthberry.backup.errors import BackupError
from healthberry.backup.frames import Counted

REVISION = "alembic_version"
_MARK_BITS = 256

# The same value is the same text on every server.
_PLAIN = """
SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'iso_8601';
SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL client_encoding = 'UTF8';
SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
"""
# What extensions brought is theirs. Columns that are computed are computed again.
_TABLES = """
SELECT c.relname, array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
 GROUP BY c.relname ORDER BY c.relname
"""
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
# Row-level security is forced on owners too: a table that shows them a part only would be saved as if that were all.
_HIDDEN = """
SELECT c.relname FROM pg_class c, pg_roles r
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity
   AND r.rolname = current_user AND NOT (r.rolsuper OR r.rolbypassrls)
   AND (c.relforcerowsecurity OR NOT pg_has_role(current_user, c.relowner, 'USAGE'))
   AND (EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive)
        OR NOT EXISTS (SELECT FROM pg_policy p, unnest(p.polroles) AS let
                        WHERE p.polrelid = c.oid AND p.polcmd = '*' AND pg_get_expr(p.polqual, c.oid) = 'true'
                          AND let <> 0 AND pg_has_role(current_user, let, 'USAGE')))
 ORDER BY 1
"""

Connected = Connection[tuple[Any, ...]]


class Tally:
    """Counts rows and makes their mark: the sum of their SHA-256, which is the same in any order."""

    def __init__(self) -> None:
        self._rows, self._sum = 0, 0

    def add(self, rows: bytes) -> int:
        """Count whole rows, each ended by a line feed (within a row PostgreSQL writes none); return how many."""
        lines = rows.split(b"\n")[:-1]
        self._rows += len(lines)
        self._sum += sum(int.from_bytes(hashlib.sha256(line).digest(), "big") for line in lines)
        return len(lines)

    def counted(self) -> Counted:
        """Return what was counted so far."""
        return Counted(self._rows, f"{self._sum % 2**_MARK_BITS:064x}")


def plainly(connection: Connected) -> None:
    """Have values written the same way everywhere, and no time limit, until the transaction ends."""
    connection.execute(_PLAIN)


def columns(connection: Connected) -> dict[str, list[str]]:
    """Return the columns of every table, save what names the schema's revision."""
    return {name: names for name, names in connection.execute(_TABLES).fetchall() if name != REVISION}


def revision(connection: Connected) -> str | None:
    """Return the revision of the schema, None where there is no schema of ours."""
    if connection.execute("SELECT to_regclass(%s)", (f"public.{REVISION}",)).fetchone() == (None,):
        return None
    found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    if len(found) != 1:
        raise BackupError("The tables are not at one revision: `healthberry db upgrade` must end well first.")
    return str(found[0][0])


def sequences(connection: Connected) -> dict[str, list[Any]]:
    """Return where every sequence stands: its last value, and whether that was given out."""
    names = [name for (name,) in connection.execute(_SEQUENCES).fetchall()]
    read = sql.SQL("SELECT last_value, is_called FROM {}")
    return {name: list(connection.execute(read.format(sql.Identifier(name))).fetchone() or ()) for name in names}


def require_all_visible(connection: Connected) -> None:
    """Raises: BackupError where row-level security hides rows from this role."""
    hidden = [name for (name,) in connection.execute(_HIDDEN).fetchall()]
    if hidden:
        raise BackupError(
            f"The role of DATABASE_OWNER_URL does not see every row of {', '.join(hidden)}: name the role that ran"
            " `healthberry db upgrade`."
        )


def reading(name: str, names: Iterable[str]) -> sql.Composed:
    """Return the statement that gives the rows of one table."""
    return sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(_listed(names), sql.Identifier(name))


def filling(name: str, names: Iterable[str]) -> sql.Composed:
    """Return the statement that takes the rows of one table."""
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(name), _listed(names))


def _listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
