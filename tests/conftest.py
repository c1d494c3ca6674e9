"""Fixtures of the application: a migrated database, and the application over real servers."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import psycopg
import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from redis import Redis
from sqlalchemy import create_engine

from healthberry import create_app
from healthberry.connectors.site_proofs import SiteProofs
from healthberry.core import events, scope
from healthberry.extensions import db
from healthberry.jobs import base as jobs
from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database, LocalPostgres
from healthberry.register.load import load
from healthberry.settings import Settings
from tests.compiled import compile_once
from tests.engines import Engines
from tests.name_server import name_server

pytest_plugins = ["tests.servers", "tests.sandbox_server", "tests.world"]
compile_once()
_LONGEST = ("chaos", "backup", "background", "local", "upgrades", "stories", "browser", "realtime", "policy", "session")
# Every table but the register. Everything owned goes with its organisation: quicker than TRUNCATE by far.
_NOT_OWNED = ("email_codes", "heartbeats", "operator_sessions", "operator_steps", "outages", "paid_reads", "paid_today")
EMPTY = ";".join(f"DELETE FROM {table}" for table in ("organisations", *_NOT_OWNED)).encode()  # noqa: S608


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders whose single files take longest: no process is left with one of them at the end."""
    folders = {folder: place for place, folder in enumerate(_LONGEST)}
    items.sort(key=lambda item: folders.get(item.path.parent.name, len(folders)))


@pytest.fixture(scope="session")
def channel_key() -> str:
    """The key that seals channel secrets in this run."""
    return Fernet.generate_key().decode()


@pytest.fixture(scope="session")
def database(postgres: LocalPostgres, valkey_url: str, channel_key: str) -> Database:
    """A database with the newest schema; its tables are emptied after each test that used `app`."""
    made = postgres.create_database("healthberry_tests")
    app = create_app(_settings(made, valkey_url, "smtp://127.0.0.1:9", channel_key))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    return made


@pytest.fixture(scope="session")
def register(database: Database) -> None:
    """The shipped register, loaded once; it stays when the other tables are emptied."""
    engine = create_engine(_sqlalchemy(database.owner_url))
    with engine.begin() as connection:
        load(connection)
    engine.dispose()


@pytest.fixture(scope="session")
def empty_dns() -> Iterator[str]:
    """A name server that knows no name."""
    with name_server({}) as address:
        yield address


@pytest.fixture
def settings(database: Database, valkey_url: str, mailbox: Mailbox, channel_key: str, empty_dns: str) -> Settings:
    """The settings of `app`; replace fields with `dataclasses.replace` for another one."""
    return replace(_settings(database, valkey_url, mailbox.mail_url, channel_key), dns_server=empty_dns)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """The connections to the database that one test after the other uses, as requests do in a process that lives."""
    kept = Engines()
    yield kept
    kept.dispose()


@pytest.fixture(scope="session")
def owner(database: Database) -> Iterator[psycopg.Connection]:
    """The owner's connection to the database, to empty it: it knows every table already."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def app(settings: Settings, engines: Engines, owner: psycopg.Connection) -> Iterator[Flask]:
    """The application over the real servers, as production builds it; leaves empty tables behind."""
    application = create_app(settings)
    application.config["WTF_CSRF_ENABLED"] = False
    # No organisation has a website here: nothing listens there.
    application.extensions["site_proofs"] = SiteProofs("http://127.0.0.1:9", settings.dns_server)
    jobs.use(application)
    engines.lend(application)
    yield application
    if "hub" in application.extensions:
        application.extensions["hub"].stop()
    with application.app_context():
        events.forget()
        scope.leave()
    engines.take_back(application)
    _valkey(settings.redis_url).flushall()
    owner.execute(EMPTY)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript; forms need no CSRF token (its own tests switch that on)."""
    return app.test_client()


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """An application context around the test."""
    with app.app_context():
        yield app


@cache
def _valkey(url: str) -> Redis:
    """Return one connection for all tests: to make one costs more than to empty the server."""
    return Redis.from_url(url)


def _sqlalchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def _settings(database: Database, valkey_url: str, mail_url: str, channel_key: str) -> Settings:
    return Settings.from_env(
        {
            "DATABASE_URL": database.app_url,
            "DATABASE_OWNER_URL": database.owner_url,
            "REDIS_URL": valkey_url,
            "MAIL_URL": mail_url,
            "MAIL_FROM": "HealthBerry <healthberry@example.org>",
            "SECRET_KEY": "only-for-tests-" + "x" * 32,
            "CHANNEL_KEYS": channel_key,
            "PUBLIC_URL": "http://localhost",
            "LOG_LEVEL": "WARNING",
        }
    )
