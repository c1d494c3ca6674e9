"""The command `healthberry`: what an operator does by hand.

healthberry run                         everything on this machine, as `make run` does
healthberry db upgrade                  bring the tables to the newest schema
healthberry backup FILE                 everything in the database in one encrypted file, verified; --keep N FOLDER
healthberry restore FILE                such a file into an empty database; --check only reads it
healthberry register build|load|refresh the national register
healthberry scheduler                   what runs by the clock
healthberry listen                      follow the streams of channels that have one
healthberry secrets rotate              seal the channels' secrets with the newest key
healthberry organisations unlisted      organisations that were typed in by hand, and who waits there
healthberry members waiting             people who asked to be checked
healthberry members verify EMAIL CODE   let a member publish, after checking them by other means
healthberry members reset-second-step EMAIL CODE
                                        free a member who lost phone and recovery codes
healthberry commissioners               who commissions whom, as said here beside the register
healthberry commissioners say PROVIDER COMMISSIONER [--not|--forget]
                                        show a commissioner the figures and published words of a provider, or not
healthberry reset-operator EMAIL        let an operator who lost their phone set up an app anew
healthberry channels                    the kinds of channels: what each can do, and what this installation lacks
healthberry failed                      work that fails again and again: what, for whom, how often, why
healthberry retry ID|all                let failed work be tried again
healthberry audit verify                whether anything of the audit log was changed or removed
healthberry channels quarantined        pieces that could not be read, with their reasons and no words of patients
"""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import click
import flask_migrate
import httpx
from flask import Flask
from sqlalchemy import Engine, create_engine

from healthberry.application import create_app
from healthberry.backup import commands as backups
from healthberry.connectors import overview
from healthberry.core import audit as audit_log
from healthberry.core import audit_verifying, commissioning_said, events, failed_work, operator, operator_step
from healthberry.core.errors import Invalid
from healthberry.core.migrating import TablesInUse
from healthberry.extensions import db as tables
from healthberry.jobs import base
from healthberry.jobs.listening import Listener
from healthberry.jobs.schedule import Schedule
from healthberry.local import run as local
from healthberry.mail import links, send
from healthberry.register import build as building
from healthberry.register import load as loading
from healthberry.register import refresh as refreshing
from healthberry.settings import Settings, SettingsError

T = TypeVar("T")


@click.group(help="HealthBerry: everything that patients say about an NHS organisation, in one inbox.")
def commands() -> None:
    """Gather the commands."""


@commands.command()
def run() -> None:
    """Start everything on this machine: databases, mailbox, sandbox, web, workers, scheduler."""
    sys.exit(local.main())


@commands.group()
def db() -> None:
    """The tables."""


@db.command()
def upgrade() -> None:
    """Bring the tables to the newest schema; people go on working. Exit code 1 where the tables are in use too long."""
    with _app().app_context():
        try:
            flask_migrate.upgrade()
        except TablesInUse as error:
            click.echo(str(error), err=True)
            sys.exit(1)


commands.add_command(backups.backup)
commands.add_command(backups.restore)


@commands.group()
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
    with _owner().begin() as connection:
        click.echo(loading.load(connection))


@register.command()
def refresh() -> None:
    """Fetch the present ODS files and apply what opened, closed, merged or was renamed."""
    with httpx.Client(timeout=60) as client, _owner().begin() as connection:
        click.echo(refreshing.refresh(connection, client))


@commands.command()
def scheduler() -> None:
    """Put on the queues what runs by the clock, until told to stop."""
    Schedule(_app()).run()


@commands.command()
def listen() -> None:
    """Follow the streams of channels that have one, until told to stop; a second one waits for the first."""
    listener = Listener(_app())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: listener.end())
    listener.run()


@commands.group()
def secrets() -> None:
    """The channels' secrets."""


@secrets.command()
def rotate() -> None:
    """Seal every channel's secrets with the first of CHANNEL_KEYS; afterwards the old keys can go.

    Ends with exit code 1 where a channel can't be opened with any of them: it is named, the others are sealed.
    """
    done = _in_app(operator.rotate_secrets)
    click.echo(f"{done.sealed} channels sealed with the newest key.")
    for channel_id in done.unopened:
        click.echo(f"Channel {channel_id} can't be opened with any of CHANNEL_KEYS: left as it was.", err=True)
    for organisation_id in done.keyless:
        click.echo(f"The key of what organisation {organisation_id} erased can't be opened: left as it was.", err=True)
    if done.unopened or done.keyless:
        sys.exit(1)


@commands.group()
def organisations() -> None:
    """Organisations that signed up."""


@organisations.command()
def unlisted() -> None:
    """Show organisations that are not in the register: check each one by other means."""
    _in_app(lambda: click.echo("\n".join(operator.unlisted()) or "None."))


@commands.group(invoke_without_command=True)
@click.pass_context
def commissioners(context: click.Context) -> None:
    """Who is shown the figures and published words of whom: alone, what was said here beside the register."""
    if context.invoked_subcommand is None:
        click.echo(_in_app(lambda: "\n".join(commissioning_said.listed())) or "Nothing beside the register.")


