"""Pages off the main way, in every state that needs its own eyes: axe finds nothing, and none is too wide."""

import secrets

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from healthberry.core import claims, codes, events, invitations
from healthberry.extensions import db
from healthberry.mail import links
from healthberry.models.organisations import Organisation
from tests.browser.conftest import Look, look_over, violations
from tests.browser.office import Office
from tests.world import World

pytestmark = pytest.mark.browser

WIDTHS = (320, 390, 820, 1440)


def check(page: Page) -> None:
    """Look at the page as it stands, at each width."""
    look_over(page, [(width, 900) for width in WIDTHS])


def test_pages_that_a_mail_leads_to(app: Flask, office: Office, look: Look) -> None:
    member = office.member
    ids = (member.organisation_id, member.id)
    invitation = invitations.invite(member, "new@example.org", "responder")
    issued = codes.ask("sign_in", member.email, "", "127.0.0.1")
    events.commit()
    page = look("/signin")
    for address in (
        links.reply_link(links.ReplyLink(*ids, office.story)),
        links.unsubscribe_link(links.UnsubscribeLink(*ids)),
        links.address("people.show_invitation", token=invitation),
        links.address("codes.show_link", code_id=str(issued.id), key=issued.link_key),
        links.address("codes.show_link", code_id=str(issued.id), key=secrets.token_urlsafe(9)),
        links.address("reply_link.show", token="tampered"),
        links.address("unsubscribe.show", token="tampered"),
    ):
        page.goto(address.removeprefix("http://localhost"))
        check(page)


def test_signing_up_without_being_listed(app: Flask, look: Look) -> None:
    page = look("/signup/unlisted")
    check(page)
    page.get_by_role("button").last.click()
    expect(page.locator(".nhsuk-error-message").first).to_be_visible()
    check(page)


@pytest.mark.parametrize("state", ["empty", "loading", "failing", "off", "no channel"])
def test_an_inbox_without_rows_in_each_of_its_states(world: World, look: Look, state: str) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    if state != "no channel":
        channel = world.channel(organisation)
        channel.state = {"failing": "failing", "off": "off"}.get(state, "active")
        channel.trouble = "NHS.UK no longer accepts our key." if state == "failing" else ""
        channel.backfill_state = "running" if state == "loading" else "done"
    db.session.commit()
    page = look("/inbox", member)
    check(page)
    page.goto("/inbox?q=zebra&channel=nhsuk")
    check(page)
    page.goto("/channels")
    check(page)


def test_what_a_mailbox_alone_sees(world: World, office: Office, look: Look) -> None:
    organisation = db.session.get_one(Organisation, office.member.organisation_id)
    newcomer = world.member(organisation, level=1, role="responder")
    claims.of_member(newcomer)
    db.session.commit()
    page = look("/inbox", newcomer)
    opened = (f"/conversations/{office.story}", f"/conversations/{office.post}")
    for path in (*opened, "/people", "/people/prove", "/people/leave", "/settings"):
        page.goto(path)
        check(page)


def test_handing_over_before_leaving(world: World, office: Office, look: Look) -> None:
    organisation = db.session.get_one(Organisation, office.member.organisation_id)
    world.member(organisation, role="viewer", name="Vera Next")
    check(look("/people/leave", office.member))


def test_menus_that_are_open_and_news_that_waits(office: Office, look: Look) -> None:
    page = look("/inbox", office.member)
    expect(page.locator("#live")).to_have_text("Live")
    page.click("#chips .more summary")
    check(page)
    page.goto("/inbox")
    expect(page.locator("#live")).to_have_text("Live")
    page.locator("#rows > .item").first.hover()
    office.arrives(office.nhsuk, "Newer")
    expect(page.locator("#announce")).to_be_visible()
    assert violations(page) == []


def test_connecting_and_refusals(office: Office, look: Look) -> None:
    page = look(f"/channels/{office.x.id}/connect", office.member)
    check(page)
    for path in ("/nowhere", f"/conversations/{office.member.id}", "/inbox/nothing"):
        page.goto(path)
        check(page)
