"""Filters, blocked authors and copies of one story, in a real browser."""

import pytest
from flask import Flask

from healthberry.core import conversations
from healthberry.extensions import db
from tests.browser.conftest import DESK, SMALL, TABLET, Look, look_over, overflows, violations
from tests.session.test_aside import STORY
from tests.world import World

pytestmark = pytest.mark.browser


def test_a_filter_is_added_and_removed(app: Flask, world: World, look: Look) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    channel = world.channel(organisation, "x", label="@cedar")
    world.arrives(channel, world.item("A day at the museum"))
    for number in range(3):
        (wrong,) = world.arrives(channel, world.item(f"Hall {number} of the Imperial WarMus"))
        conversations.close(member, wrong, "not_about_us")
    db.session.commit()

    page = look("/channels", member, SMALL)
    page.click("text=Filters")
    page.wait_for_url("**/filters")
    look_over(page)
    page.fill("textarea", "museum")
    page.click("button:has-text('Add filter')")
    page.wait_for_selector("text=The filter holds from now on.")
    page.wait_for_selector("text=1 set aside")
    look_over(page)
    page.click("button:has-text('Remove')")
    page.wait_for_selector("text=One conversation is back in the inbox.")


@pytest.mark.parametrize("size", [SMALL, TABLET, DESK])
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
