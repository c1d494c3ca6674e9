"""Fixtures: the real servers that tests run against, and the wall that keeps tests on this machine.

`postgres`, `valkey_url` and `mailbox` are started once per session when first asked for.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from healthberry.local import postgres as local_postgres
from healthberry.local import valkey as local_valkey
from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import LocalPostgres
from tests.network import stay_on_this_machine

stay_on_this_machine()


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A folder for the servers' data; not under pytest's own, which is closed to the database's system user."""
    folder = Path(tempfile.mkdtemp(prefix="healthberry-tests-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(servers_folder: Path) -> Iterator[LocalPostgres]:
    """A running PostgreSQL with the roles of HealthBerry: `.owner_url`, `.app_url`, `.create_database(name)`."""
    server = local_postgres.start(servers_folder / "postgres", durable=False)
    with psycopg.connect(server.url(local_postgres.SUPERUSER, "postgres"), autocommit=True) as connection:
        # Connections outlive tests, and every test begins with empty tables: where nobody counted that they are empty,
        # no plan is made, and kept, for a handful of rows.
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")
    yield server
    server.remove()


@pytest.fixture(scope="session")
def valkey_url(servers_folder: Path) -> Iterator[str]:
    """The address of a running Valkey, database 0."""
    server = local_valkey.start(servers_folder / "valkey", durable=False)
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def _mailbox(servers_folder: Path) -> Iterator[Mailbox]:
    box = Mailbox(servers_folder / "mailbox")
    yield box
    box.stop()


@pytest.fixture
def mailbox(_mailbox: Mailbox) -> Mailbox:
    """An empty running mailbox: `.mail_url`, `.messages()`, `.wait_for(predicate, timeout)`, `.clear()`."""
    _mailbox.clear()
    return _mailbox
