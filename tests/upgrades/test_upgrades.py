"""A database of every schema that there ever was comes to the newest one with all that it held."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from healthberry.backup import schema, take
from healthberry.backup.restore import Restorer
from healthberry.core.vault import Vault
from healthberry.local.postgres import Database, LocalPostgres
from tests.backup.saved import KEY, SILENT
from tests.upgrades import old
from tests.upgrades.keep import application, revisions

PRINTS = "0013_prints"  # since then a conversation's four prints stand in one row


@pytest.fixture(scope="module")
def newest(postgres: LocalPostgres) -> Iterator[Database]:
    """An empty database of the newest schema."""
    made = postgres.create_database("newest")
    old.migrate(application(made), "head")
    yield made
    postgres.drop_database("newest")


def _surviving(before: old.Rows, after: old.Rows) -> Iterator[tuple[str, object, object]]:
    """Yield what was there, and what became of it, as far as the newest schema has a place for it."""
    for table, rows in before.items():
        for key, row in rows.items():
            now = after.get(table, {}).get(key)
            kept = {name: value for name, value in row.items() if now is None or name in now}
            yield f"{table} {key}", kept, now and {name: now[name] for name in kept}


@pytest.mark.parametrize("revision", old.kept())
def test_everything_survives_the_way_to_the_newest_schema(postgres: LocalPostgres, revision: str) -> None:
    with old.database_at(postgres, revision, application) as (app, database):
        before = old.read(database)
        old.migrate(app, "head")
        after = old.read(database)

    prints = before.pop("copy_prints", {}) if revision < PRINTS else {}
    assert [(where, was, now) for where, was, now in _surviving(before, after) if was != now] == []
    assert {table: len(after[table]) for table in before if table in after} == {
        table: len(rows) for table, rows in before.items() if table in after
    }
    assert set(before) - set(after) == set()
    assert all(len(before[table]) >= 2 for table in ("messages", "conversations", "replies", "notes", "members"))
    assert _opened(after) == [{"access_token": "hunter2"}]
    assert _joined(prints) == {
        key: tuple(row[name] for name in ("first", "second", "third", "fourth"))
        for key, row in after["copy_prints"].items()
        if prints
    }


def _opened(rows: old.Rows) -> list[dict[str, str]]:
    vault = Vault([old.CHANNEL_KEY])
    sealed = [row["sealed_secrets"] for row in rows["channels"].values()]
    return [vault.open(bytes.fromhex(one.removeprefix("\\x"))) for one in sealed if one is not None]


def _joined(prints: object) -> dict[tuple[str, str], tuple[str, ...]]:
    """Put together what stood in four rows: the kind of a print was its upper half."""
    assert isinstance(prints, dict)
    found: dict[tuple[str, str], dict[int, str]] = {}
    for organisation, conversation, value in prints:
        number = int(value)
        found.setdefault((organisation, conversation), {})[number >> 32] = str(number & 0xFFFFFFFF)
    return {key: tuple(value for _, value in sorted(kinds.items())) for key, kinds in found.items()}


def test_every_revision_has_rows_that_are_kept(newest: Database) -> None:
    """Where one is missing: `python -m tests.upgrades.keep` makes it, once (see there)."""
    assert old.kept() == revisions(application(newest))


@pytest.mark.parametrize("revision", ["0005_aside", "0012_readers"])
def test_a_backup_of_an_older_schema_is_restored_and_brought_to_the_newest(
    postgres: LocalPostgres, newest: Database, tmp_path: Path, revision: str
) -> None:
    with old.database_at(postgres, revision, application) as (app, database):
        path = take.take(database.owner_url, KEY, lambda _: tmp_path / "old", SILENT).path
        old.migrate(app, "head")
        upgraded = old.read(database)
    empty = postgres.create_database("restored_old")
    app = application(empty)
    try:
        with app.app_context():
            restorer = Restorer(app.extensions["settings"], schema.migrate, schema.knows, SILENT)
            restored = restorer.restore(path, KEY)
            found = old.read(empty)
    finally:
        postgres.drop_database("restored_old")

    assert restored.head.revision == revision
    for table in ("messages", "conversations", "notes", "copy_prints", "authors", "activities", "drafts"):
        assert found[table] == upgraded[table] != {}
