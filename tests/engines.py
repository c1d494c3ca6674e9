"""The connections to the database, kept from one test to the next: a new one has to learn every table anew."""

from typing import cast

from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from healthberry.extensions import db


class Engines:
    """Engines that applications made, by the address of their database."""

    def __init__(self) -> None:
        self._kept: dict[str, Engine] = {}

    def lend(self, app: Flask) -> None:
        """Let this application use the engine that the first of its kind made."""
        address = app.config["SQLALCHEMY_DATABASE_URI"]
        with app.app_context():
            own = db.engine
            engines = cast("dict[str | None, Engine]", db.engines)
            engines[None] = self._kept.setdefault(address, own)

    def take_back(self, app: Flask) -> None:
        """Keep the engine for the next test, if this one gave every connection back."""
        with app.app_context():
            pool = db.engine.pool
            assert isinstance(pool, QueuePool)
            if pool.checkedout():
                db.engine.dispose()

    def dispose(self) -> None:
        """Close all."""
        for engine in self._kept.values():
            engine.dispose()
