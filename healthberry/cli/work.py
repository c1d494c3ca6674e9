"""Commands about what is read and done: channels, pieces that could not be read, failed work, the audit log."""

import sys
from uuid import UUID

import click

from healthberry.cli.around import app, in_app, owner
from healthberry.connectors import overview
from healthberry.core import audit as audit_log
from healthberry.core import audit_verifying, events, failed_work, operator
from healthberry.jobs import base


@click.group(invoke_without_command=True)
@click.pass_context
def channels(context: click.Context) -> None:
    """What is read: alone, the table of kinds with what each can do, and which keys are missing."""
    if context.invoked_subcommand is None:
        click.echo(overview.table(app().extensions["connectors"]))


@channels.command()
def quarantined() -> None:
    """Show pieces that channels sent and that could not be read: ids, kind and reason, no words of patients."""
    in_app(lambda: click.echo("\n".join(operator.quarantined()) or "None."))


@click.command()
def failed() -> None:
    """Show work that failed the last time, what is stopped first: ids, how often, when, and the class of the error."""
    in_app(lambda: click.echo("\n".join(operator.failed()) or "None."))


@click.command()
@click.argument("which")
def retry(which: str) -> None:
    """Let failed work be tried again, once: WHICH is an id of `healthberry failed`, or "all"."""
    try:
        wanted = None if which == "all" else UUID(which)
    except ValueError as error:
        raise click.BadParameter('give an id of `healthberry failed`, or "all"') from error
    count = in_app(lambda: _retry(wanted))
    if not count and wanted is not None:
        raise click.ClickException("There is no such failed work (any more).")
    click.echo(f"{count} will be tried within seconds.")


@click.group()
def audit() -> None:
    """The audit log: who did what."""


@audit.command("verify")
@click.option("--organisation", metavar="CODE", help="Only that of this ODS code (or id).")
def verify_audit(organisation: str | None) -> None:
    """Show that no entry of the audit log was changed or removed; exit code 1 where one was, with the first of them.

    Note elsewhere what it says: who can change the database can also write all of it anew, and then only that shows it.
    """
    engine = owner()
    with engine.connect() as connection:
        verdicts = audit_verifying.verify(connection, organisation)
    engine.dispose()
    for one in verdicts:
        click.echo(f"{one.name}: {one.broken or f'{one.entries:,} entries, whole up to {one.number} {one.hash}'}")
    if organisation and not verdicts:
        raise click.ClickException(f"There is no audit log of {organisation}.")
    if any(one.broken for one in verdicts):
        sys.exit(1)


def _retry(wanted: UUID | None) -> int:
    pieces = failed_work.retry(wanted)
    audit_log.operated("work_retried", "", "work", wanted or "all")
    events.commit()
    base.nudge_again(pieces)
    return len(pieces)
