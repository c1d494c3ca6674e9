"""Taking a backup: one snapshot of every table into one sealed file, which is read back before it gets its name."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from healthberry.backup import files, tables
from healthberry.backup.errors import BackupError, Damaged
from healthberry.backup.frames import Counted, FrameReader, FrameWriter, Head
from healthberry.backup.progress import Progress
from healthberry.backup.tables import Connected, Tally

_PIECE_BYTES = 64 * 1024
_LOCK_SECONDS = 30
_MOVING = "The tables are being changed by `healthberry db upgrade`: try again when that has ended."


@dataclass(frozen=True)
class Backup:
    """A backup that was read back and found right: its file and size, what it says of itself, rows and marks."""

    path: Path
    size_bytes: int
    head: Head
    counted: Mapping[str, Counted]

    @property
    def rows(self) -> int:
        """How many rows it holds, in all tables."""
        return sum(one.rows for one in self.counted.values())


def take(owner_url: str, passphrase: str, name: Callable[[datetime], Path], progress: Progress) -> Backup:
    """Write a backup of the database to the path that `name` gives for its moment, and read it back.

    People go on working meanwhile; the tables can't be altered. Memory does not grow with the database.

    Raises: BackupError; nothing of that name is there then.
    """
    with _snapshot(owner_url) as connection:
        head = _head(connection)
        path = name(datetime.fromisoformat(head.taken_at))
        with files.written(path) as file:
            progress.begin("Copying the tables")
            counted = _write(connection, head, FrameWriter(file, passphrase), progress)
            connection.rollback()  # the database is let go before the file is read back
            file.flush()
            progress.begin("Reading the file back")
            _, found = check(file, passphrase, progress)
            if found != counted:
                raise Damaged("What was read back is not what was written: the disk may be failing.")
            size = file.tell()
    return Backup(path, size, head, counted)


def read_back(path: Path, passphrase: str, progress: Progress) -> Backup:
    """Read a whole backup and compare it with what it says of itself; no database is touched. Raises: BackupError."""
    progress.begin("Reading the file")
    with path.open("rb") as file:
        head, counted = check(file, passphrase, progress)
        return Backup(path, file.tell(), head, counted)


def check(file: IO[bytes], passphrase: str, progress: Progress) -> tuple[Head, Mapping[str, Counted]]:
    """Read the file from its beginning; return its head, and rows and marks of its tables. Raises: BackupError."""
    file.seek(0)
    reader = FrameReader(file, passphrase)
    found = {}
    for name, pieces in reader.tables():
        tally = Tally()
        for piece in pieces:
            progress.rows(name, tally.add(piece))
        found[name] = tally.counted()
    require_same(reader, found)
    return reader.head, found


def require_same(reader: FrameReader, found: Mapping[str, Counted]) -> None:
    """Raises: Damaged when the file does not hold what its end says, or not every table that its head names."""
    wrong = [name for name in reader.head.tables if reader.counted.get(name) != found.get(name)]
    if wrong or set(reader.counted) != set(reader.head.tables):
        raise Damaged(f"The file does not hold the rows that it should: {', '.join(wrong) or 'tables are missing'}.")


@contextmanager
def _snapshot(owner_url: str) -> Iterator[Connected]:
    """Give a transaction that sees one moment of all tables and keeps anybody from altering them."""
    with psycopg.connect(owner_url, autocommit=True, connect_timeout=10) as connection:
        known = tables.columns(connection)
        if tables.revision(connection) is None:
            raise BackupError("There are no tables of HealthBerry in this database.")
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.autocommit = False
        tables.plainly(connection)
        connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'".encode())
        try:
            # Before the snapshot, which is taken by the first query: rewriting a table empties it for older snapshots.
            connection.execute(
                sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(
                    sql.SQL(", ").join(map(sql.Identifier, [*known, tables.REVISION]))
                )
            )
        except (psycopg.errors.LockNotAvailable, psycopg.errors.UndefinedTable) as error:
            raise BackupError(_MOVING) from error
        if tables.columns(connection) != known:
            raise BackupError(_MOVING)
        tables.require_all_visible(connection)
        yield connection


def _head(connection: Connected) -> Head:
    row = connection.execute("SELECT now(), current_setting('server_version')").fetchone()
    assert row is not None  # noqa: S101 -- a SELECT without FROM has one row
    return Head(
        version=version("healthberry"),
        revision=tables.revision(connection) or "",
        taken_at=row[0].astimezone(UTC).isoformat(timespec="seconds"),
        server=row[1],
        tables=tables.columns(connection),
        sequences=tables.sequences(connection),
    )


def _write(connection: Connected, head: Head, writer: FrameWriter, progress: Progress) -> dict[str, Counted]:
    writer.head(head)
    counted = {}
    for name, columns in head.tables.items():
        writer.table(name)
        tally = Tally()
        for piece in rows_of(connection, name, columns):
            writer.rows(piece)
            progress.rows(name, tally.add(piece))
        counted[name] = tally.counted()
    writer.finish(counted)
    return counted


def rows_of(connection: Connected, name: str, columns: list[str]) -> Iterator[bytes]:
    """Yield the rows of a table as COPY writes them, some dozen KiB of whole rows at a time."""
    waiting = bytearray()
    with connection.cursor() as cursor, cursor.copy(tables.reading(name, columns)) as copy:
        for row in copy:
            waiting += row
            # PostgreSQL gives one row at a time; nothing here depends on it, save that a piece ends with one.
            if len(waiting) >= _PIECE_BYTES and waiting.endswith(b"\n"):
                yield bytes(waiting)
                waiting.clear()
    if waiting:
        yield bytes(waiting)
