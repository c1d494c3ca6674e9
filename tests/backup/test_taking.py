"""A backup is one moment of the database, there as a whole or not at all."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from healthberry.backup import files, take
from healthberry.backup.errors import BackupError
from healthberry.backup.progress import Progress
from healthberry.local.postgres import Database, LocalPostgres
from healthberry.models.channels import Channel
from tests.backup.saved import KEY, SILENT


def _named(path: Path) -> Callable[[datetime], Path]:
    return lambda _: path


def test_the_file_says_what_it_holds_and_reads_back(taken: take.Backup) -> None:
    found = take.read_back(taken.path, KEY, SILENT)

    assert found == taken
    assert found.counted["messages"].rows == 3
    assert found.head.tables["notes"][:2] == ["conversation_id", "member_id"]
    assert taken.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in taken.path.parent.iterdir()] == ["saved"]


def test_nothing_in_the_file_can_be_read_without_the_key(taken: take.Backup) -> None:
    content = taken.path.read_bytes()

    assert content.startswith(b"HBBACKUP\0\2")
    assert not any(words in content for words in (b"kind", b"messages", b"organisation"))


def test_what_is_written_while_it_runs_is_not_in_it(
    office: Channel, database: Database, owner: psycopg.Connection, tmp_path: Path
) -> None:
    """The tables are read in the order of their names: activities before messages."""

    class Meddler(Progress):
        def rows(self, table: str, count: int) -> None:
            if table == "activities" and not done:
                done.append(owner.execute("DELETE FROM organisations").rowcount)

    done: list[int] = []
    taken = take.take(database.owner_url, KEY, _named(tmp_path / "saved"), Meddler(lambda _: None))

    assert done == [1]
    assert (taken.counted["messages"].rows, taken.counted["organisations"].rows) == (3, 1)


def test_nobody_alters_a_table_while_it_runs(office: Channel, database: Database, tmp_path: Path) -> None:
    refused: list[str] = []

    class Meddler(Progress):
        def rows(self, table: str, count: int) -> None:
            if table == "activities" and not refused:
                with psycopg.connect(database.owner_url) as other:
                    other.execute("SET lock_timeout = '50ms'")
                    with pytest.raises(psycopg.errors.LockNotAvailable) as caught:
                        other.execute("ALTER TABLE messages ADD COLUMN more text")
                    refused.append(caught.value.sqlstate or "")

    take.take(database.owner_url, KEY, _named(tmp_path / "saved"), Meddler(lambda _: None))
    assert refused == ["55P03"]


def test_a_file_that_is_there_is_never_replaced(office: Channel, database: Database, tmp_path: Path) -> None:
    path = tmp_path / "saved"
    path.write_text("mine")

    with pytest.raises(BackupError, match="is there already"):
        take.take(database.owner_url, KEY, _named(path), SILENT)
    assert path.read_text() == "mine"


def test_a_file_that_appears_meanwhile_is_not_replaced_either(
    office: Channel, database: Database, tmp_path: Path
) -> None:
    class Meddler(Progress):
        def rows(self, table: str, count: int) -> None:
            (tmp_path / "saved").write_text("mine")

    with pytest.raises(BackupError, match="has appeared meanwhile"):
        take.take(database.owner_url, KEY, _named(tmp_path / "saved"), Meddler(lambda _: None))
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]
    assert (tmp_path / "saved").read_text() == "mine"


def test_a_backup_that_fails_leaves_no_file(office: Channel, database: Database, tmp_path: Path) -> None:
    class Full(Progress):
        def rows(self, table: str, count: int) -> None:
            if table == "messages":
                raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        take.take(database.owner_url, KEY, _named(tmp_path / "saved"), Full(lambda _: None))
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_gives_back_something_else_is_noticed(office: Channel, database: Database, tmp_path: Path) -> None:
    class Rotten(Progress):
        def begin(self, doing: str) -> None:
            if doing.startswith("Reading"):
                with (tmp_path / "saved.part").open("r+b") as file:
                    file.seek(200)
                    file.write(b"\0\0\0\0")

    with pytest.raises(BackupError, match="damaged"):
        take.take(database.owner_url, KEY, _named(tmp_path / "saved"), Rotten(lambda _: None))
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_do_not_write_one_file(tmp_path: Path) -> None:
    with files.written(tmp_path / "saved") as file:
        file.write(b"first")
        with pytest.raises(BackupError, match="Another process is writing"), files.written(tmp_path / "saved"):
            pass
    assert (tmp_path / "saved").read_bytes() == b"first"


def test_what_a_killed_one_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "saved.part").write_bytes(b"half a backup, and longer")

    with files.written(tmp_path / "saved") as file:
        file.write(b"whole")
    assert (tmp_path / "saved").read_bytes() == b"whole"


def test_an_empty_database_is_no_backup(postgres: LocalPostgres, tmp_path: Path) -> None:
    made = postgres.create_database("healthberry_nothing")
    try:
        with pytest.raises(BackupError, match="no tables of HealthBerry"):
            take.take(made.owner_url, KEY, _named(tmp_path / "saved"), SILENT)
    finally:
        postgres.drop_database("healthberry_nothing")


def test_a_role_that_the_wall_holds_back_does_not_save_a_part_for_the_whole(
    office: Channel, database: Database, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match=r"does not see every row of .*messages"):
        take.take(database.app_url, KEY, _named(tmp_path / "saved"), SILENT)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_keeps_the_newest_and_what_is_not_ours(tmp_path: Path) -> None:
    for day in (1, 2, 3, 4):
        files.name_in(tmp_path, datetime(2026, 5, day, 1, 2, 3, tzinfo=UTC)).touch()
    (tmp_path / "healthberry-old.backup").touch()

    gone = files.drop_older(tmp_path, 2)

    assert [path.name for path in gone] == [
        "healthberry-20260501T010203Z.backup",
        "healthberry-20260502T010203Z.backup",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "healthberry-20260503T010203Z.backup",
        "healthberry-20260504T010203Z.backup",
        "healthberry-old.backup",
    ]
