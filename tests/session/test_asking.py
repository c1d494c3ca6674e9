"""Asking to be let publish: whoever can do that is asked, and every page says who that is."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from healthberry.cli import commands
from healthberry.core import members, scope
from healthberry.local.mailbox import Mailbox
from healthberry.models.organisations import Member
from healthberry.settings import Settings
from tests.environment import environment_of
from tests.mail.outgoing import work
from tests.signup.newcomer import Newcomer
from tests.world import World

OPERATOR = "operator@example.org"
CHECK = "Ask HealthBerry to check"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of an installation whose operator has an address."""
    return replace(settings, operator_email=OPERATOR)


def pages(client: FlaskClient, world: World, member: Member) -> dict[str, str]:
    """Return what a member reads who has a conversation to answer: inbox, conversation, settings."""
    world.signed_in(client, member)
    organisation = members.organisation_of(member)
    (conversation_id,) = world.arrives(world.channel(organisation), world.item())
    scope.leave()
    paths = {"inbox": "/inbox", "conversation": f"/conversations/{conversation_id}", "settings": "/settings"}
    return {name: client.get(path).text for name, path in paths.items()}


def subjects(app: Flask, mailbox: Mailbox) -> list[tuple[str, str]]:
    """Return to whom the mails went, and their subjects."""
    work(app)
    return [(letter.to[0], letter.subject) for letter in mailbox.messages()]


def test_a_practice_without_a_domain_asks_once_and_the_operator_is_told(
    newcomer: Newcomer, app: Flask, mailbox: Mailbox
) -> None:
    newcomer.joins("pat@nhs.net", ods="ZG1", name="Pat Lee")
    client = newcomer.client
    for path in ("/welcome", "/settings"):
        assert CHECK in client.get(path).text
    assert "To publish, ask HealthBerry to check" in client.get("/inbox").text
    mailbox.clear()

    answer = client.post("/people/ask", follow_redirects=True)

    assert "HealthBerry has been asked to check" in answer.text
    assert "You asked on" in answer.text
    assert f"{CHECK}</button>" not in answer.text
    assert "You asked HealthBerry on" in client.get("/inbox").text
    client.post("/people/ask")
    assert subjects(app, mailbox) == [(OPERATOR, "Please check Pat Lee for Quillbury Surgery")]
    (letter,) = mailbox.messages()
    assert "healthberry members verify pat@nhs.net ZG1" in letter.text
    assert "GP practice, Quillbury, QB2 2BB" in letter.text


def test_what_the_operator_copies_into_a_shell_is_only_an_address(newcomer: Newcomer, mailbox: Mailbox) -> None:
    newcomer.joins("pat`reboot`&x@evil.example", ods="ZG1")

    newcomer.client.post("/people/ask")

    assert "verify 'pat`reboot`&x@evil.example' ZG1" in newcomer.letter(OPERATOR).text


def test_asking_works_where_the_operator_has_no_address(world: World, client: FlaskClient, app: Flask) -> None:
    app.extensions["settings"] = replace(app.extensions["settings"], operator_email=None)
    member = world.member(world.organisation(web_domain=None), level=1, role="responder")
    world.signed_in(client, member)
    scope.leave()

    assert "HealthBerry has been asked to check" in client.post("/people/ask", follow_redirects=True).text
    assert app.extensions["valkey_jobs"].llen("rq:queue:alerts") == 0


def _with_administrator(world: World) -> Member:
    organisation = world.organisation()
    world.member(organisation)
    return world.member(organisation, level=1, role="responder")


def _at_a_trust(world: World) -> Member:
    return world.member(world.organisation(web_domain="cedar.nhs.uk"), level=1, role="responder")


def _at_a_practice(world: World) -> Member:
    return world.member(world.organisation(web_domain=None), level=1, role="responder")


def _unlisted(world: World) -> Member:
    return world.member(world.organisation(ods_code=None, web_domain=None, listed=False), level=1, role="responder")


@pytest.mark.parametrize(
    ("make", "said", "never"),
    [
        (_with_administrator, ["an administrator"], ["HealthBerry to check", "web domain"]),
        (_at_a_trust, ["HealthBerry to check"], ["administrator"]),
        (_at_a_practice, ["HealthBerry to check"], ["administrator", "approve you", "web domain"]),
        (_unlisted, ["HealthBerry to check"], ["administrator", "approve you", "web domain"]),
    ],
)
def test_every_page_names_the_step_that_there_is_and_no_other(
    client: FlaskClient, world: World, make: Callable[[World], Member], said: list[str], never: list[str]
) -> None:
    for page, html in pages(client, world, make(world)).items():
        assert [words for words in said if words not in html] == [], page
        assert [words for words in never if words in html] == [], page


def test_only_a_trust_is_told_of_its_domain(client: FlaskClient, world: World) -> None:
    shown = pages(client, world, _at_a_trust(world))

    assert "@cedar.nhs.uk" in shown["settings"]
    assert "its own web domain" in shown["inbox"]
    assert "its own web domain" in shown["conversation"]


def test_a_reader_is_told_of_their_role_and_of_no_step(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    world.member(organisation)
    shown = pages(client, world, world.member(organisation, role="viewer"))

    assert "Your role is to read." in shown["conversation"]
    assert "To publish" not in shown["inbox"]
    assert "one step is missing" not in shown["settings"]


def test_publishing_too_early_is_refused_with_words_that_are_true_everywhere(client: FlaskClient, world: World) -> None:
    member = _at_a_practice(world)
    (conversation_id,) = world.arrives(world.channel(members.organisation_of(member)), world.item())
    world.signed_in(client, member)
    scope.leave()

    answer = client.post(f"/conversations/{conversation_id}/reply", data={"text": "Thank you.", "version": "1"})

    assert answer.status_code == 403
    assert "Your settings say what is missing." in answer.text
    assert "approve you" not in answer.text


def test_the_operator_verifies_by_command_and_the_member_is_told(newcomer: Newcomer, settings: Settings) -> None:
    newcomer.joins("pat@nhs.net", ods="ZG1", name="Pat Lee")
    newcomer.client.post("/people/ask")

    assert "Quillbury Surgery  ZG1  Pat Lee  pat@nhs.net  since" in command(settings, "members", "waiting")
    said = command(settings, "members", "verify", "pat@nhs.net", "ZG1")

    assert said == "Pat Lee may now publish for Quillbury Surgery and invite others.\n"
    assert command(settings, "members", "waiting") == "Nobody.\n"
    member = newcomer.member("pat@nhs.net")
    assert (member.level, member.role, member.check_asked_at) == (2, "administrator", None)
    letter = newcomer.letter("pat@nhs.net")
    assert letter.subject == "You can now publish for Quillbury Surgery"
    assert "HealthBerry has approved you" in letter.text
    assert "one step is missing" not in newcomer.client.get("/settings").text


def command(settings: Settings, *words: str) -> str:
    """Give `healthberry` the operator's words, and return what it prints."""
    answer = CliRunner(env=environment_of(settings)).invoke(commands, words, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return answer.stdout
