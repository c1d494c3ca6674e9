"""The commands `healthberry backup` and `healthberry restore`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import FrameType

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from healthberry.application import create_app
from healthberry.backup import files, said, schema
from healthberry.backup.errors import BackupError
from healthberry.backup.progress import Progress
from healthberry.backup.restore import Restored, Restorer
from healthberry.backup.take import read_back, take
from healthberry.core import audit, events
from healthberry.environment import SettingsError, environment
from healthberry.extensions import db
from healthberry.local import installation, running
from healthberry.setting_values import long_secret
from healthberry.settings import Settings

_FILE = click.Path(path_type=Path)
_NO_KEY = (
    "BACKUP_KEY is not set: it encrypts backups. Make one (such as `openssl rand -base64 32`), and keep it where the"
    " loss of this machine does not take it along: without it nobody can read a backup."
)


@click.command()
@click.argument("path", type=_FILE)
@click.option("--keep", type=click.IntRange(min=1), help="PATH is a folder: write a new file, keep the newest so many.")
def backup(path: Path, keep: int | None) -> None:
    """Write everything in the database to a new encrypted file PATH, while people go on working.

    It is read back and compared before it gets its name; a file that is there is never replaced. Keep BACKUP_KEY and
    CHANNEL_KEYS elsewhere: docs/backup.md says more.
    """

    def name(at: datetime) -> Path:
        return path if keep is None else files.name_in(path, at)

    with _plainly(), installation.settings_here(alone=False) as settings:
        key = _key(settings)
        if keep is None:
            files.refuse_existing(path)
        made = take(settings.database_owner_url or settings.database_url, key, name, _progress())
        click.echo(said.of_backup(made))
        for gone in files.drop_older(path, keep) if keep else ():
            click.echo(f"Deleted {gone}: the newest {keep} are kept.")
        _note_backup(settings)


@click.command()
@click.argument("path", type=_FILE)
@click.option("--replace", is_flag=True, help="Give up what is in the database now.")
@click.option("--check", is_flag=True, help="Only read the file and compare it with what it says of itself.")
def restore(path: Path, replace: bool, check: bool) -> None:
    """Put the backup PATH into an empty database, all of it or nothing, and bring that to the newest schema.

    HealthBerry must not be running. Says at the end what people have to know and do.
    """
    with _plainly():
        if check:
            click.echo(said.of_check(read_back(path, _given_key(), _progress())))
            return
        with installation.settings_here(alone=True) as settings:
            for line in said.of_restore(_restored(settings, path, replace=replace)):
                click.echo(line)


def _restored(settings: Settings, path: Path, *, replace: bool) -> Restored:
    key = _key(settings)
    with create_app(settings).app_context():
        try:
            restorer = Restorer(settings, schema.migrate, schema.knows, _progress())
            restored = restorer.restore(path, key, replace=replace)
            audit.operated("backup_restored", "", taken_at=restored.head.taken_at)
            events.commit()
            return restored
        finally:
            db.engine.dispose()


def _note_backup(settings: Settings) -> None:
    """Write into the installation's audit log that everything left it; before an upgrade there may be none yet."""
    with create_app(settings).app_context():
        try:
            if audit.is_kept():
                audit.operated("backup_taken", "")
                events.commit()
        finally:
            db.engine.dispose()


def _key(settings: Settings) -> str:
    if settings.backup_key is None:
        raise SettingsError([_NO_KEY])
    return settings.backup_key


def _given_key() -> str:
    """The key alone, where no other setting is needed."""
    try:
        return long_secret(environment().get("BACKUP_KEY") or "")
    except ValueError as error:
        raise SettingsError([f"BACKUP_KEY {error}"]) from error


def _progress() -> Progress:
    return Progress(lambda line: click.echo(line, err=True))


@contextmanager
def _plainly() -> Iterator[None]:
    """End with exit code 1 and one sentence where something does not go as it should; clean up when told to stop."""
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    except (BackupError, RuntimeError) as error:
        problem = str(error)
    except running.AlreadyRuns as error:
        problem = f"{error}. Stop it first."
    except OSError as error:
        problem = f"{error.filename or 'The file'}: {error.strerror or error}."
    except psycopg.Error as error:
        problem = said.of_database(error)
    except DBAPIError as error:
        problem = said.of_database(error.orig)
    else:
        return
    finally:
        signal.signal(signal.SIGTERM, before)
    click.echo(problem, err=True)
    sys.exit(1)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
