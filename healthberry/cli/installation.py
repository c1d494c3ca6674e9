"""Commands about the installation itself: what runs, its tables, its register, its keys."""

import signal
import sys
from pathlib import Path

import click
import flask_migrate
import httpx

from healthberry.cli.around import app, in_app, owner
from healthberry.core import operator
from healthberry.core.migrating import TablesInUse
from healthberry.jobs.listening import Listener
from healthberry.jobs.schedule import Schedule
from healthberry.local import run as local
from healthberry.register import build as building
from healthberry.register import load as loading
from healthberry.register import refresh as refreshing


@click.command()
def run() -> None:
    """Start everything on this machine: databases, mailbox, sandbox, web, workers, scheduler."""
    sys.exit(local.main())


@click.group()
def db() -> None:
    """The tables."""


@db.command()
def upgrade() -> None:
    """Bring the tables to the newest schema; people go on working. Exit code 1 where the tables are in use too long."""
    with app().app_context():
        try:
            flask_migrate.upgrade()
        except TablesInUse as error:
            click.echo(str(error), err=True)
            sys.exit(1)


@click.group()
def register() -> None:
    """The national register of providers."""


@register.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def build(folder: Path) -> None:
    """Make the register's file from the ODS files in FOLDER."""
    click.echo(building.build(folder, building.SHIPPED))


@register.command()
def load() -> None:
    """Load the register's file into the database; a second time changes nothing."""
    with owner().begin() as connection:
        click.echo(loading.load(connection))


@register.command()
def refresh() -> None:
    """Fetch the present ODS files and apply what opened, closed, merged or was renamed."""
    with httpx.Client(timeout=60) as client, owner().begin() as connection:
        click.echo(refreshing.refresh(connection, client))


@click.command()
def scheduler() -> None:
    """Put on the queues what runs by the clock, until told to stop."""
    Schedule(app()).run()


@click.command()
def listen() -> None:
    """Follow the streams of channels that have one, until told to stop; a second one waits for the first."""
    listener = Listener(app())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: listener.end())
    listener.run()


@click.group()
def secrets() -> None:
    """The channels' secrets."""


@secrets.command()
def rotate() -> None:
    """Seal every channel's secrets with the first of CHANNEL_KEYS; afterwards the old keys can go.

    Ends with exit code 1 where a channel can't be opened with any of them: it is named, the others are sealed.
    """
    done = in_app(operator.rotate_secrets)
    click.echo(f"{done.sealed} channels sealed with the newest key.")
    for channel_id in done.unopened:
        click.echo(f"Channel {channel_id} can't be opened with any of CHANNEL_KEYS: left as it was.", err=True)
    for organisation_id in done.keyless:
        click.echo(f"The key of what organisation {organisation_id} erased can't be opened: left as it was.", err=True)
    if done.unopened or done.keyless:
        sys.exit(1)
