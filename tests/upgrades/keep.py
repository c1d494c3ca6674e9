"""Keep rows for a new revision: those of the one before it, migrated, and what is new in it.

    python -m tests.upgrades.keep            every revision that has none yet
    python -m tests.upgrades.keep NEW.sql    and run NEW.sql first, at the newest: rows for what it brought

What is kept is what a database of that revision holds, for good: it is never written anew.
"""

import sys
import tempfile
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import Flask, current_app

from healthberry import create_app
from healthberry.local import postgres
from healthberry.local.postgres import Database, LocalPostgres
from healthberry.settings import Settings
from tests.upgrades import old


def application(database: Database) -> Flask:
    """Make an application over this database; it speaks to nothing else."""
    return create_app(
        Settings.from_env(
            {
                "DATABASE_URL": database.app_url,
                "DATABASE_OWNER_URL": database.owner_url,
                "REDIS_URL": "redis://127.0.0.1:9",
                "MAIL_URL": "smtp://127.0.0.1:9",
                "MAIL_FROM": "feedback@example.org",
                "SECRET_KEY": "x" * 32,
                "CHANNEL_KEYS": old.CHANNEL_KEY,
                "PUBLIC_URL": "http://localhost",
                "LOG_LEVEL": "WARNING",
            }
        )
    )


def revisions(app: Flask) -> list[str]:
    """Return all revisions that hold rows of organisations, oldest first."""
    with app.app_context():
        scripts = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
        found = [script.revision for script in scripts.walk_revisions()]
    return found[::-1][1:]  # the first one holds the register only


def keep(server: LocalPostgres, new: str) -> None:
    """Write the missing files; `new` is run at the newest revision."""
    wanted = revisions(application(Database(server.owner_url, server.app_url)))
    missing = [revision for revision in wanted if revision not in old.kept()]
    for revision in missing:
        before = wanted[wanted.index(revision) - 1]
        with old.database_at(server, before, application) as (app, database):
            old.migrate(app, revision)
            old.fill(server, f"old_{before}", new if revision == missing[-1] else "")
            (old.ROWS / f"{revision}.sql").write_text("".join(old.written(database)))
            sys.stdout.write(f"kept {revision}\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        running = postgres.start(Path(folder) / "postgres", durable=False)
        try:
            keep(running, Path(sys.argv[1]).read_text() if len(sys.argv) > 1 else "")
        finally:
            running.remove()
