"""Passkeys in Chromium, by its own authenticator: made, signed in with, used as second step and as a fresh proof."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import CDPSession, Page
from sqlalchemy import select, update

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from healthberry.models.sign_in import MemberSession, Passkey
from tests.browser.conftest import DESK, PHONE, Look, look_over, session_of
from tests.session.apps import Phone
from tests.world import World

pytestmark = pytest.mark.browser


class Desk:
    """A browser with an authenticator in it, at the site's name: passkeys belong to a name, never to a number."""

    def __init__(self, app: Flask, site: str, look: Look, member: Member) -> None:
        self.app, self.member = app, member
        self.site = site.replace("127.0.0.1", "localhost")
        app.extensions["settings"] = replace(app.extensions["settings"], public_url=self.site)
        self.page: Page = look(f"{self.site}/help")
        self.tools: CDPSession = self.page.context.new_cdp_session(self.page)
        self.tools.send("WebAuthn.enable")
        options: dict[str, Any] = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.key = self.tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def sign_in(self) -> None:
        """Be signed in, as by a code."""
        name = self.app.config["SESSION_COOKIE_NAME"]
        cookie = {"name": name, "value": session_of(self.app, self.member), "url": self.site}
        self.page.context.add_cookies([cookie])  # type: ignore[list-item]

    def open(self, path: str) -> Page:
        """Open a page."""
        self.page.goto(f"{self.site}{path}")
        return self.page

    def make(self, *, looked_at: bool = False) -> None:
        """Make a passkey on the pages."""
        self.sign_in()
        self.open("/settings/sign-in").get_by_role("link", name="Make a passkey").click()
        self.page.get_by_label("What do you call it?").fill("Work phone")
        self.page.get_by_role("button", name="Make the passkey").click()
        self.page.get_by_role("heading", name="Your recovery codes").wait_for()
        assert self.page.locator(".recovery li").count() == 10
        if looked_at:  # by axe, after which the authenticator answers no more
            look_over(self.page, (PHONE, DESK))
        self.page.get_by_role("link", name="I have kept them").click()
        self.page.get_by_text("Work phone").first.wait_for()

    def forget_cookies(self) -> None:
        """Be nobody again, on a page where nothing is on its way that could bring a cookie back."""
        self.open("/help").wait_for_load_state("networkidle")
        self.page.context.clear_cookies()

    def verified(self, *, is_verified: bool) -> None:
        """Let the authenticator check who holds it, or fail to."""
        self.tools.send("WebAuthn.setUserVerified", {"authenticatorId": self.key, "isUserVerified": is_verified})


@pytest.fixture
def desk(app: Flask, site: str, look: Look, world: World) -> Desk:
    """An administrator's browser."""
    member = world.member(world.organisation(name="City Hospitals Trust"), email="priya@example.org")
    db.session.expunge(member)
    scope.leave()
    return Desk(app, site, look, member)


def test_a_passkey_signs_in_without_an_address_and_both_steps_are_done(desk: Desk) -> None:
    desk.make()
    desk.forget_cookies()

    page = desk.open("/signin?next=/settings")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/settings")

    page.get_by_role("heading", name="Settings", exact=True).wait_for()
    scope.enter(desk.member.organisation_id)
    key = db.session.scalars(select(Passkey)).one()
    assert key.used_at is not None
    assert key.sign_count > 0
    newest = db.session.scalars(select(MemberSession).order_by(MemberSession.made_at.desc())).first()
    assert newest is not None
    assert newest.proven_at is not None


def test_a_passkey_that_did_not_check_who_holds_it_does_not_stand_for_both_steps(desk: Desk) -> None:
    desk.make()
    desk.forget_cookies()
    desk.verified(is_verified=False)

    page = desk.open("/signin")
    page.get_by_role("button", name="Use a passkey").click()

    page.get_by_text("No passkey was used").wait_for()
    assert "/signin" in page.url


def test_an_answer_works_once(desk: Desk) -> None:
    desk.make()
    desk.forget_cookies()
    page = desk.open("/signin")
    with page.expect_request(lambda request: request.method == "POST") as sent:
        page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/inbox**")
    stolen = sent.value.post_data or ""

    client = desk.app.test_client()
    desk.app.config["WTF_CSRF_ENABLED"] = False
    again = client.post("/signin/passkey", data=stolen, content_type="application/x-www-form-urlencoded")

    assert again.status_code == 422
    assert "used already" in again.text
    assert client.get("/inbox").status_code == 303


def test_a_passkey_is_a_fresh_proof_and_the_form_that_waited_goes_on(desk: Desk) -> None:
    desk.make()
    scope.enter(desk.member.organisation_id)
    db.session.execute(update(MemberSession).values(proven_at=now() - timedelta(hours=1)))
    db.session.commit()
    scope.leave()
    page = desk.open("/people")
    page.get_by_label("Work e-mail address").fill("new@example.org")
    page.get_by_role("button", name="Send the invitation").click()
    page.wait_for_url("**/confirm")

    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/confirm/go-on")
    page.get_by_role("button", name="Continue").click()

    page.get_by_text("The invitation is on its way.").wait_for()


def test_without_scripts_nobody_is_offered_what_needs_them(desk: Desk, look: Look) -> None:
    page = look(f"{desk.site}/signin", java_script_enabled=False)

    assert not page.get_by_role("button", name="Use a passkey").is_visible()
    assert page.get_by_role("button", name="Send me a code").is_visible()


def test_the_pages_of_signing_in_are_sound_at_every_width(desk: Desk) -> None:
    desk.make(looked_at=True)
    desk.page.get_by_role("button", name="Set up an app").click()
    desk.page.wait_for_url("**/sign-in/app")
    look_over(desk.page, (PHONE, DESK))
    Phone(desk.app, desk.member)
    for path in ("/settings/sign-in", "/settings/sign-in/passkeys", "/settings", "/confirm", "/signin/second"):
        look_over(desk.open(path), (PHONE, DESK))


def test_an_answer_that_was_typed_waits_for_the_proof_and_is_published_as_it_was(desk: Desk, world: World) -> None:
    desk.make()
    scope.enter(desk.member.organisation_id)
    organisation = db.session.get_one(Organisation, desk.member.organisation_id)
    sealed = desk.app.extensions["vault"].seal({"access_token": "token", "account_id": "9"})
    channel = world.channel(organisation, "x", remote_id="9", label="@city", account="@city", sealed_secrets=sealed)
    (story,) = world.arrives(channel, world.item("Five hours in A&E.", ratings=(), url="https://x.example/1"))
    db.session.execute(update(MemberSession).values(proven_at=now() - timedelta(hours=13)))
    db.session.commit()
    scope.leave()
    page = desk.open(f"/conversations/{story}")
    page.fill("#text", "We are sorry, Sam. <b>Not</b> good enough.")
    page.get_by_role("button", name="Publish").first.click()
    page.wait_for_url("**/confirm")

    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/confirm/go-on")
    page.get_by_role("button", name="Continue").click()

    page.wait_for_url(f"**/conversations/{story}**")
    page.get_by_text("Your reply is on its way.").wait_for()
    scope.enter(desk.member.organisation_id)
    assert [one.text for one in db.session.scalars(select(Reply))] == ["We are sorry, Sam. <b>Not</b> good enough."]
