"""Choosing between a public and a private answer, in a real browser."""

import pytest
from flask import Flask
from playwright.sync_api import expect

from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Organisation
from tests.browser.conftest import DESK, PHONE, TABLET, Look, look_over, overflows, violations
from tests.browser.office import Office
from tests.world import moments_ago

pytestmark = pytest.mark.browser


@pytest.fixture
def page_channel(app: Flask, office: Office) -> Channel:
    sealed = app.extensions["vault"].seal({"access_token": "token", "account_id": "1", "account": "City"})
    config = {"page_id": "1", "name": "City", "messages": "yes"}
    ours = db.session.get_one(Organisation, office.member.organisation_id)
    return office.world.channel(ours, "facebook", remote_id="1", label="City", config=config, sealed_secrets=sealed)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_choice_can_be_read_and_used_by_everybody(
    office: Office, page_channel: Channel, look: Look, scheme: str
) -> None:
    source = {"can_reply_privately": True}
    comment = office.arrives(
        page_channel, "My results are lost.", source=source, ratings=(), thread_id="c", remote_id="c"
    )
    page = look(f"/conversations/{comment}", office.member, PHONE, color_scheme=scheme)
    page.click("#text")
    page.keyboard.type("Please ring us")
    expect(page.locator("#saved")).to_have_text("Saved just now")
    expect(page.get_by_label("Publicly")).to_be_checked()
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):
        page.get_by_label("In private").check()
    look_over(page, (PHONE, TABLET, DESK))
    page.reload()
    page.click("#text")
    expect(page.get_by_label("In private")).to_be_checked()


def test_the_time_that_is_left_can_be_read_by_everybody(office: Office, page_channel: Channel, look: Look) -> None:
    at = moments_ago(hours=20)
    source = {"private": True, "psid": "9"}
    message = office.arrives(page_channel, "Can I come earlier?", source=source, posted_at=at, ratings=())
    for size in (PHONE, DESK):
        page = look(f"/conversations/{message}", office.member, size)
        page.click("#text")
        page.keyboard.type("Yes")
        expect(page.locator("#until")).to_contain_text("3 hours left")
        assert violations(page) == []
        assert not overflows(page)
