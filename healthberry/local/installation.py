"""The database of this installation, for commands that need all of it: the given one, or that of `make run`.

What `make run` keeps under `var/` is found there: its PostgreSQL is used while it runs, else started for the command.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from healthberry import environment as env
from healthberry.environment import SettingsError
from healthberry.local import keys, postgres, roles, running
from healthberry.local.plan import ROOT, STAND_INS
from healthberry.local.run import own_folder
from healthberry.settings import Settings

_NOTHING = "DATABASE_URL is not set, and `make run` keeps no database here"
_NO_OWNER = "DATABASE_OWNER_URL is not set: this command works as the role that owns the tables"


@contextmanager
def settings_here(*, alone: bool) -> Iterator[Settings]:
    """Give the settings, with the addresses of the database for its owner and for the application.

    `alone` says that HealthBerry must not be running on the database of `make run`.

    Raises: SettingsError; running.AlreadyRuns; RuntimeError when PostgreSQL does not start.
    """
    given = {name: value for name, value in env.environment().items() if value}
    folder = ROOT / given.get("VAR_FOLDER", "var")
    if "DATABASE_URL" in given:
        yield Settings.from_env(_made_up(folder) | given | _owner(given, folder))
        return
    if not alone and not (folder / "postgres").exists():
        raise SettingsError([_NOTHING])
    with _own_database(folder, alone=alone) as addresses:
        yield Settings.from_env(_made_up(folder, always=True) | given | addresses)


def _owner(given: Mapping[str, str], folder: Path) -> dict[str, str]:
    if "DATABASE_OWNER_URL" in given:
        return {}
    if not (folder / "database.env").exists():
        raise SettingsError([_NO_OWNER])
    return roles.apart(given["DATABASE_URL"], folder)


def _made_up(folder: Path, *, always: bool = False) -> dict[str, str]:
    """What `make run` has made up here, and stand-ins for servers that no such command speaks to."""
    secrets = folder / "secrets.env"
    return {**STAND_INS, **keys.load(secrets, simulated=False)} if always or secrets.exists() else {}


@contextmanager
def _own_database(folder: Path, *, alone: bool) -> Iterator[dict[str, str]]:
    folder = own_folder(folder)
    try:
        with running.only_one(folder):
            server = postgres.start(folder / "postgres")
            try:
                yield {"DATABASE_URL": server.app_url, "DATABASE_OWNER_URL": server.owner_url}
            finally:
                server.stop()
    except running.AlreadyRuns:
        if alone:
            raise
        addresses = json.loads((folder / "run.json").read_text())
        yield {"DATABASE_URL": addresses["database"], "DATABASE_OWNER_URL": addresses["database_owner"]}