@commissioners.command()
@click.argument("provider")
@click.argument("commissioner")
@click.option("--not", "is_not", is_flag=True, help="Say that it does not, whatever the register says.")
@click.option("--forget", is_flag=True, help="Leave it to the register again.")
def say(provider: str, commissioner: str, is_not: bool, forget: bool) -> None:
    """Say that PROVIDER is commissioned by COMMISSIONER (ODS codes, or ids), after checking it by other means."""
    try:
        click.echo(_in_app(lambda: commissioning_said.say(provider, commissioner, None if forget else not is_not)))
    except Invalid as error:
        raise click.ClickException(error.reason) from error


@commands.group()
def members() -> None:
    """People."""


@members.command()
def waiting() -> None:
    """Show who asked to be checked: organisation, ODS code, name, address, since when."""
    _in_app(lambda: click.echo("\n".join(operator.waiting()) or "Nobody."))


@members.command()
@click.argument("email")
@click.argument("code")
def verify(email: str, code: str) -> None:
    """Let EMAIL publish for the organisation with ODS code (or id) CODE, after checking them by other means.

    They are told by e-mail.
    """
    _in_app(lambda: _verify(email, code))


@commands.command("reset-operator")
@click.argument("email")
def reset_operator(email: str) -> None:
    """Let the operator EMAIL, who lost their phone, set up an app anew at their next sign-in; they are signed out."""
    gone = _in_app(lambda: operator_step.reset(email))
    click.echo(
        "They are signed out, and set up an app anew when they sign in." if gone else f"{email} has set up no app."
    )


@members.command()
@click.argument("email")
@click.argument("code")
def reset_second_step(email: str, code: str) -> None:
    """Free EMAIL of the organisation with ODS code (or id) CODE, who lost phone and recovery codes.

    Check who asks by other means. They still prove their mailbox, and set up a second step anew.
    """
    click.echo(_in_app(lambda: operator.reset_second_step(email, code)))


@commands.group(invoke_without_command=True)
@click.pass_context
def channels(context: click.Context) -> None:
    """What is read: alone, the table of kinds with what each can do, and which keys are missing."""
    if context.invoked_subcommand is None:
        click.echo(overview.table(_app().extensions["connectors"]))


@channels.command()
def quarantined() -> None:
    """Show pieces that channels sent and that could not be read: ids, kind and reason, no words of patients."""
    _in_app(lambda: click.echo("\n".join(operator.quarantined()) or "None."))


@commands.command()
def failed() -> None:
    """Show work that failed the last time, what is stopped first: ids, how often, when, and the class of the error."""
    _in_app(lambda: click.echo("\n".join(operator.failed()) or "None."))


@commands.command()
@click.argument("which")
def retry(which: str) -> None:
    """Let failed work be tried again, once: WHICH is an id of `healthberry failed`, or "all"."""
    try:
        wanted = None if which == "all" else UUID(which)
    except ValueError as error:
        raise click.BadParameter('give an id of `healthberry failed`, or "all"') from error
    count = _in_app(lambda: _retry(wanted))
    if not count and wanted is not None:
        raise click.ClickException("There is no such failed work (any more).")
    click.echo(f"{count} will be tried within seconds.")


@commands.group()
def audit() -> None:
    """The audit log: who did what."""


@audit.command("verify")
@click.option("--organisation", metavar="CODE", help="Only that of this ODS code (or id).")
def verify_audit(organisation: str | None) -> None:
    """Show that no entry of the audit log was changed or removed; exit code 1 where one was, with the first of them.

    Note elsewhere what it says: who can change the database can also write all of it anew, and then only that shows it.
    """
    engine = _owner()
    with engine.connect() as connection:
        verdicts = audit_verifying.verify(connection, organisation)
    engine.dispose()
    for one in verdicts:
        click.echo(f"{one.name}: {one.broken or f'{one.entries:,} entries, whole up to {one.number} {one.hash}'}")
    if organisation and not verdicts:
        raise click.ClickException(f"There is no audit log of {organisation}.")
    if any(one.broken for one in verdicts):
        sys.exit(1)


def main() -> None:
    """Run one command; wrong or missing settings are all named, with exit code 2."""
    try:
        commands(standalone_mode=True)
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)


def _retry(wanted: UUID | None) -> int:
    pieces = failed_work.retry(wanted)
    audit_log.operated("work_retried", "", "work", wanted or "all")
    events.commit()
    base.nudge_again(pieces)
    return len(pieces)


def _verify(email: str, code: str) -> None:
    done = operator.verify(email, code)
    events.commit()
    if done.email:
        context = {
            "approver": "HealthBerry",
            "organisation": done.organisation,
            "inbox_url": links.address("inbox.index"),
        }
        send.post(done.email, "approved", context, useful_seconds=24 * 3600)
    click.echo(done.said)


def _app() -> Flask:
    return create_app(Settings.load())


def _in_app(act: Callable[[], T]) -> T:
    with _app().app_context():
        try:
            done = act()
            events.commit()
        finally:
            events.forget()  # what was refused holds a connection still
            tables.engine.dispose()
        return done


def _owner() -> Engine:
    return create_engine(Settings.load().sqlalchemy_owner_url)


if __name__ == "__main__":
    main()
