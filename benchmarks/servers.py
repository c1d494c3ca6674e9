"""Private servers for one benchmark run, and the application over them."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from flask import Flask
from flask_migrate import upgrade

from healthberry import create_app
from healthberry.extensions import db
from healthberry.local import postgres, valkey
from healthberry.local.postgres import LocalPostgres
from healthberry.settings import Settings


@dataclass(frozen=True)
class Bench:
    """What a benchmark works with; `environment` starts further processes on the same servers."""

    app: Flask
    postgres: LocalPostgres
    environment: dict[str, str]


@contextmanager
def bench(more: Mapping[str, str] | None = None, *, durable: bool = True) -> Iterator[Bench]:
    """Start PostgreSQL (durable, as in production) and Valkey, migrate, give the application; end all afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="healthberry-bench-"))
    if os.geteuid() == 0:
        folder.chmod(0o711)
    database = postgres.start(folder / "postgres", durable=durable)
    bell = valkey.start(folder / "valkey", durable=False)
    environment = {
        "DATABASE_URL": database.app_url,
        "DATABASE_OWNER_URL": database.owner_url,
        "REDIS_URL": bell.url,
        "MAIL_URL": "smtp://127.0.0.1:9",
        "MAIL_FROM": "HealthBerry <healthberry@example.org>",
        "SECRET_KEY": "only-for-benchmarks-" + "x" * 32,
        "CHANNEL_KEYS": Fernet.generate_key().decode(),
        "PUBLIC_URL": "http://localhost",
        "LOG_LEVEL": "ERROR",
        **(more or {}),
    }
    app = create_app(Settings.from_env(environment))
    try:
        with app.app_context():
            upgrade()
        yield Bench(app, database, environment)
    finally:
        with app.app_context():
            db.engine.dispose()
        database.remove()
        bell.stop()
        shutil.rmtree(folder, ignore_errors=True)
