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

import sys

import click

from healthberry.backup import commands as backups
from healthberry.cli import installation, people, work
from healthberry.settings import SettingsError


@click.group(help="HealthBerry: everything that patients say about an NHS organisation, in one inbox.")
def commands() -> None:
    """Gather the commands."""


for _command in (
    installation.run,
    installation.db,
    backups.backup,
    backups.restore,
    installation.register,
    installation.scheduler,
    installation.listen,
    installation.secrets,
    people.organisations,
    people.members,
    people.commissioners,
    people.reset_operator,
    work.channels,
    work.failed,
    work.retry,
    work.audit,
):
    commands.add_command(_command)


def main() -> None:
    """Run one command; wrong or missing settings are all named, with exit code 2."""
    try:
        commands(standalone_mode=True)
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
