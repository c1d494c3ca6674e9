"""What a silent channel looks like, and its calendar: on every width, without a finding of axe, and live."""

import os
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from healthberry.connectors.base import BadItem, ReplyPermission
from healthberry.core import events, quarantine, scope, staleness
from healthberry.extensions import db
from healthberry.models.channels import Channel, QuarantinedItem
from healthberry.models.coverage import Stretch
from healthberry.models.owned import now
from tests.browser.conftest import Look, overflows, violations
from tests.browser.office import Office
from tests.world import World

pytestmark = pytest.mark.browser

WIDTHS = (320, 390, 820, 1440)
SHOTS = os.environ.get("SHOTS")  # a folder, to look at the pages with one's own eyes


def check(page: Page, name: str) -> None:
    """Look at the page as it stands, at each width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
        assert (violations(page), overflows(page)) == ([], False), (page.url, width)


def fall_silent(channel: Channel) -> None:
    """Let a channel have been read last 25 minutes ago, and notice."""
    scope.enter(channel.organisation_id)
    channel.watched_from = channel.last_success_at = now() - timedelta(minutes=25, seconds=5)
    db.session.commit()
    staleness.notice(channel.organisation_id, channel.id)
    events.commit()


def be_read_again(channel: Channel) -> None:
    """Let it be read now, and notice."""
    scope.enter(channel.organisation_id)
    channel.last_success_at = now()
    db.session.commit()
    staleness.notice(channel.organisation_id, channel.id)
    events.commit()


def test_warnings_fit_and_are_read_aloud_on_every_page(office: Office, look: Look) -> None:
    for channel in (office.nhsuk, office.careopinion):
        fall_silent(channel)
    quarantine.keep(office.x, [BadItem("<bad>", "It has no id.")])
    db.session.execute(db.update(QuarantinedItem).values(received_at=now() - timedelta(days=2)))
    db.session.commit()

    page = look("/inbox", office.member)
    check(page, "inbox")
    for name, path in (
        ("conversation", f"/conversations/{office.story}"),
        ("settings", "/settings"),
        ("channel", f"/channels/{office.nhsuk.id}"),
        ("quarantined", f"/channels/{office.x.id}/quarantined"),
    ):
        page.goto(path)
        expect(page.locator("#warnings .warning")).to_have_count(2)
        check(page, name)


def test_a_calendar_fits_a_phone_and_a_day_of_it_can_be_read_again(office: Office, look: Look) -> None:
    channel = office.nhsuk
    channel.read_from, channel.read_to = now() - timedelta(days=20, hours=5), now()
    lost = {"from_at": now() - timedelta(days=31), "to_at": channel.read_from, "state": "gap", "reason": "It was off."}
    db.session.add(Stretch(organisation_id=channel.organisation_id, channel_id=channel.id, **lost))
    db.session.commit()
    page = look(f"/channels/{channel.id}", office.member)
    check(page, "channel-read")

    page.get_by_role("link", name="All days, and reading some again").click()
    check(page, "calendar")
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".day--complete a").first.click()
    check(page, "day")
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Read this day again").click()

    expect(page.get_by_role("status").filter(has_text="is being read again")).to_be_visible()
    expect(page.get_by_text("is being read again now.")).to_be_visible()


def test_the_button_follows_the_channel_while_somebody_writes_and_the_words_stay(
    app: Flask, office: Office, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = app.extensions["connectors"].get("x")
    monkeypatch.setattr(connector, "may_reply", lambda access, target: ReplyPermission("api"))
    be_read_again(office.x)
    page = look(f"/conversations/{office.post}", office.member)
    expect(page.locator("#live")).to_have_text("Live")
    page.fill("#text", "Thank you for telling us.")
    button = page.locator("#reply-form .composer__foot > .nhsuk-button")
    expect(button).to_be_enabled()

    fall_silent(office.x)
    expect(button).to_be_disabled()
    expect(page.locator("#held")).to_contain_text("X has not been read for 25 minutes")
    expect(page.locator("#warnings")).to_contain_text("X has not been read since")
    assert page.input_value("#text") == "Thank you for telling us."

    be_read_again(office.x)
    expect(button).to_be_enabled()
    expect(page.locator("#warnings")).not_to_contain_text("X has not been read since")
    assert page.input_value("#text") == "Thank you for telling us."


def test_a_page_that_follows_nothing_else_hears_of_it_too(office: Office, world: World, look: Look) -> None:
    page = look("/settings", office.member)

    fall_silent(office.nhsuk)
    expect(page.locator("#warnings")).to_contain_text("NHS.UK has not been read since")
    be_read_again(office.nhsuk)
    expect(page.locator("#warnings .warning")).to_have_count(0)
