"""The second step: set up by its owner, asked for at every way in, right once, and not to be guessed."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry import create_app
from healthberry.core import events, operator, scope
from healthberry.core.vault import Vault
from healthberry.extensions import db
from healthberry.models.activities import Activity
from healthberry.models.audit import AuditEntry
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.sign_in import MemberSession, RecoveryCode, SecondStep
from healthberry.settings import Settings
from tests.session.apps import Phone
from tests.session.stepping import EMAIL, half_in, member, set_up
from tests.signup.newcomer import Newcomer
from tests.world import World

__all__ = ["member"]


def test_an_app_is_set_up_with_ten_recovery_codes_and_none_of_it_can_be_read_in_the_database(
    client: FlaskClient, world: World, member: Member
) -> None:
    world.signed_in(client, member)

    secret, codes = set_up(client)

    assert len(set(codes)) == 10
    assert "You have 10 of 10 left" in client.get("/settings/sign-in").text
    assert client.get("/settings/sign-in/app").headers["Location"] == "/settings/sign-in", "the key is shown once more"
    scope.enter(member.organisation_id)
    row = db.session.scalars(select(SecondStep)).one()
    hashes = db.session.scalars(select(RecoveryCode.code_hash)).all()
    assert secret.encode() not in (row.sealed or b"")
    assert not any(code.replace("-", "") in one for one in hashes for code in codes)
    kinds = db.session.scalars(select(Activity.kind)).all()
    assert {"second_step_added", "recovery_codes_made"} <= set(kinds)


def test_the_key_is_drawn_without_styles_and_stands_beneath_as_text(
    client: FlaskClient, world: World, member: Member
) -> None:
    world.signed_in(client, member)
    client.post("/settings/sign-in/app")

    page = client.get("/settings/sign-in/app").text

    assert re.search(r'<div class="qr"[^>]*><svg[^>]*viewBox', page)
    assert "style=" not in page
    assert re.search(r'class="qr__key">([A-Z2-7]{4} ){7}[A-Z2-7]{4}<', page)


def test_an_app_that_counts_differently_is_not_taken_into_use(
    client: FlaskClient, world: World, member: Member
) -> None:
    world.signed_in(client, member)
    client.post("/settings/sign-in/app")

    refused = client.post("/settings/sign-in/app/confirm", data={"digits": "12345"})

    assert refused.status_code == 422
    assert "not right" in refused.text
    assert "Set up an app" in client.get("/settings/sign-in").text


def test_the_mailbox_alone_lets_nobody_in_who_has_an_app(newcomer: Newcomer, member: Member) -> None:
    phone = Phone(newcomer.app, member)
    half_in(newcomer, "/settings?tab=1")

    assert newcomer.client.get("/inbox").headers["Location"].startswith("/signin")
    wrong = newcomer.client.post("/signin/second", data={"step": phone.wrong()})
    assert (wrong.status_code, "You have 4 more tries" in wrong.text) == (422, True)
    right = newcomer.client.post("/signin/second", data={"step": phone.digits()})

    assert right.headers["Location"] == "/settings?tab=1"
    assert newcomer.client.get("/settings").status_code == 200


def test_whoever_has_no_app_signs_in_as_before(newcomer: Newcomer, member: Member) -> None:
    newcomer.ask(EMAIL)

    assert newcomer.type_code(newcomer.code(EMAIL)).headers["Location"] == "/inbox"


def test_the_same_digits_open_once(newcomer: Newcomer, member: Member) -> None:
    phone = Phone(newcomer.app, member)
    digits = phone.digits()
    half_in(newcomer)
    assert newcomer.client.post("/signin/second", data={"step": digits}).status_code == 303
    thief = newcomer.other_browser()
    half_in(thief)

    refused = thief.client.post("/signin/second", data={"step": digits})

    assert refused.status_code == 422
    assert "used already" in refused.text


def test_by_what_somebody_signed_in_and_proved_themselves_again_stands_in_the_audit_log(
    newcomer: Newcomer, world: World, member: Member
) -> None:
    world.signed_in(newcomer.client, member)
    _, codes = set_up(newcomer.client)
    phone = Phone(newcomer.app, member)
    for step, more in ((phone.digits(), {}), (codes[0], {"remember": "on"})):
        newcomer.client.post("/signout")
        half_in(newcomer)
        assert newcomer.client.post("/signin/second", data={"step": step, **more}).status_code == 303
    newcomer.client.post("/signout")
    newcomer.ask(EMAIL)
    assert newcomer.type_code(newcomer.code(EMAIL)).headers["Location"] == "/inbox"
    assert newcomer.client.post("/confirm", data={"step": codes[1]}).status_code == 303

    scope.enter(member.organisation_id)
    wanted = AuditEntry.action.in_(("signed_in", "proved"))
    log = db.session.scalars(select(AuditEntry).where(wanted).order_by(AuditEntry.number)).all()
    assert [(one.action, one.details["by"]) for one in log] == [
        ("signed_in", ["code by e-mail", "app"]),
        ("signed_in", ["code by e-mail", "recovery code"]),
        ("signed_in", ["code by e-mail", "remembered browser"]),
        ("proved", "recovery code"),
    ]


def test_after_five_wrong_tries_nothing_opens_for_a_quarter_of_an_hour(newcomer: Newcomer, member: Member) -> None:
    phone = Phone(newcomer.app, member)
    half_in(newcomer)
    for _ in range(5):
        assert newcomer.client.post("/signin/second", data={"step": phone.wrong()}).status_code == 422

    locked = newcomer.client.post("/signin/second", data={"step": phone.digits()})
    assert locked.status_code == 429
    assert "Wait 15 minutes" in locked.text
    assert 840 <= int(locked.headers["Retry-After"]) <= 900
    # Another browser, another network: it is the member who is guarded.
    other = newcomer.other_browser()
    half_in(other)
    assert other.client.post("/signin/second", data={"step": phone.digits()}).status_code == 429

    scope.enter(member.organisation_id)
    db.session.execute(update(SecondStep).values(wrong_at=now() - timedelta(minutes=16)))
    db.session.commit()
    scope.leave()
    assert newcomer.client.post("/signin/second", data={"step": phone.digits()}).status_code == 303


def test_the_way_between_the_two_steps_is_open_for_ten_minutes_and_not_after_leaving(
    newcomer: Newcomer, member: Member
) -> None:
    phone = Phone(newcomer.app, member)
    half_in(newcomer)
    with newcomer.client.session_transaction() as session:
        session["half"] = {**session["half"], "at": session["half"]["at"] - 601}
    assert newcomer.client.post("/signin/second", data={"step": phone.digits()}).headers["Location"] == "/signin"
    phone.forget_use()

    half_in(newcomer)
    scope.enter(member.organisation_id)
    db.session.execute(update(Member).values(left_at=now()))
    db.session.commit()
    scope.leave()
    assert newcomer.client.post("/signin/second", data={"step": phone.digits()}).headers["Location"] == "/signin"


@pytest.mark.parametrize("way", ["link", "sign-up"])
def test_no_other_way_in_goes_round_the_second_step(newcomer: Newcomer, world: World, way: str) -> None:
    first = newcomer.joins("priya@quillburyhospitals.nhs.uk")
    Phone(newcomer.app, first)
    visitor = newcomer.other_browser()
    if way == "sign-up":
        visitor.sign_up(first.email)
        answer = visitor.type_code(visitor.code(first.email))
    else:
        visitor.ask(first.email)
        answer = visitor.client.post(visitor.link(first.email))

    assert answer.headers["Location"] == "/signin/second"
    assert visitor.client.get("/inbox").status_code == 303


def test_a_remembered_browser_is_not_asked_for_twelve_hours(newcomer: Newcomer, member: Member) -> None:
    phone = Phone(newcomer.app, member)
    half_in(newcomer)
    answer = newcomer.client.post("/signin/second", data={"step": phone.digits(), "remember": "on"})
    cookie = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("healthberry-device="))
    assert "Max-Age=43200" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    newcomer.client.post("/signout")

    newcomer.ask(EMAIL)
    assert newcomer.type_code(newcomer.code(EMAIL)).headers["Location"] == "/inbox"
    newcomer.client.post("/signout")
    scope.enter(member.organisation_id)
    db.session.execute(update(MemberSession).values(remembered_until=now() - timedelta(minutes=1)))
    db.session.commit()
    scope.leave()
    half_in(newcomer)


def test_a_remembered_browser_is_forgotten_from_the_list_and_is_nobody_elses(
    newcomer: Newcomer, world: World, member: Member
) -> None:
    phone = Phone(newcomer.app, member)
    half_in(newcomer)
    newcomer.client.post("/signin/second", data={"step": phone.digits(), "remember": "on"})
    newcomer.client.post("/signout")
    colleague = world.member(world.organisation(), email="other@example.org")
    Phone(newcomer.app, colleague)
    scope.leave()
    newcomer.ask("other@example.org")
    assert newcomer.type_code(newcomer.code("other@example.org")).headers["Location"] == "/signin/second"

    desk = newcomer.other_browser().client
    world.signed_in(desk, member)
    page = desk.get("/settings/sign-in").text
    assert "Signed out" in page
    assert "No second step until" in page
    desk.post("/settings/sign-in/sessions/end-others")
    half_in(newcomer)


def test_removing_the_app_ends_its_recovery_codes_too(newcomer: Newcomer, world: World, member: Member) -> None:
    world.signed_in(newcomer.client, member)
    set_up(newcomer.client)

    assert newcomer.client.post("/settings/sign-in/app/remove").status_code == 303

    scope.enter(member.organisation_id)
    assert db.session.scalars(select(RecoveryCode)).all() == []
    scope.leave()
    newcomer.client.post("/signout")
    newcomer.ask(EMAIL)
    assert newcomer.type_code(newcomer.code(EMAIL)).headers["Location"] == "/inbox"


def test_an_administrator_frees_a_colleague_who_lost_phone_and_codes(
    newcomer: Newcomer, world: World, app: Flask
) -> None:
    organisation = world.organisation()
    admin = world.member(organisation)
    lost = world.member(organisation, role="responder", email=EMAIL)
    for one in (admin, lost):
        db.session.expunge(one)
    scope.leave()
    Phone(app, lost)
    desk, phone = app.test_client(), app.test_client()
    world.signed_in(desk, admin)
    world.signed_in(phone, lost)
    assert phone.post(f"/people/{admin.id}/second-step").status_code == 403

    assert desk.post(f"/people/{lost.id}/second-step").headers["Location"] == "/people?done=reset"

    assert phone.get("/inbox").status_code == 303, "whoever found the phone is still signed in"
    newcomer.ask(EMAIL)
    assert newcomer.type_code(newcomer.code(EMAIL)).headers["Location"] == "/inbox"
    scope.enter(organisation.id)
    assert "member_second_step_reset" in db.session.scalars(select(Activity.kind)).all()


def test_the_operator_frees_an_only_administrator(newcomer: Newcomer, member: Member) -> None:
    Phone(newcomer.app, member)
    with newcomer.app.app_context():
        assert "Nobody" in operator.reset_second_step("nobody@example.org", str(member.organisation_id))
        assert "Nobody" in operator.reset_second_step(EMAIL, "NONE")
        assert "signs in by a code" in operator.reset_second_step(EMAIL.upper(), str(member.organisation_id))
        events.commit()

    newcomer.ask(EMAIL)
    assert newcomer.type_code(newcomer.code(EMAIL)).headers["Location"] == "/inbox"


def test_a_new_key_seals_the_apps_too_and_without_any_key_no_digits_are_right(
    newcomer: Newcomer, member: Member
) -> None:
    phone = Phone(newcomer.app, member)
    vault, new = newcomer.app.extensions["vault"], Fernet.generate_key().decode()
    old_key = newcomer.app.extensions["settings"].channel_keys[0]
    newcomer.app.extensions["vault"] = Vault([new, old_key])
    with newcomer.app.app_context():
        operator.rotate_secrets()
        events.commit()
    newcomer.app.extensions["vault"] = Vault([new])
    half_in(newcomer)
    assert newcomer.client.post("/signin/second", data={"step": phone.digits()}).status_code == 303
    newcomer.client.post("/signout")
    phone.forget_use()

    newcomer.app.extensions["vault"] = vault
    half_in(newcomer)
    assert newcomer.client.post("/signin/second", data={"step": phone.digits()}).status_code == 422


def test_over_https_every_cookie_is_for_this_host_alone_and_for_no_script(
    settings: Settings, newcomer: Newcomer, member: Member
) -> None:
    app = create_app(replace(settings, public_url="https://feedback.example.org"))
    app.config["WTF_CSRF_ENABLED"] = False
    phone = Phone(app, member)
    ids = [str(one) for one in (member.organisation_id, member.id, member.session_key)]
    client = app.test_client()
    https = {"base_url": "https://feedback.example.org"}
    with client.session_transaction(**https) as session:
        session["half"] = {"ids": ids, "at": now().timestamp(), "next": "/inbox"}

    answer = client.post("/signin/second", data={"step": phone.digits(), "remember": "on"}, **https)

    assert answer.status_code == 303
    cookies = dict(one.split("=", 1) for one in answer.headers.getlist("Set-Cookie"))
    assert set(cookies) == {f"__Host-healthberry{one}" for one in ("", "-device", "-known")}
    for cookie in cookies.values():
        parts = set(cookie.split("; ")[1:])
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts
        assert not any(part.startswith("Domain") for part in parts)
    with app.app_context():
        db.engine.dispose()


def test_a_site_without_a_name_offers_no_passkeys(newcomer: Newcomer, world: World, member: Member) -> None:
    world.signed_in(newcomer.client, member)
    offers = {}
    for address in ("http://localhost", "http://127.0.0.1:8600", "http://[::1]:8600"):
        settings = newcomer.app.extensions["settings"]
        newcomer.app.extensions["settings"] = replace(settings, public_url=address)
        pages = (newcomer.client.get("/settings/sign-in").text, newcomer.other_browser().client.get("/signin").text)
        offers[address] = ["passkey" in page.lower().replace("passkey.", "") for page in pages]

    assert offers == {
        "http://localhost": [True, True],
        "http://127.0.0.1:8600": [False, False],
        "http://[::1]:8600": [False, False],
    }
