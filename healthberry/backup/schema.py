"""The migrations of this version, run within a transaction that somebody else ends."""

import alembic.command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection


def migrate(transaction: Connection, revision: str) -> None:
    """Bring the tables to `revision` ("head": the newest) within the transaction; it is not committed."""
    config = _config()
    config.attributes["connection"] = transaction
    alembic.command.upgrade(config, revision)


def knows(revision: str) -> bool:
    """Whether this version has that revision."""
    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except (CommandError, ResolutionError):
        return False


def _config() -> Config:
    config: Config = current_app.extensions["migrate"].migrate.get_config()
    return config
