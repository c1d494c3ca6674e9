"""A backup restored on another machine is what was saved; whatever is wrong with it leaves nothing behind."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from healthberry.backup import take
from healthberry.backup.errors import BackupError
from healthberry.backup.restore import Restorer
from healthberry.backup.sealing import PIECE_BYTES
from healthberry.core.vault import Vault
from healthberry.local.postgres import Database
from tests.backup import saved
from tests.backup.saved import HOSTILE, KEY

# What is settled after a restore (see test_afterwards.py).
SETTLED = {"replies", "outbox_mails", "channels", "members", "email_codes", "pending_links", "heartbeats", "imports"}


def test_every_table_on_the_other_machine_is_as_migrations_make_it_and_holds_what_it_held(
    taken: take.Backup, restorer: Restorer, database: Database, empty: Database
) -> None:
    before = saved.rows(database.owner_url)
    restored = restorer.restore(taken.path, KEY)
    after = saved.rows(empty.owner_url)

    assert restored.counted == before
    assert before["messages"].rows == 3
    assert {name for name in before if after[name] != before[name]} <= SETTLED
    assert {name: one.rows for name, one in after.items()} == {name: one.rows for name, one in before.items()}
    assert saved.schema(empty.owner_url) == saved.schema(database.owner_url)
    _words_and_secrets_come_back_and_the_wall_stands(restorer, empty)


def _words_and_secrets_come_back_and_the_wall_stands(restorer: Restorer, empty: Database) -> None:
    with psycopg.connect(empty.owner_url) as connection:
        texts = {text for (text,) in connection.execute("SELECT text FROM messages WHERE direction = 'inbound'")}
        ((organisation, sealed),) = connection.execute(
            "SELECT organisation_id, sealed_secrets FROM channels"
        ).fetchall()
    with psycopg.connect(empty.app_url) as connection:
        hidden = connection.execute("SELECT count(*) FROM messages").fetchone()
        connection.execute("SELECT set_config('app.organisation_id', %s, true)", (str(organisation),))
        seen = connection.execute("SELECT count(*) FROM search_conversations('kind', '{}', 10)").fetchone()

    assert HOSTILE in texts
    assert Vault(restorer.settings.channel_keys).open(sealed) == {"access_token": "hunter2"}
    assert (hidden, seen) == ((0,), (1,))


def _flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def _cut(path: Path, at: int) -> None:
    path.write_bytes(path.read_bytes()[:at])


HARMS: tuple[tuple[Callable[[Path], object], str], ...] = (
    (lambda path: _flip(path, 0), "no backup of HealthBerry"),
    (lambda path: _flip(path, 9), "format 3; this version of HealthBerry reads formats 1 to 2"),
    (lambda path: _flip(path, 15), "BACKUP_KEY is not the one"),
    (lambda path: _flip(path, 100), "damaged or was changed"),
    (lambda path: _flip(path, -1), "damaged or was changed"),
    (lambda path: _cut(path, 12), "ends too early"),
    (lambda path: _cut(path, 42), "ends too early"),
    (lambda path: _cut(path, -1), "damaged or was changed"),
    (lambda path: path.write_bytes(path.read_bytes() + b"\0"), "damaged or was changed"),
    (lambda path: path.write_bytes(b""), "no backup of HealthBerry"),
)


def test_a_file_that_was_touched_ends_in_a_sentence_and_an_untouched_database(
    taken: take.Backup, restorer: Restorer, empty: Database
) -> None:
    whole = taken.path.read_bytes()
    for harm, sentence in HARMS:
        taken.path.write_bytes(whole)
        harm(taken.path)
        with pytest.raises(BackupError, match=sentence):
            restorer.restore(taken.path, KEY)
        assert saved.is_untouched(empty.owner_url)

    taken.path.write_bytes(whole)
    with pytest.raises(BackupError, match="BACKUP_KEY is not the one"):  # a wrong key is told from a damaged file
        restorer.restore(taken.path, "z" * 32)
    assert saved.is_untouched(empty.owner_url)


def test_damage_late_in_a_large_file_takes_back_all_that_was_copied_before_it(
    database: Database, restorer: Restorer, empty: Database, tmp_path: Path, office: object
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO paid_today SELECT 'x', date '2026-01-01' + day, hashint8(day * 100000 + item)"
            " FROM generate_series(1, 20) day, generate_series(1, 20000) item ON CONFLICT DO NOTHING"
        )
    path = take.take(database.owner_url, KEY, lambda _: tmp_path / "large", saved.SILENT).path
    pieces = path.stat().st_size // (PIECE_BYTES + 16)
    assert pieces >= 2
    whole = path.read_bytes()

    for harmed, sentence in (
        (whole[: 42 + pieces * (PIECE_BYTES + 16)], "ends too early"),
        (whole[:-40] + b"\0" + whole[-39:], "damaged or was changed"),
        (whole[:42] + whole[42 + PIECE_BYTES + 16 :], "damaged or was changed"),
    ):
        path.write_bytes(harmed)
        with pytest.raises(BackupError, match=sentence):
            restorer.restore(path, KEY)
        assert saved.is_untouched(empty.owner_url)
    path.write_bytes(whole)
    assert restorer.restore(path, KEY).counted["paid_today"].rows > 390_000


def test_a_schema_that_this_version_does_not_know_is_refused(
    taken: take.Backup, restorer: Restorer, empty: Database
) -> None:
    older = replace(restorer, knows=lambda revision: False)

    with pytest.raises(BackupError, match="which this version does not know"):
        older.restore(taken.path, KEY)
    assert saved.is_untouched(empty.owner_url)


def test_tables_that_are_not_those_of_the_schema_are_refused(
    office: object, database: Database, restorer: Restorer, empty: Database, tmp_path: Path
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE heartbeats ADD COLUMN by_hand text")
        try:
            path = take.take(database.owner_url, KEY, lambda _: tmp_path / "altered", saved.SILENT).path
        finally:
            connection.execute("ALTER TABLE heartbeats DROP COLUMN by_hand")

    with pytest.raises(BackupError, match=r"are not those of the schema .*: heartbeats"):
        restorer.restore(path, KEY)
    assert saved.is_untouched(empty.owner_url)


def test_a_table_of_somebody_else_is_left_out_and_named(
    office: object, database: Database, restorer: Restorer, tmp_path: Path
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE messages_by_hand AS SELECT * FROM messages")
        try:
            path = take.take(database.owner_url, KEY, lambda _: tmp_path / "more", saved.SILENT).path
        finally:
            connection.execute("DROP TABLE messages_by_hand")

    restored = restorer.restore(path, KEY)
    assert restored.foreign == ["messages_by_hand"]
    assert restored.counted["messages"].rows == 3


def test_a_database_with_something_in_it_is_refused_and_only_given_up_when_told(
    taken: take.Backup, restorer: Restorer, empty: Database
) -> None:
    restorer.restore(taken.path, KEY)
    with psycopg.connect(empty.owner_url, autocommit=True) as connection:
        connection.execute("DELETE FROM notes")

    with pytest.raises(BackupError, match=r"not empty \(.*organisations.*--replace"):
        restorer.restore(taken.path, KEY)
    restorer.restore(taken.path, KEY, replace=True)
    assert saved.rows(empty.owner_url)["notes"].rows == 1


def test_what_was_to_be_given_up_is_still_there_when_the_restore_fails(
    taken: take.Backup, restorer: Restorer, empty: Database
) -> None:
    restorer.restore(taken.path, KEY)
    before, schema = saved.rows(empty.owner_url), saved.schema(empty.owner_url)
    _flip(taken.path, -1)

    with pytest.raises(BackupError, match="damaged"):
        restorer.restore(taken.path, KEY, replace=True)
    assert saved.rows(empty.owner_url) == before
    assert saved.schema(empty.owner_url) == schema


def test_a_database_that_the_application_still_uses_is_refused(
    taken: take.Backup, restorer: Restorer, empty: Database
) -> None:
    with psycopg.connect(empty.app_url), pytest.raises(BackupError, match="stop its processes first"):
        restorer.restore(taken.path, KEY)
    assert saved.is_untouched(empty.owner_url)


def test_an_upgrade_that_fails_takes_the_restore_back(taken: take.Backup, restorer: Restorer, empty: Database) -> None:
    def broken(transaction: object, revision: str) -> None:
        if revision == "head":
            raise RuntimeError("no such column")
        restorer.migrate(transaction, revision)  # type: ignore[arg-type]

    with pytest.raises(RuntimeError, match="no such column"):
        replace(restorer, migrate=broken).restore(taken.path, KEY)
    assert saved.is_untouched(empty.owner_url)


def test_the_register_comes_along_and_is_searched_at_once(
    register: None, database: Database, restorer: Restorer, empty: Database, tmp_path: Path
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("REFRESH MATERIALIZED VIEW register_words")  # other tests had providers of their own
    path = take.take(database.owner_url, KEY, lambda _: tmp_path / "register", saved.SILENT).path
    restorer.restore(path, KEY)

    def words(url: str) -> object:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT count(*), sum(uses) FROM register_words").fetchone()

    assert saved.rows(empty.owner_url)["providers"] == saved.rows(database.owner_url)["providers"]
    assert words(empty.owner_url) == words(database.owner_url) != (0, None)
