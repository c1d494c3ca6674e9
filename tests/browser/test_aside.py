"""Filters, blocked authors and copies of one story, in a real browser."""

import pytest
from flask import Flask

from healthberry.core import conversations
from healthberry.extensions import db
from tests.browser.conftest import DESK, PHONE, TABLET, Look, overflows, violations
from tests.session.test_aside import STORY
from tests.world import World

pytestmark = pytest.mark.browser
SIZES = pytest.mark.parametrize("size", [PHONE, TABLET, DESK, (320, 640)])


@SIZES
def test_a_filter_is_added_and_removed(app: Flask, world: World, look: Look, size: tuple[int, int]) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    channel = world.channel(organisation, "x", label="@cedar")
    world.arrives(channel, world.item("A day at the museum"))
    for number in range(3):
        (wrong,) = world.arrives(channel, world.item(f"Hall {number} of the Imperial WarMus"))
        conversations.close(member, wrong, "not_about_us")
    db.session.commit()

    page = look("/channels", member, size)
    page.click("text=Filters")
    page.wait_for_url("**/filters")
    assert violations(page) == []
    assert not overflows(page)
    page.fill("textarea", "museum")
    page.click("button:has-text('Add filter')")
    page.wait_for_selector("text=The filter holds from now on.")
    page.wait_for_selector("text=1 set aside")
    assert violations(page) == []
    assert not overflows(page)
    page.click("button:has-text('Remove')")
    page.wait_for_selector("text=One conversation is back in the inbox.")


@SIZES
def test_a_story_on_two_sites_is_parted_and_joined(app: Flask, world: World, look: Look, size: tuple[int, int]) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    (story,) = world.arrives(world.channel(organisation, "careopinion"), world.item(STORY, title="Blood test"))
    world.arrives(world.channel(organisation, "nhsuk"), world.item(STORY, title="Blood test"))

    page = look(f"/conversations/{story}/same", member, size)
    page.wait_for_selector("text=Nothing like it")
    page.goto(f"/conversations/{story}")
    page.wait_for_selector("text=where it needs its own answer")
    assert violations(page) == []
    assert not overflows(page)
    if size[0] < 600:
        page.click("summary[aria-label=More]")
        page.click(".tools__details")
    elif size[0] < 1000:
        page.click(".thread__more")
    page.click("button:has-text('Not the same story')")
    page.wait_for_selector("text=Shown apart from now on.")
    page.goto(f"/conversations/{story}/same")
    page.check("text=NHS.UK: Blood test")
    assert violations(page) == []
    assert not overflows(page)
    page.click("button:has-text('Join')")
    page.wait_for_selector("text=where it needs its own answer")
