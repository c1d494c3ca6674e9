"""The operator's page: who gets in, and what it says of all organisations."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry import create_app
from healthberry.core import failed_work, operator_sessions, operator_step, scope
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.owned import now
from healthberry.models.sign_in import OperatorSession, OperatorStep
from healthberry.settings import Settings
from tests.mail.outgoing import work
from tests.signup.newcomer import Newcomer
from tests.world import World, operator_session

OPERATOR, ANOTHER = "ada@host.example", "grace@host.example"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, operators=(OPERATOR, ANOTHER))


def asks(newcomer: Newcomer, email: str) -> None:
    answer = newcomer.client.post("/operator/sign-in", data={"email": email})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/code")


def copied(newcomer: Newcomer) -> FlaskClient:
    """Return another browser, with a copy of the session's cookie."""
    name, thief = newcomer.app.config["SESSION_COOKIE_NAME"], newcomer.app.test_client()
    cookie = newcomer.client.get_cookie(name)
    assert cookie
    thief.set_cookie(name, cookie.value)
    return thief


def enters(newcomer: Newcomer, email: str = OPERATOR) -> str:
    """Sign in for the first time, and return the key of the app that was set up."""
    asks(newcomer, email)
    assert newcomer.type_code(newcomer.code(OPERATOR)).headers["Location"] == "/operator"
    return sets_up_app(newcomer)


def sets_up_app(newcomer: Newcomer) -> str:
    assert newcomer.client.get("/operator").headers["Location"] == "/operator/step"
    assert newcomer.client.post("/operator/app").headers["Location"] == "/operator/app"
    shown = re.search(r'class="qr__key">([A-Z2-7 ]+)<', newcomer.client.get("/operator/app").text)
    assert shown
    key = shown[1].replace(" ", "")
    answer = newcomer.client.post("/operator/app/confirm", data={"digits": pyotp.TOTP(key).at(now())})
    assert answer.headers["Location"] == "/operator"
    return key


def test_an_operators_mailbox_alone_opens_nothing_and_the_same_digits_open_once(
    newcomer: Newcomer, context: Flask
) -> None:
    key = enters(newcomer)
    newcomer.client.post("/operator/sign-out")
    asks(newcomer, OPERATOR)
    newcomer.type_code(newcomer.code(OPERATOR))

    assert newcomer.client.get("/operator").headers["Location"] == "/operator/step"
    assert newcomer.client.post("/operator/failed/retry", data={"work": "all"}).headers["Location"] == "/operator/step"
    assert newcomer.client.get("/operator/app").headers["Location"] == "/operator/step", "the key is shown again"
    assert newcomer.client.post("/operator/app").status_code == 409
    used = newcomer.client.post("/operator/step", data={"step": pyotp.TOTP(key).at(now())})
    assert (used.status_code, "used already" in used.text) == (422, True)
    db.session.execute(update(OperatorStep).values(last_step=0))
    db.session.commit()
    assert newcomer.client.post("/operator/step", data={"step": pyotp.TOTP(key).at(now())}).status_code == 303
    assert newcomer.client.get("/operator").status_code == 200


def test_every_operator_hears_of_an_app_that_one_of_them_or_whoever_has_their_mailbox_sets_up(
    newcomer: Newcomer, context: Flask, mailbox: Mailbox
) -> None:
    enters(newcomer)
    work(newcomer.app)

    told = [one for one in mailbox.messages() if one.subject.startswith("An app for the operator's desk")]
    assert {one.to[0] for one in told} == {OPERATOR, ANOTHER}
    assert all(OPERATOR in one.subject and "If it was not" in one.text for one in told)


def test_five_wrong_digits_keep_an_operator_out_until_later_or_until_the_app_is_reset(
    newcomer: Newcomer, context: Flask
) -> None:
    enters(newcomer)
    newcomer.client.post("/operator/sign-out")
    asks(newcomer, OPERATOR)
    newcomer.type_code(newcomer.code(OPERATOR))
    statuses = [newcomer.client.post("/operator/step", data={"step": "12"}).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]

    assert operator_step.reset(OPERATOR.upper())
    assert not operator_step.reset(OPERATOR)
    db.session.commit()
    assert newcomer.client.get("/operator/step").headers["Location"] == "/operator/sign-in"
    asks(newcomer, OPERATOR)
    newcomer.type_code(newcomer.code(OPERATOR))
    assert "Set up an app" in newcomer.client.get("/operator/step").text


