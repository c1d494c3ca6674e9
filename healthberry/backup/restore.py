"""Restoring: a file into an empty database, in one transaction. What fails leaves nothing behind."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from psycopg import sql
from sqlalchemy import Connection as Transaction
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from healthberry.backup import afterwards, bare, tables
from healthberry.backup.errors import BackupError, Damaged
from healthberry.backup.frames import Counted, FrameReader, Head
from healthberry.backup.progress import Progress
from healthberry.backup.tables import Connected, Tally
from healthberry.backup.take import require_same, rows_of
from healthberry.core.vault import Vault
from healthberry.settings import Settings

# Loaded before anybody signs up, and also in the backup.
_NOT_OURS = {"providers", "register_versions"}
_CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = %s"

Migrate = Callable[[Transaction, str], None]  # brings the tables to a revision, within this transaction


@dataclass(frozen=True)
class Restored:
    """What was restored, and what people have to know and do afterwards."""

    head: Head
    counted: Mapping[str, Counted]
    foreign: Sequence[str]  # tables that the backup holds and HealthBerry does not know: left out
    after: afterwards.Afterwards

    @property
    def taken_at(self) -> datetime:
        """When the backup was taken: what happened later is not in it."""
        return datetime.fromisoformat(self.head.taken_at)


@dataclass(frozen=True)
class Restorer:
    """What it takes to restore: `migrate` and `knows` come from the migrations that this version has."""

    settings: Settings
    migrate: Migrate
    knows: Callable[[str], bool]
    progress: Progress

    def restore(self, path: Path, passphrase: str, *, replace: bool = False) -> Restored:
        """Put what the file holds into the database, bring that to the newest schema, settle what was in flight.

        `replace` gives up what is in the database now. Raises: BackupError; the database is then as it was before.
        """
        engine = create_engine(self.settings.sqlalchemy_owner_url, connect_args={"connect_timeout": 10})
        try:
            with path.open("rb") as file, engine.begin() as transaction:
                reader = FrameReader(file, passphrase)
                self._require_known(reader.head)
                return self._restore(transaction, reader, replace=replace)
        finally:
            engine.dispose()

    def _restore(self, transaction: Transaction, reader: FrameReader, *, replace: bool) -> Restored:
        connection = cast("Connected", transaction.connection.driver_connection)
        tables.plainly(connection)
        self._make_room(connection, replace=replace)
        self.migrate(transaction, reader.head.revision)
        foreign = _foreign(connection, reader.head)
        tables.plainly(connection)
        self._fill(connection, reader, foreign)
        self.progress.begin("Bringing the tables to the newest schema")
        self.migrate(transaction, "head")
        after = afterwards.settle(
            connection, Vault(self.settings.channel_keys), datetime.fromisoformat(reader.head.taken_at)
        )
        return Restored(reader.head, reader.counted, foreign, after)

    def _require_known(self, head: Head) -> None:
        if not self.knows(head.revision):
            raise BackupError(
                f"This backup was made by HealthBerry {head.version} with the schema {head.revision}, which this"
                " version does not know: install that version or a newer one, and restore with it."
            )

    def _make_room(self, connection: Connected, *, replace: bool) -> None:
        role = make_url(self.settings.sqlalchemy_url).username
        row = connection.execute(_CONNECTED, (role,)).fetchone()
        if row and row[0]:
            raise BackupError(
                f"HealthBerry still uses this database ({row[0]} connections as {role}): stop its processes first."
            )
        if not replace and (full := _full(connection)):
            raise BackupError(
                f"This database is not empty ({', '.join(full)}). Restore into a new one, or give up what is in it with"
                " --replace."
            )
        bare.wipe(connection)

    def _fill(self, connection: Connected, reader: FrameReader, foreign: Collection[str]) -> None:
        self.progress.begin("Copying rows in")
        with bare.bare(connection):
            read = {
                name: self._passed_over(pieces)
                if name in foreign
                else self._copied_in(connection, name, reader.head.tables[name], pieces)
                for name, pieces in reader.tables()
            }
            require_same(reader, read)
            self.progress.begin("Comparing what is there now with what was saved")
            self._compare(
                connection, {name: one for name, one in reader.head.tables.items() if name not in foreign}, read
            )
            self.progress.begin("Building indexes and checking keys")
        present = tables.sequences(connection)
        for name, (last, given_out) in reader.head.sequences.items():
            if name in present:
                connection.execute("SELECT setval(%s, %s, %s)", (sql.Identifier(name).as_string(), last, given_out))
        bare.refresh_views(connection)

    def _copied_in(self, connection: Connected, name: str, columns: list[str], pieces: Iterable[bytes]) -> Counted:
        tally = Tally()
        with connection.cursor() as cursor, cursor.copy(tables.filling(name, columns)) as copy:
            for piece in pieces:
                copy.write(piece)
                self.progress.rows(name, tally.add(piece))
        return tally.counted()

    def _passed_over(self, pieces: Iterable[bytes]) -> Counted:
        tally = Tally()
        for piece in pieces:
            tally.add(piece)
        return tally.counted()

    def _compare(
        self, connection: Connected, columns_of: Mapping[str, list[str]], saved: Mapping[str, Counted]
    ) -> None:
        for name, columns in columns_of.items():
            tally = Tally()
            for piece in rows_of(connection, name, columns):
                self.progress.rows(name, tally.add(piece))
            if tally.counted() != saved[name]:
                raise Damaged(f"The rows of {name} in the database are not those of the backup.")


def _full(connection: Connected) -> list[str]:
    """Return the tables that hold rows, save those that are filled before anybody signs up."""
    has_rows = sql.SQL("SELECT EXISTS (SELECT FROM {})")
    return [
        name
        for name in tables.columns(connection)
        if name not in _NOT_OURS and connection.execute(has_rows.format(sql.Identifier(name))).fetchone() == (True,)
    ]


def _foreign(connection: Connected, head: Head) -> list[str]:
    """Return the tables of the backup that the schema does not have. Raises: BackupError when others do not fit."""
    present = tables.columns(connection)
    wrong = [name for name, columns in present.items() if sorted(head.tables.get(name, ())) != sorted(columns)]
    if wrong:
        raise BackupError(
            f"The tables of this backup are not those of the schema {head.revision}: {', '.join(wrong)}. They were"
            " altered by hand, or this version of HealthBerry is not the one that the backup needs."
        )
    return [name for name in head.tables if name not in present]
