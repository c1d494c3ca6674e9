"""Linking a channel in a real browser: from the settings in three clicks, at every width, without a script."""

import pytest
from flask import Flask

from healthberry.connectors.base import Linkables
from tests.browser.conftest import SMALL, Look, at_sizes, look_over, overflows
from tests.imagined import Kinds, kinds, page
from tests.world import World

__all__ = ["kinds"]

pytestmark = pytest.mark.browser


def test_a_channel_is_linked_by_a_form_in_three_clicks_from_the_settings(
    app: Flask, world: World, look: Look, kinds: Kinds
) -> None:
    member = world.member(world.organisation())
    kinds.here.lacks = "This installation has no IMAGINED_KEY, so that nothing of this kind can be linked."
    site = look("/settings", member, SMALL)
    site.click("text=Add a channel")
    site.wait_for_url("**/channels/add")
    look_over(site)
    site.click(".kind:has-text('Imagined news')")
    site.wait_for_url("**/channels/add/form")
    look_over(site)
    site.click("button:has-text('Link')")
    site.wait_for_selector("text=There is a problem")
    look_over(site)
    site.fill("#address", "news.example")
    site.fill("#password", "open sesame")
    site.check("text=Everything")

    site.click("button:has-text('Link')")

    site.wait_for_selector("text=Linked. It is being read now")
    site.click(".card__name a")
    site.wait_for_selector("text=How it is doing")
    look_over(site)
    site.click("text=Change its settings")
    site.wait_for_url("**/settings")
    look_over(site)


def test_what_a_form_opens_is_chosen_from_and_a_secret_shown_once(
    app: Flask, world: World, look: Look, kinds: Kinds
) -> None:
    member = world.member(world.organisation())
    secret = (("Secret", "s" * 60), ("Address", "{hook}"))
    kinds.form.opens = Linkables(
        [page(1, reveal=secret), page(2)], ["Page 3 is managed by somebody else, who has to sign in."]
    )
    site = look("/channels/add/form", member, SMALL, java_script_enabled=False)
    site.fill("#address", "news.example")
    site.fill("#password", "open sesame")
    site.check("text=Everything")
    site.click("button:has-text('Link')")
    site.wait_for_url("**/choose?*")
    assert not any(overflows(site) for _ in at_sizes(site))
    site.click("button:has-text('Link these')")
    site.wait_for_selector("text=There is a problem")
    assert not any(overflows(site) for _ in at_sizes(site))
    site.check(".pick:has-text('Page 1') input")

    site.click("button:has-text('Link these')")

    site.wait_for_selector("text=Copy this now")
    assert not any(overflows(site) for _ in at_sizes(site))
    site.click("text=I have copied it")
    site.wait_for_selector("text=How it is doing")


def test_axe_finds_nothing_in_the_choice_and_what_is_shown_once(
    app: Flask, world: World, look: Look, kinds: Kinds
) -> None:
    member = world.member(world.organisation())
    kinds.form.opens = Linkables([page(1, reveal=(("Secret", "s" * 60),)), page(2)])
    site = look("/channels/add/form", member, SMALL)
    site.fill("#address", "news.example")
    site.fill("#password", "open sesame")
    site.check("text=Everything")
    site.click("button:has-text('Link')")
    site.wait_for_selector("text=Choose what to link")
    look_over(site)
    site.check(".pick:has-text('Page 1') input")
    site.click("button:has-text('Link these')")
    site.wait_for_selector("text=Copy this now")
    look_over(site)
