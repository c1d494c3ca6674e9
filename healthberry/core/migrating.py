"""How the tables change while people read: a migration waits seconds for a table, lets all pass, and tries again.

Whoever waits for a lock holds up all who come after, readers too. So no migration waits long (`lock_timeout`), and each
commits by itself, so that a later try goes on where the last one stopped.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from alembic import context, op
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

log = logging.getLogger(__name__)

LOCK_SECONDS = 3
_TRIES = 20
_PAUSE_SECONDS = 3.0
_LOCK_NOT_AVAILABLE = "55P03"
_GIVEN_UP = (
    "The tables are in use: nothing was changed that is not finished. End what holds them long (a backup, an export,"
    " a forgotten session), then run `healthberry db upgrade` again: it goes on where it stopped."
)


class TablesInUse(Exception):
    """Somebody holds a table for so long that the migration gave up."""


def wait_briefly(connection: Connection) -> None:
    """Let no statement of this connection wait longer than three seconds for a lock."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))


def until_done(
    migrate: Callable[[], None], *, tries: int = _TRIES, pause: Callable[[float], object] = time.sleep
) -> None:
    """Run `migrate` again and again while it does not get its locks: at most some two minutes.

    Raises: TablesInUse.
    """
    for left in reversed(range(tries)):
        try:
            migrate()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            if not left:
                raise TablesInUse(_GIVEN_UP) from error
            log.warning("migration.tables_in_use", extra={"fields": {"tries_left": left}})
            pause(_PAUSE_SECONDS)
        else:
            return


def build_index(name: str, on: str, *, unique: bool = False) -> None:
    """Build an index of a table that is in use: `build_index("ix_notes_made", "notes (organisation_id, made_at)")`.

    Nobody waits for it. What stands before it in the migration is committed, and is run again where the index fails: so
    it must bear that (ADD COLUMN IF NOT EXISTS). What a broken try left is dropped first. Within the transaction of a
    restore, into tables that nobody uses yet, it is built as usual.
    """
    kind = "UNIQUE INDEX" if unique else "INDEX"
    if _within_another():
        op.execute(f"CREATE {kind} {name} ON {on}")
        return
    with _unhurried():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE {kind} CONCURRENTLY {name} ON {on}")


def drop_index(name: str) -> None:
    """Drop an index of a table that is in use; nobody waits for it. See `build_index`."""
    if _within_another():
        op.execute(f"DROP INDEX IF EXISTS {name}")
        return
    with _unhurried():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _within_another() -> bool:
    return context.config.attributes.get("connection") is not None


@contextmanager
def _unhurried() -> Iterator[None]:
    """Outside a transaction, and without a time limit: what waits here holds up nobody."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        yield
        op.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
