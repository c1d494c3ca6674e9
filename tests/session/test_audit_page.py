"""The audit log as people meet it: signing in is in it, administrators read it, and it is taken out as a file."""

import csv
import io
from dataclasses import replace

import psycopg
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from healthberry.cli import commands
from healthberry.core import audit, audit_log, codes, scope
from healthberry.extensions import db
from healthberry.local.postgres import SUPERUSER, LocalPostgres
from healthberry.models.audit import AuditEntry
from healthberry.models.organisations import Member
from healthberry.settings import Settings
from tests.environment import environment_of
from tests.session.test_operator_page import OPERATOR, enters
from tests.signup.newcomer import Newcomer
from tests.world import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, operators=(OPERATOR,))


def _log(member: Member) -> list[AuditEntry]:
    scope.enter(member.organisation_id)
    found = list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.number)))
    db.session.expunge_all()
    scope.leave()
    return found


def _wrong(code: str) -> str:
    return f"{(int(code.replace(' ', '')) + 1) % 10**6:06}"


def test_signing_in_and_out_is_in_the_log_with_where_it_came_from(newcomer: Newcomer, world: World) -> None:
    member = world.member(world.organisation(), email="pat@trust.example")
    scope.leave()

    newcomer.ask("pat@trust.example")
    guess = {"code": _wrong(newcomer.code("pat@trust.example"))}
    assert newcomer.client.post("/code", data={"code": "12"}).status_code == 422, "no guess: it is not written down"
    wrong = newcomer.client.post("/code", data=guess, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert wrong.status_code == 422
    newcomer.type_code(newcomer.code("pat@trust.example"))
    newcomer.client.post("/settings", data={"name": "Pat Rose", "wants_alerts": "on"})
    newcomer.client.post("/signout", headers={"X-Request-ID": "abcdefgh-1"})

    log = _log(member)
    assert [(entry.action, entry.actor) for entry in log] == [
        ("sign_in_refused", "nobody"),
        ("signed_in", "member"),
        ("own_settings_changed", "member"),
        ("signed_out", "member"),
    ]
    assert {entry.object_id for entry in log} == {str(member.id)}
    assert (log[0].network, log[0].details) == ("203.0.113.0/24", {"purpose": "signin", "over": False})
    assert log[1].details == {"by": ["code by e-mail"]}
    assert (log[1].network, log[1].name) == ("127.0.0.0/24", member.name)
    assert (log[3].request_id, log[3].name) == ("abcdefgh-1", "Pat Rose")
    assert "pat@" not in repr([vars(entry) for entry in log])


def test_a_refused_sign_in_is_told_to_every_organisation_of_the_address(newcomer: Newcomer, world: World) -> None:
    both = [world.member(world.organisation(), email="pat@trust.example") for _ in range(2)]
    scope.leave()

    newcomer.ask("pat@trust.example")
    newcomer.type_code(_wrong(newcomer.code("pat@trust.example")))

    assert [[entry.action for entry in _log(member)] for member in both] == [["sign_in_refused"]] * 2


def test_a_refused_sign_in_of_an_unknown_address_is_the_installations_and_names_nobody(
    newcomer: Newcomer, context: Flask
) -> None:
    before = max((one.number for one in audit_log.of_installation().entries), default=0)
    issued = codes.ask("signin", "stranger@nowhere.example", "", "203.0.113.9")
    db.session.commit()
    with newcomer.client.session_transaction() as session:
        session["code"] = str(issued.id)
    for _ in range(codes.MOST_TRIES + 2):
        newcomer.type_code(_wrong(issued.code))

    found = audit_log.of_installation().entries[: codes.MOST_TRIES + 1]
    refused = [one for one in found if one.number > before]
    assert [one.details["over"] for one in refused] == [True, False, False, False, False], "and no more than count"
    assert {(one.action, one.name, one.object_id) for one in refused} == {("sign_in_refused", "", "")}
    assert "stranger" not in repr([vars(one) for one in refused])


def test_what_an_operator_does_is_shown_to_operators_alone(newcomer: Newcomer, world: World) -> None:
    enters(newcomer)
    newcomer.client.post("/operator/failed/retry", data={"work": "all"})

    assert 'href="/operator/audit"' in newcomer.client.get("/operator").text
    page = newcomer.client.get("/operator/audit").text
    assert "Had failed work tried again" in page
    assert f"Operator ({OPERATOR})" in page
    assert page.index("Had failed work tried again") < page.index("Signed in")
    other = world.signed_in(newcomer.app.test_client(), world.member(world.organisation()))
    assert other.get("/operator/audit").headers["Location"] == "/operator/sign-in"
    assert OPERATOR not in other.get("/settings/audit").text


def test_an_administrator_searches_the_log_and_follows_it_to_older_entries(client: FlaskClient, world: World) -> None:
    member = world.member(world.organisation(), name="Priya <b>Kaur</b>")
    world.signed_in(client, member)
    for number in range(audit_log.PAGE + 1):
        audit.did(member, "closed" if number else "noted", reason="spam")
    db.session.commit()
    scope.leave()

    assert 'href="/settings/audit"' in client.get("/settings").text
    page = client.get("/settings/audit").text
    assert page.count("Closed a conversation</strong>") == audit_log.PAGE
    assert "Priya &lt;b&gt;Kaur&lt;/b&gt;" in page
    assert "Wrote a note</strong>" not in page
    assert "below=2" in page
    assert "Wrote a note</strong>" in client.get("/settings/audit?below=2").text
    assert "Wrote a note</strong>" in client.get("/settings/audit?what=noted&who=kaur").text
    assert "Nothing was found" in client.get("/settings/audit?who=nobody-of-this-name").text
    assert "Nothing was found" in client.get("/settings/audit?last=2020-01-01").text
    for hostile in (
        "below=-1",
        "below=99999999999999999999",
        "first=0001-01-01",
        "last=9999-12-31",
        "who=%00",
        "about=x",
    ):
        assert client.get(f"/settings/audit?{hostile}").status_code == 200


@pytest.mark.parametrize("role", ["responder", "viewer"])
def test_others_neither_see_nor_take_it(client: FlaskClient, world: World, role: str) -> None:
    world.signed_in(client, world.member(world.organisation(), role=role))
    scope.leave()

    assert "/settings/audit" not in client.get("/settings").text
    assert client.get("/settings/audit").status_code == 403
    assert client.post("/settings/audit/export").status_code == 403


def test_the_file_holds_what_was_searched_for_without_formulas_and_is_itself_in_the_log(
    client: FlaskClient, world: World
) -> None:
    member = world.member(world.organisation(), name="=1+1")
    world.signed_in(client, member)
    audit.did(member, "noted")
    audit.did(member, "closed", "conversation", "0", reason="spam")
    db.session.commit()
    scope.leave()

    answer = client.post("/settings/audit/export", data={"what": "closed"})

    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    header, row = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    told = dict(zip(header, row, strict=True))
    assert (told["Number"], told["Who"], told["What"], told["Details"]) == (
        "2",
        "'=1+1",
        "Closed a conversation",
        "reason: spam",
    )
    last = _log(member)[-1]
    assert (last.action, last.details) == ("audit_exported", {"entries": 1, "narrowed_by": ["what"]})


def test_the_command_names_the_first_broken_link_and_ends_with_1(
    settings: Settings, world: World, postgres: LocalPostgres
) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    for _ in range(3):
        audit.did(member, "noted")
    db.session.commit()
    environment = environment_of(settings, DATABASE_OWNER_URL=settings.database_owner_url or "")

    def verifies(code: str) -> tuple[int, str]:
        done = CliRunner().invoke(commands, ["audit", "verify", "--organisation", code], env=environment)
        return done.exit_code, done.output

    exit_code, output = verifies((organisation.ods_code or "").lower())
    assert (exit_code, f"{organisation.name}: 3 entries, whole up to 3 " in output) == (0, True)
    assert verifies("NOBODY")[0] == 1

    name = (settings.database_owner_url or "").partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres.url(SUPERUSER, name)) as connection:
        connection.execute("SET session_replication_role = replica")
        of_this = "WHERE organisation_id = %s AND number = 2"
        connection.execute(f"UPDATE audit_entries SET details = '{{}}', name = 'Mallory' {of_this}", (organisation.id,))  # noqa: S608
        connection.commit()
        exit_code, output = verifies(str(organisation.id))
        connection.execute("DELETE FROM audit_entries WHERE organisation_id = %s", (organisation.id,))
        connection.execute("DELETE FROM audit_chains WHERE organisation_id = %s", (organisation.id,))

    assert (exit_code, output) == (1, f"{organisation.name}: Entry 2 was changed after it was written.\n")
