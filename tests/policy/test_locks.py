"""New migrations stop nobody who reads or writes; a migration never waits long for its tables."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import alembic.command
import psycopg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from healthberry.core import migrating
from healthberry.extensions import db
from healthberry.local.postgres import Database, LocalPostgres
from tests.policy import locks
from tests.upgrades import old
from tests.upgrades.keep import application

GOOD = """
BEGIN;
CREATE TABLE walks (id UUID NOT NULL, next_at TIMESTAMP WITH TIME ZONE, CONSTRAINT pk_walks PRIMARY KEY (id));
CREATE INDEX ix_walks_due ON walks (next_at);
ALTER TABLE channels ADD COLUMN stale_at TIMESTAMP WITH TIME ZONE, ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
UPDATE alembic_version SET version_num='0016_a' WHERE alembic_version.version_num = '0015_b';
COMMIT;
"""


def test_every_migration_since_0016_keeps_to_the_rules() -> None:
    assert locks.findings(locks.checked()) == []


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX ix_messages_url ON messages (url)", "require-concurrent-index-creation"),
        (
            "ALTER TABLE messages ADD COLUMN at timestamptz NOT NULL DEFAULT clock_timestamp()",
            "adding-field-with-default",
        ),
        ("ALTER TABLE messages ADD COLUMN more text NOT NULL", "adding-required-field"),
        ("ALTER TABLE messages ALTER url SET NOT NULL", "adding-not-nullable-field"),
        ("ALTER TABLE messages ALTER url TYPE integer USING 1", "changing-column-type"),
        ("ALTER TABLE messages ADD CONSTRAINT ck CHECK (url <> '')", "constraint-missing-not-valid"),
        ("ALTER TABLE messages ADD CONSTRAINT uq UNIQUE (url)", "disallowed-unique-constraint"),
        ("ALTER TABLE messages DROP COLUMN url", "ban-drop-column"),
        ("ALTER TABLE messages RENAME url TO address", "renaming-column"),
        ("CREATE INDEX CONCURRENTLY ix ON messages (url)", "ban-concurrent-index-creation-in-transaction"),
    ],
)
def test_what_would_stop_others_is_named(statement: str, rule: str) -> None:
    found = locks.findings({"0016_bad": f"BEGIN;\n{statement};\nCOMMIT;\n", "0017_good": GOOD})

    assert [line for line in found if line.startswith("0017")] == []
    assert [line for line in found if line.startswith("0016_bad.sql:") and rule in line]


def test_an_index_that_is_built_outside_a_transaction_stands_alone() -> None:
    index = "COMMIT;\nSET lock_timeout = 0;\nCREATE INDEX CONCURRENTLY ix_messages_url ON messages (url);\nBEGIN;\n"
    alone, mixed = f"BEGIN;\n{index}COMMIT;\n", f"BEGIN;\nALTER TABLE messages ADD COLUMN more text;\n{index}COMMIT;\n"

    assert locks.findings({"0016_index": alone}) == []
    assert any("a migration of its own" in line for line in locks.findings({"0016_index": mixed}))


def test_the_list_of_exceptions_ends_with_0015() -> None:
    assert max(locks.BEFORE_ANYBODY_USED_IT) == "0015"


@pytest.fixture
def at_0014(postgres: LocalPostgres) -> Iterator[tuple[Flask, Database]]:
    """A database that lacks what 0015 adds to channels."""
    made = postgres.create_database("healthberry_waiting")
    app = application(made)
    old.migrate(app, "0014_keeping")
    yield app, made
    postgres.drop_database("healthberry_waiting")


def test_a_migration_that_waits_for_a_table_lets_readers_pass_and_is_tried_again(
    at_0014: tuple[Flask, Database],
) -> None:
    app, database = at_0014
    with psycopg.connect(database.owner_url) as holder, psycopg.connect(database.owner_url, autocommit=True) as watcher:
        holder.execute("SELECT count(*) FROM channels")
        upgrade = threading.Thread(target=old.migrate, args=(app, "0015_revocations"))
        upgrade.start()
        try:
            _until(watcher, "EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'channels'::regclass)")
            # It stands before us in the queue now; were it to wait on, so would we.
            watcher.execute(f"SET lock_timeout = '{migrating.LOCK_SECONDS + 5}s'".encode())
            read = watcher.execute("SELECT count(*) FROM channels").fetchone()
            holder.rollback()
        finally:
            holder.close()
            upgrade.join(60)
        columns = watcher.execute("SELECT count(*) FROM channels WHERE revoke_at IS NOT NULL").fetchone()

    assert (read, columns) == ((0,), (0,))
    assert not upgrade.is_alive()


def _until(connection: psycopg.Connection, condition: str) -> None:
    """Ask until it is so; the server waits between two looks."""
    for _ in range(600):
        if connection.execute(f"SELECT {condition}".encode()).fetchone() == (True,):
            return
        connection.execute("SELECT pg_sleep(0.05)")
    raise AssertionError(condition)


def test_tables_that_stay_in_use_end_it_with_a_sentence(database: Database) -> None:
    tried: list[float] = []
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))

    def never() -> None:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '20ms'"))
            connection.execute(text("LOCK TABLE heartbeats IN ACCESS EXCLUSIVE MODE"))

    with psycopg.connect(database.owner_url) as holder:
        holder.execute("SELECT count(*) FROM heartbeats")
        with pytest.raises(migrating.TablesInUse, match="run `healthberry db upgrade` again"):
            migrating.until_done(never, tries=3, pause=tried.append)
    engine.dispose()

    assert len(tried) == 2


def test_other_errors_are_not_tried_again(database: Database) -> None:
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    tries: list[int] = []

    def broken() -> None:
        tries.append(1)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE nowhere ADD COLUMN x text"))

    with pytest.raises((ProgrammingError, OperationalError)):
        migrating.until_done(broken, pause=lambda seconds: None)
    engine.dispose()
    assert len(tries) == 1


MIGRATION = """
from healthberry.core.migrating import {act}

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    {act}({arguments})
"""


@pytest.fixture
def with_indexes(postgres: LocalPostgres, tmp_path: Path) -> Iterator[tuple[Flask, Database, Config]]:
    """A database of the newest schema, and two migrations more: one builds an index, one drops it again."""
    made = postgres.create_database("healthberry_indexes")
    app = application(made)
    old.migrate(app, "head")
    with app.app_context():
        config: Config = current_app.extensions["migrate"].migrate.get_config()
    head = ScriptDirectory.from_config(config).get_current_head()
    arguments = '"ix_messages_url", "messages (organisation_id, url)"'
    for revision, before, act, given in (
        ("9998_more", head, "build_index", arguments),
        ("9999_less", "9998_more", "drop_index", '"ix_messages_url"'),
    ):
        script = MIGRATION.format(act=act, revision=revision, before=before, arguments=given)
        (tmp_path / f"{revision}.py").write_text(script)
    config.set_main_option("path_separator", "os")
    config.set_main_option(
        "version_locations", os.pathsep.join((str(locks.ROOT / "migrations/versions"), str(tmp_path)))
    )
    yield app, made, config
    postgres.drop_database("healthberry_indexes")


def _index(database: Database) -> tuple[bool] | None:
    with psycopg.connect(database.owner_url) as connection:
        query = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_messages_url')"
        return connection.execute(query).fetchone()


def test_an_index_is_built_while_people_write_and_a_broken_one_is_built_anew(
    with_indexes: tuple[Flask, Database, Config],
) -> None:
    app, database, config = with_indexes
    with app.app_context():
        for _ in range(2):
            alembic.command.upgrade(config, "9998_more")
            built = _index(database)
            # What a try that was killed leaves: an index that nobody uses, and the revision before.
            with psycopg.connect(database.owner_url) as connection:
                connection.execute("UPDATE alembic_version SET version_num = %s", (_before(config),))
        alembic.command.upgrade(config, "9999_less")
        db.engine.dispose()

    assert built == (True,)
    assert _index(database) is None


def _before(config: Config) -> str:
    script = ScriptDirectory.from_config(config).get_revision("9998_more")
    return str(script.down_revision)


def test_within_a_restore_the_same_migrations_keep_to_its_transaction(
    with_indexes: tuple[Flask, Database, Config],
) -> None:
    app, database, config = with_indexes
    engine = create_engine(database.owner_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with app.app_context(), engine.connect() as connection:
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, "9998_more")
        seen = connection.execute(text("SELECT to_regclass('ix_messages_url') IS NOT NULL")).scalar()
        connection.rollback()
        db.engine.dispose()
    engine.dispose()

    assert seen is True
    assert _index(database) is None
