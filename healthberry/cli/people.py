"""Commands about who signed up, and about who may see and do what."""

import click

from healthberry.cli.around import in_app
from healthberry.core import commissioning_said, events, operator, operator_step
from healthberry.core.errors import Invalid
from healthberry.mail import links, send


@click.group()
def organisations() -> None:
    """Organisations that signed up."""


@organisations.command()
def unlisted() -> None:
    """Show organisations that are not in the register: check each one by other means."""
    in_app(lambda: click.echo("\n".join(operator.unlisted()) or "None."))


@click.group(invoke_without_command=True)
@click.pass_context
def commissioners(context: click.Context) -> None:
    """Who is shown the figures and published words of whom: alone, what was said here beside the register."""
    if context.invoked_subcommand is None:
        click.echo(in_app(lambda: "\n".join(commissioning_said.listed())) or "Nothing beside the register.")


@commissioners.command()
@click.argument("provider")
@click.argument("commissioner")
@click.option("--not", "is_not", is_flag=True, help="Say that it does not, whatever the register says.")
@click.option("--forget", is_flag=True, help="Leave it to the register again.")
def say(provider: str, commissioner: str, is_not: bool, forget: bool) -> None:
    """Say that PROVIDER is commissioned by COMMISSIONER (ODS codes, or ids), after checking it by other means."""
    try:
        click.echo(in_app(lambda: commissioning_said.say(provider, commissioner, None if forget else not is_not)))
    except Invalid as error:
        raise click.ClickException(error.reason) from error


@click.group()
def members() -> None:
    """People."""


@members.command()
def waiting() -> None:
    """Show who asked to be checked: organisation, ODS code, name, address, since when."""
    in_app(lambda: click.echo("\n".join(operator.waiting()) or "Nobody."))


@members.command()
@click.argument("email")
@click.argument("code")
def verify(email: str, code: str) -> None:
    """Let EMAIL publish for the organisation with ODS code (or id) CODE, after checking them by other means.

    They are told by e-mail.
    """
    in_app(lambda: _verify(email, code))


@click.command("reset-operator")
@click.argument("email")
def reset_operator(email: str) -> None:
    """Let the operator EMAIL, who lost their phone, set up an app anew at their next sign-in; they are signed out."""
    gone = in_app(lambda: operator_step.reset(email))
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
    click.echo(in_app(lambda: operator.reset_second_step(email, code)))


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
