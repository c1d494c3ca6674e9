"""The channels and what could not be read of them, in a real browser."""

import pytest
from flask import Flask

from healthberry.connectors.base import BadItem
from healthberry.core import quarantine
from healthberry.extensions import db
from tests.browser.conftest import SMALL, Look, look_over
from tests.world import World

pytestmark = pytest.mark.browser


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(app: Flask, world: World, look: Look) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    channel = world.channel(organisation)
    raw = '{"text": "' + "unbroken" * 500 + '"}'
    quarantine.keep(channel, [BadItem(raw, "It has no id."), BadItem("short", "It has no text.")])
    db.session.commit()

    page = look("/channels", member, SMALL)
    look_over(page)
    page.click("text=2 pieces could not be read")
    page.wait_for_url("**/quarantined")

    assert page.locator("pre").count() == 2
    page.goto("/channels")
    for number in range(6):
        world.channel(organisation, "x", remote_id=f"handle{number}")
    page.reload()
    assert page.locator(".found .card").count() >= 7
    look_over(page)  # a long list scrolls in its pane, never the page itself into a blank


def test_a_channel_is_unlinked_after_a_question_and_linked_again(app: Flask, world: World, look: Look) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    world.channel(organisation, items_loaded=412)

    page = look("/channels", member, SMALL)
    page.click("text=Unlink")
    page.wait_for_url("**/unlink")
    page.click("button:has-text('Unlink')")
    page.wait_for_selector("text=There is a problem")
    look_over(page)
    page.check("text=Keep it in the inbox")
    page.click("button:has-text('Unlink')")
    page.wait_for_url("**/channels?done=unlinked")
    look_over(page)
    page.click("text=Link again")

    page.wait_for_selector(".card:has-text('412 here')")
