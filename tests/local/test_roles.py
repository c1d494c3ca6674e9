"""A real PostgreSQL of which only one role is known still gets its second wall."""

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from healthberry.environment import SettingsError
from healthberry.local import roles
from healthberry.local.postgres import OWNER, SUPERUSER, LocalPostgres

RIGHTS = "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"


@pytest.fixture
def real_server(postgres: LocalPostgres) -> Iterator[str]:
    """The address of an empty database in the role that may do everything; roles made for it go with it."""
    postgres.create_database("elsewhere")
    url = postgres.url(SUPERUSER, "elsewhere")
    yield url
    postgres.drop_database("elsewhere")
    with psycopg.connect(postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        for (role,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '_app_'").fetchall():
            connection.execute(f'DROP ROLE "{role}"'.encode())


def test_the_applications_role_is_made_once_and_passes_no_wall(real_server: str, tmp_path: Path) -> None:
    first = roles.apart(real_server, tmp_path)
    with psycopg.connect(first["DATABASE_URL"]) as connection:
        rights = connection.execute(RIGHTS).fetchone()

    assert rights == (True, False, False, False)
    assert first["DATABASE_OWNER_URL"] == real_server
    assert roles.apart(real_server, tmp_path) == first
    assert stat.S_IMODE((tmp_path / "database.env").stat().st_mode) == 0o600


def test_another_checkout_gets_a_role_of_its_own(real_server: str, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    first = roles.apart(real_server, tmp_path)
    second = roles.apart(real_server, tmp_path / "other")

    assert first["DATABASE_URL"] != second["DATABASE_URL"]
    psycopg.connect(first["DATABASE_URL"]).close()


def test_a_role_that_may_make_none_is_told_what_to_type(postgres: LocalPostgres, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        roles.apart(postgres.url(OWNER, "healthberry"), tmp_path)

    assert str(caught.value).count("CREATE ROLE") == 2
    assert not (tmp_path / "database.env").exists()


def test_a_role_that_may_make_roles_need_be_no_superuser(
    postgres: LocalPostgres, real_server: str, tmp_path: Path
) -> None:
    with psycopg.connect(real_server, autocommit=True) as connection:
        connection.execute("CREATE ROLE boss_app_ LOGIN CREATEROLE PASSWORD 'secret'")
    made = roles.apart(roles.as_role(real_server, "boss_app_", "secret"), tmp_path)

    psycopg.connect(made["DATABASE_URL"]).close()
    assert roles.apart(roles.as_role(real_server, "boss_app_", "secret"), tmp_path) == made


def test_a_server_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="DATABASE_URL"):
        roles.apart("postgresql://someone:secret@127.0.0.1:9/nowhere", tmp_path)


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("postgresql://me:secret@db.example:5432/hb?sslmode=require", "app:p%2Fw@db.example:5432/hb?sslmode=require"),
        ("postgresql:///hb?host=/run/pg&user=me&password=secret", "app:p%2Fw@/hb?host=%2Frun%2Fpg"),
    ],
)
def test_the_address_keeps_all_but_the_role(url: str, other: str) -> None:
    assert roles.as_role(url, "app", "p/w") == f"postgresql://{other}"
