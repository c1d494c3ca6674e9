"""A twin of an organisation: every row that it has, with the same ids, under the name of another."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

_TABLES = """
    SELECT table_name, array_agg(column_name::text) FROM information_schema.columns
     WHERE table_schema = 'public' AND is_generated = 'NEVER'
     GROUP BY table_name HAVING 'organisation_id' = ANY (array_agg(column_name::text)) ORDER BY table_name
"""


class Twin:
    """Rows of `ours` given to `other` too. Keys begin with the organisation, so nothing stands in the way.

    What `ours` loses later stays with the twin. The connection is one that neither row-level security nor foreign keys
    hold back.
    """

    def __init__(self, connection: psycopg.Connection, ours: UUID, other: UUID) -> None:
        self.connection, self.ours, self.other = connection, ours, other
        self.tables: dict[str, list[str]] = dict(connection.execute(_TABLES).fetchall())
        connection.execute("SET session_replication_role = replica")

    def grow(self) -> None:
        """Copy what has no copy yet."""
        self.connection.execute(sql.SQL("; ").join(self._copied(table) for table in self.tables))

    def _copied(self, table: str) -> sql.Composed:
        names = [sql.Identifier(one) for one in self.tables[table]]
        values = [sql.Literal(self.other) if one == sql.Identifier("organisation_id") else one for one in names]
        return sql.SQL(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} WHERE organisation_id = {}"
            " ON CONFLICT DO NOTHING"
        ).format(
            *(sql.Identifier(table), sql.SQL(", ").join(names), sql.SQL(", ").join(values)),
            *(sql.Identifier(table), sql.Literal(self.ours)),
        )

    def leave_ours_alone(self) -> None:
        """Delete every row of every other organisation."""
        for table in self.tables:
            query = sql.SQL("DELETE FROM {} WHERE organisation_id <> %s").format(sql.Identifier(table))
            self.connection.execute(query, (self.ours,))

    def rows(self) -> Mapping[str, Mapping[str, Any]]:
        """Return one row of each table that has any."""
        found = {}
        with self.connection.cursor(row_factory=dict_row) as cursor:
            for table in self.tables:
                query = sql.SQL("SELECT * FROM {} WHERE organisation_id = %s LIMIT 1").format(sql.Identifier(table))
                if row := cursor.execute(query, (self.other,)).fetchone():
                    found[table] = row
        return found