def test_a_copy_of_an_operators_cookie_opens_nothing_once_they_signed_out(newcomer: Newcomer, context: Flask) -> None:
    enters(newcomer)
    thief = copied(newcomer)
    assert thief.get("/operator").status_code == 200

    newcomer.client.post("/operator/sign-out")

    assert thief.get("/operator").headers["Location"] == "/operator/sign-in"
    assert thief.post("/operator/failed/retry", data={"work": "all"}).headers["Location"] == "/operator/sign-in"


def test_a_copy_of_an_operators_cookie_opens_nothing_once_they_were_reset(newcomer: Newcomer, context: Flask) -> None:
    enters(newcomer)
    thief = copied(newcomer)

    assert operator_step.reset(OPERATOR)
    db.session.commit()

    for browser in (thief, newcomer.client):
        assert browser.get("/operator").headers["Location"] == "/operator/sign-in"
        assert browser.get("/operator/step").headers["Location"] == "/operator/sign-in"


def test_what_was_copied_half_way_in_is_not_let_in_by_its_owners_second_step(
    newcomer: Newcomer, context: Flask
) -> None:
    asks(newcomer, OPERATOR)
    newcomer.type_code(newcomer.code(OPERATOR))
    thief = copied(newcomer)

    sets_up_app(newcomer)

    assert newcomer.client.get("/operator").status_code == 200
    assert thief.get("/operator").headers["Location"] == "/operator/sign-in"


def test_an_operators_cookie_holds_neither_address_nor_what_the_database_does(
    newcomer: Newcomer, context: Flask
) -> None:
    enters(newcomer)

    with newcomer.client.session_transaction() as session:
        name = session["operator"]
    row = db.session.scalars(select(OperatorSession)).one()
    assert len(name) >= 43  # 256 bits
    assert OPERATOR not in name
    assert name not in " ".join(str(value) for value in vars(row).values())
    stranger = newcomer.app.test_client()
    for guess in (row.name_hash, {"email": OPERATOR, "at": now().timestamp(), "step": True}, None, 1):
        with stranger.session_transaction() as session:
            session["operator"] = guess
        assert stranger.get("/operator").headers["Location"] == "/operator/sign-in"


def test_an_operator_is_out_when_the_session_is_too_old_however_much_it_was_used(
    newcomer: Newcomer, context: Flask, settings: Settings
) -> None:
    enters(newcomer)
    db.session.execute(update(OperatorSession).values(made_at=now() - timedelta(hours=settings.session_hours)))
    db.session.commit()

    assert newcomer.client.get("/operator").headers["Location"] == "/operator/sign-in"
    operator_sessions.forget_old()
    assert db.session.scalars(select(OperatorSession)).all() == []


