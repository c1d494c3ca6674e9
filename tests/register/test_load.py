"""Loading the register: once, again, and over what a later refresh found."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text

from healthberry.models.providers import Provider, RegisterVersion
from healthberry.register import load, shipped, store


def _of(connection: Connection, code: str) -> tuple[object, ...]:
    query = text("SELECT name, closed_on, former_names FROM providers WHERE ods_code = :code")
    return tuple(connection.execute(query, {"code": code}).one())


def _edited(file: Path, folder: Path, **changes: dict[str, Any]) -> Path:
    entries = [replace(entry, **changes.get(entry.ods_code, {})) for entry in shipped.read(file).entries]
    target = folder / "edited.hbr"
    shipped.write([entry for entry in entries if entry.name], target)
    return target


def test_a_second_load_changes_nothing(connection: Connection, sample_file: Path) -> None:
    first = load.load(connection, sample_file)
    second = load.load(connection, sample_file)
    assert (first.unchanged, first.changed, first.open) == (False, first.entries, 28)
    assert (second.unchanged, second.changed, second.closed, second.open) == (True, 0, 0, 28)


def test_only_what_differs_is_written(connection: Connection, sample_file: Path, tmp_path: Path) -> None:
    load.load(connection, sample_file)
    report = load.load(connection, _edited(sample_file, tmp_path, FA001={"town": "Morley"}))
    assert (report.unchanged, report.changed, report.closed) == (False, 1, 0)


def test_what_is_missing_from_a_new_file_is_closed_and_not_deleted(
    connection: Connection, sample_file: Path, tmp_path: Path
) -> None:
    load.load(connection, sample_file)
    report = load.load(connection, _edited(sample_file, tmp_path, FA001={"name": ""}))
    assert report.closed == 1
    assert _of(connection, "FA001")[:2] == ("Boots", shipped.read(sample_file).as_of)


def test_a_new_name_keeps_the_old_one_as_a_former_name(
    connection: Connection, sample_file: Path, tmp_path: Path
) -> None:
    load.load(connection, sample_file)
    load.load(connection, _edited(sample_file, tmp_path, B86003={"name": "Elm Medical Centre"}))
    assert _of(connection, "B86003") == ("Elm Medical Centre", None, ["Cedar Medical Centre"])


def test_facts_that_a_refresh_found_later_are_kept(connection: Connection, sample_file: Path, tmp_path: Path) -> None:
    load.load(connection, sample_file)
    entries = store.all_entries(connection)
    later = date(2027, 1, 1)
    news = replace(entries["FA001"], name="Boots the Second", source_as_of=later)
    added = replace(entries["FA001"], ods_code="FA999", name="New Pharmacy", source_as_of=later)
    store.put(connection, [news, added])
    load.load(connection, _edited(sample_file, tmp_path, FA002={"town": "Knaresborough"}))
    assert _of(connection, "FA001")[0] == "Boots the Second"
    assert _of(connection, "FA999")[1] is None


def test_tables_and_migration_agree(connection: Connection) -> None:
    ours = MetaData(naming_convention=Provider.metadata.naming_convention)
    for model in (Provider, RegisterVersion):
        model.__table__.to_metadata(ours)  # type: ignore[attr-defined]
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, ours) == []
