"""The second wall cannot be left out by accident: a role that passes it is refused, or seen in `/health`."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from healthberry import create_app
from healthberry.extensions import db
from healthberry.local.postgres import APP, OWNER, SUPERUSER, Database, LocalPostgres
from healthberry.settings import Settings
from tests.environment import environment_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty_database(postgres: LocalPostgres) -> Iterator[str]:
    """The name of a database without tables, owned by the owner."""
    postgres.create_database("healthberry_roles")
    yield "healthberry_roles"
    postgres.drop_database("healthberry_roles")


def _upgrade(settings: Settings, application: str, owner: str = "") -> subprocess.CompletedProcess[str]:
    environment = environment_of(settings, DATABASE_URL=application, DATABASE_OWNER_URL=owner)
    command = [sys.executable, "-m", "healthberry.cli", "db", "upgrade"]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment)


@pytest.mark.parametrize("role", [OWNER, SUPERUSER])
def test_one_role_for_both_is_refused_before_any_table_is_made(
    postgres: LocalPostgres, settings: Settings, empty_database: str, role: str
) -> None:
    done = _upgrade(settings, postgres.url(role, empty_database))

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"the application's role {role} " in done.stderr
    assert done.stderr.count("CREATE ROLE") == 2
    with psycopg.connect(postgres.url(OWNER, empty_database)) as connection:
        assert connection.execute("SELECT to_regclass('organisations')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("hole", "mended", "reason"),
    [
        (f"ALTER ROLE {APP} BYPASSRLS", f"ALTER ROLE {APP} NOBYPASSRLS", "has BYPASSRLS"),
        (f"GRANT {OWNER} TO {APP}", f"REVOKE {OWNER} FROM {APP}", "owns the tables"),
    ],
)
def test_a_role_that_passes_the_wall_by_other_ways_is_refused_and_seen(
    postgres: LocalPostgres, settings: Settings, database: Database, hole: str, mended: str, reason: str
) -> None:
    app = create_app(settings)
    with psycopg.connect(postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute(hole.encode())
        try:
            refused = _upgrade(settings, database.app_url, database.owner_url)
            seen = app.test_client().get("/health")
        finally:
            connection.execute(mended.encode())
    well = app.test_client().get("/health")
    with app.app_context():
        db.engine.dispose()

    assert (refused.returncode, reason in refused.stderr) == (2, True)
    assert seen.status_code == 200
    assert seen.json is not None
    assert seen.json["status"] == "degraded"
    assert reason in seen.json["checks"]["database"]["reason"]
    assert well.json is not None
    assert well.json["checks"]["database"]["ok"]


def test_health_tells_of_an_application_that_runs_as_a_superuser(postgres: LocalPostgres, settings: Settings) -> None:
    app = create_app(replace(settings, database_url=postgres.url(SUPERUSER, "healthberry_tests")))
    health = app.test_client().get("/health")
    with app.app_context():
        db.engine.dispose()

    assert health.status_code == 200
    assert health.json is not None
    assert health.json["status"] == "degraded"
    assert "postgres is a superuser" in health.json["checks"]["database"]["reason"]


def test_two_roles_make_the_tables_and_the_application_owns_none(
    postgres: LocalPostgres, settings: Settings, empty_database: str
) -> None:
    done = _upgrade(settings, postgres.url(APP, empty_database), postgres.url(OWNER, empty_database))

    assert done.returncode == 0, done.stderr
    with psycopg.connect(postgres.url(APP, empty_database)) as connection:
        assert connection.execute("SELECT count(*) FROM organisations").fetchone() == (0,)