def test_an_operator_proves_the_mailbox_and_sees_the_channels_of_all_organisations(
    newcomer: Newcomer, world: World
) -> None:
    first = world.channel(world.organisation(name="Elder Trust"), "nhsuk")
    first.state, first.trouble, first.failures_in_a_row = "failing", "NHS.UK refused our key.", 4
    world.channel(world.organisation(name="Rowan Surgery"), "x")
    db.session.commit()
    scope.leave()
    assert newcomer.client.get("/operator").headers["Location"] == "/operator/sign-in"

    enters(newcomer, OPERATOR.upper())
    page = newcomer.client.get("/operator").text

    assert "Elder Trust" in page
    assert "Rowan Surgery" in page
    assert "NHS.UK refused our key." in page
    assert page.index("Elder Trust") < page.index("Rowan Surgery"), "what is in trouble comes first"
    assert "No worker runs." in page
    part = newcomer.client.get("/operator", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div id="status"')


def test_what_failed_again_and_again_is_shown_and_tried_again_when_somebody_says_so(
    newcomer: Newcomer, world: World
) -> None:
    organisation = world.organisation()
    channel = world.channel(organisation)
    piece = failed_work.Piece("poll", organisation.id, channel.id)
    for _ in range(8):
        failed_work.failed(piece, "KeyError")
    db.session.commit()
    assert failed_work.standing(piece) == "held"
    scope.leave()
    enters(newcomer)

    page = newcomer.client.get("/operator").text
    assert "KeyError" in page
    assert "stopped" in page
    stranger = newcomer.app.test_client()
    assert stranger.post("/operator/failed/retry", data={"work": "all"}).headers["Location"] == "/operator/sign-in"
    scope.enter(organisation.id)
    assert failed_work.standing(piece) == "held"
    (work,) = failed_work.listed()
    scope.leave()
    assert newcomer.client.post("/operator/failed/retry", data={"work": "no id"}).status_code == 404

    assert newcomer.client.post("/operator/failed/retry", data={"work": str(work.id)}).status_code == 303

    scope.enter(organisation.id)
    assert failed_work.standing(piece) == "failed"


def test_whoever_is_no_operator_gets_the_same_answer_and_no_code(newcomer: Newcomer, world: World) -> None:
    world.member(world.organisation(), email="pat@trust.example")
    scope.leave()

    asks(newcomer, "pat@trust.example")

    assert newcomer.letter("pat@trust.example").subject == "Signing in to HealthBerry"
    assert newcomer.client.get("/operator").status_code == 303


def test_a_member_is_no_operator_and_an_operator_is_no_member(newcomer: Newcomer, world: World) -> None:
    member = world.member(world.organisation())
    world.signed_in(newcomer.client, member)
    scope.leave()
    assert newcomer.client.get("/operator").status_code == 303

    enters(newcomer)

    assert newcomer.client.get("/operator").status_code == 200
    assert newcomer.client.get("/inbox").status_code == 303
    newcomer.client.post("/operator/sign-out")
    assert newcomer.client.get("/operator").status_code == 303


def test_who_is_taken_from_the_list_is_out_at_the_next_request(
    newcomer: Newcomer, settings: Settings, mailbox: Mailbox
) -> None:
    enters(newcomer)
    assert newcomer.client.get("/operator").status_code == 200

    newcomer.app.extensions["settings"] = replace(settings, operators=None)

    assert newcomer.client.get("/operator").status_code == 303
    assert newcomer.client.get("/operator", headers={"HX-Request": "true"}).status_code == 401


@pytest.fixture
def without_queue(settings: Settings) -> Iterator[Flask]:
    app = create_app(replace(settings, redis_url="redis://127.0.0.1:1/0"))
    yield app
    with app.app_context():
        db.engine.dispose()


def test_the_page_opens_where_the_queue_does_not_answer(without_queue: Flask, app: Flask) -> None:
    client: FlaskClient = without_queue.test_client()
    with client.session_transaction() as session:
        session["operator"] = operator_session(app, OPERATOR)

    page = client.get("/operator")

    assert page.status_code == 200
    assert "The queue does not answer." in page.text


def unused_for(time: timedelta) -> None:
    db.session.execute(update(OperatorSession).values(used_at=now() - time))
    db.session.commit()


def test_an_operators_desk_that_nobody_uses_is_closed_though_its_page_asks_on(
    newcomer: Newcomer, context: Flask, settings: Settings
) -> None:
    enters(newcomer)
    assert newcomer.client.get("/operator").status_code == 200
    idle = timedelta(minutes=settings.session_idle_minutes)
    unused_for(idle - timedelta(seconds=30))
    assert newcomer.client.get("/operator", headers={"HX-Request": "true"}).status_code == 200
    used_at = db.session.scalars(select(OperatorSession.used_at)).one()
    assert used_at < now() - timedelta(minutes=1), "a page that asks by itself is no use of it"
    assert newcomer.client.get("/operator").status_code == 200
    assert db.session.scalars(select(OperatorSession.used_at)).one() > used_at
    unused_for(idle)
    assert "/operator/sign-in" in newcomer.client.get("/operator").headers["Location"]
