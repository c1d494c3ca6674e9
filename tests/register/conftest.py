"""Databases for the register: an empty one that every test leaves as it was, and one with the shipped file loaded."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.orm import Session

from healthberry.local.postgres import LocalPostgres
from healthberry.register import build, load
from tests.register.sample import write_sources


@pytest.fixture(scope="session")
def register_engine(postgres: LocalPostgres) -> Iterator[Engine]:
    """A database with the tables of the register, empty."""
    yield from _migrated(postgres, "register_empty")


@pytest.fixture(scope="session")
def full_register(postgres: LocalPostgres) -> Iterator[Engine]:
    """A database with the file that ships with the package loaded."""
    for engine in _migrated(postgres, "register_full"):
        with engine.begin() as connection:
            load.load(connection)
        yield engine


@pytest.fixture
def connection(register_engine: Engine) -> Iterator[Connection]:
    """A connection to the empty register; what a test does is undone."""
    with register_engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register file built from a few rows of every source."""
    folder = tmp_path_factory.mktemp("ods")
    write_sources(folder)
    target = folder / "sample.hbr"
    build.build(folder, target)
    return target


@pytest.fixture
def session(connection: Connection, sample_file: Path) -> Iterator[Session]:
    """A session over the loaded sample."""
    load.load(connection, sample_file)
    with Session(connection) as session:
        yield session


def _migrated(postgres: LocalPostgres, name: str) -> Iterator[Engine]:
    url = postgres.create_database(name).owner_url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(url)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        importlib.import_module("migrations.versions.0001_register").upgrade()
    yield engine
    engine.dispose()
    postgres.drop_database(name)
