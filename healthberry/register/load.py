"""Load the register's file into the database."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, text

from healthberry.register import shipped, store
from healthberry.register.entries import Entry
from healthberry.register.words import key


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did: rows added or changed, rows closed because the file no longer has them, size of the register.

    All counts of work are 0 and `unchanged` is true when this file was loaded before.
    """

    unchanged: bool
    changed: int
    closed: int
    entries: int
    open: int


def load(connection: Connection, file: Path | None = None) -> LoadReport:
    """Load a register file (the package's own by default) inside the caller's transaction.

    Nothing is ever deleted: what the file no longer knows is closed, unless a refresh found it later than the file.
    Facts that a refresh found later than the file are kept, and so are former names. A second call with the same file
    changes nothing.

    Raises: shipped.NotARegister when the file is damaged; OSError when it cannot be read.
    """
    store.lock(connection)
    if _loaded_hash(connection) == shipped.fingerprint(file):
        return LoadReport(True, 0, 0, *store.counts(connection))
    found = shipped.read(file)
    known = store.all_entries(connection)
    news = [_kept(entry, known.get(entry.ods_code)) for entry in found.entries]
    names = {entry.ods_code for entry in news}
    gone = [
        replace(entry, closed_on=found.as_of)
        for code, entry in known.items()
        if code not in names and entry.closed_on is None and entry.source_as_of < found.as_of
    ]
    changed = store.put(connection, [*news, *gone])
    store.index_words(connection)
    entries, still_open = store.counts(connection)
    _note(connection, found.content_hash, found.as_of, entries, still_open)
    return LoadReport(False, changed - len(gone), len(gone), entries, still_open)


def _kept(new: Entry, old: Entry | None) -> Entry:
    if old is None:
        return new
    if old.source_as_of > new.source_as_of:
        return replace(old, web_domain=new.web_domain or old.web_domain)
    earlier = (*new.former_names, *old.former_names, old.name)
    former = {key(name): name for name in reversed(earlier) if key(name) != key(new.name)}
    short = {key(name) for name in new.short_names}
    names = [name for known, name in former.items() if known not in short]
    return replace(new, former_names=tuple(reversed(names)))


def _loaded_hash(connection: Connection) -> str | None:
    return connection.execute(text("SELECT content_hash FROM register_versions")).scalar()


def _note(connection: Connection, content_hash: str, as_of: date, entries: int, still_open: int) -> None:
    connection.execute(
        text(
            "INSERT INTO register_versions (id, content_hash, as_of, total_count, open_count, loaded_at) "
            "VALUES (1, :content_hash, :as_of, :entries, :still_open, now()) "
            "ON CONFLICT (id) DO UPDATE SET content_hash = excluded.content_hash, as_of = excluded.as_of, "
            "total_count = excluded.total_count, open_count = excluded.open_count, loaded_at = excluded.loaded_at"
        ),
        {"content_hash": content_hash, "as_of": as_of, "entries": entries, "still_open": still_open},
    )
