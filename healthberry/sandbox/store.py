"""The sandbox's memory: one SQLite file (or nothing but memory), one connection, one lock.

Statements are short and never wait for anything but the disk, so one connection serves a hundred requests at a time;
the lock
keeps a transaction of one request from mixing with another's, under gevent and under threads alike.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class Store:
    """Run SQL against the sandbox's data; `tables` are the schemas of the sites.

    Text that is not valid Unicode (a lone surrogate, as hostile clients send) is kept as bytes and comes back as it
    went in.
    """

    def __init__(self, path: str, tables: Iterable[str] = (), clock: Callable[[], float] = time.time) -> None:
        self.offset_seconds = 0.0
        self._clock = clock
        self._lock = threading.RLock()
        self._depth = 0
        # isolation_level None: transactions are opened by `writing` alone.
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        self._connection.row_factory = _as_dict
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "cache_size=-32000"):
            self._connection.execute(f"PRAGMA {pragma}")
        for schema in (_schema(), *tables):
            self._connection.executescript(schema)

    def now(self) -> int:
        """Return the sandbox's time: UTC milliseconds since 1970, shifted by the clock offset."""
        return int((self._clock() + self.offset_seconds) * 1000)

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return all rows of a query as dictionaries."""
        with self._lock:
            return self._run(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Row | None:
        """Return the first row of a query, or None."""
        with self._lock:
            found: Row | None = self._run(sql, values).fetchone()
            return found

    def sure(self, sql: str, *values: object) -> Row:
        """Return the first row of a query that must have one.

        Raises: LookupError.
        """
        found = self.row(sql, *values)
        if found is None:
            raise LookupError("a row that was just there is gone")
        return found

    def value(self, sql: str, *values: object) -> Any:
        """Return the first column of the first row, or None."""
        found = self.row(sql, *values)
        return next(iter(found.values())) if found else None

    def run(self, sql: str, *values: object) -> int:
        """Change data; return how many rows changed."""
        with self._lock:
            return self._run(sql, values).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows in one transaction."""
        with self.writing():
            self._connection.executemany(sql, (tuple(_packed(value) for value in row) for row in rows))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold one transaction; inside another one, join it."""
        with self._lock:
            outermost = self._depth == 0
            if outermost:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                if outermost:
                    self._connection.execute("ROLLBACK")
                raise
            else:
                if outermost:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1

    def empty(self) -> None:
        """Forget everything but the keys kept in `meta`."""
        tables = [
            row["name"] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'meta'")
        ]
        with self.writing():
            for table in tables:
                self.run(f"DELETE FROM {table}")  # noqa: S608 - names from the schema

    def close(self) -> None:
        """Close the file; nothing works afterwards."""
        with self._lock:
            self._connection.close()

    def _run(self, sql: str, values: Sequence[object]) -> sqlite3.Cursor:
        return self._connection.execute(sql, tuple(_packed(value) for value in values))


def _schema() -> str:
    return Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")


def _packed(value: object) -> object:
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogatepass")
    return value


def _as_dict(cursor: sqlite3.Cursor, values: tuple[object, ...]) -> Row:
    names = (column[0] for column in cursor.description)
    return {
        name: v.decode("utf-8", "surrogatepass") if isinstance(v, bytes) else v
        for name, v in zip(names, values, strict=True)
    }
