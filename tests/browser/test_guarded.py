"""A public reply that is stopped, in a real browser: the marked words, the way to them, and publishing all the same."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Look, at_sizes, look_over, violations
from tests.browser.office import Office, field

pytestmark = pytest.mark.browser

TELLING = "Thank you 😀 for telling us.\n\nPlease ring Mrs Jones on 07700 900123 about your operation on 3 May."


def stopped(page: Page) -> None:
    """Type what says too much, and try to publish it."""
    page.fill("#text", TELLING)
    page.click("#reply-form [type='submit']:visible")
    expect(page.locator("#found")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_was_found_can_be_read_and_reached_by_everybody(office: Office, look: Look, scheme: str) -> None:
    page = look(f"/conversations/{office.post}", office.member, PHONE, color_scheme=scheme)
    stopped(page)
    expect(page.locator("#found")).to_be_focused()
    expect(page.locator("#found mark")).to_have_count(4)
    assert field(page) == TELLING
    look_over(page, (PHONE, DESK))
    page.click("#found summary")
    assert [violations(page) for _ in at_sizes(page, (PHONE, DESK))] == [[], []]
    page.click("#found a:has-text('07700 900123')")
    expect(page.locator("#text")).to_be_focused()
    chosen = (
        "() => { const t = document.querySelector('#text'); return t.value.slice(t.selectionStart, t.selectionEnd) }"
    )
    assert page.evaluate(chosen) == "07700 900123"
    expect(page.locator("#text")).to_be_in_viewport()
    page.keyboard.type("our switchboard")
    assert field(page) == TELLING.replace("07700 900123", "our switchboard")


def test_the_line_with_the_length_says_it_while_one_writes_and_nothing_moves(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.post}", office.member)
    page.click("#text")
    page.keyboard.type("Please ring us on")
    expect(page.locator("#count")).to_contain_text("17 of 280")
    before = page.locator("#text").bounding_box()
    page.keyboard.type(" 07700 900123")
    expect(page.locator("#count")).to_contain_text("Should not be public: telephone number")
    assert page.locator("#text").bounding_box() == before
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Thank you.")
    expect(page.locator("#count")).not_to_contain_text("Should not be public")


def test_an_administrator_publishes_all_the_same_and_the_history_says_why(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.post}", office.member, PHONE)
    stopped(page)
    page.click("#found summary")
    page.click("#found button")
    expect(page.locator("#let_stand_reason-error")).to_contain_text("Say why")
    assert violations(page) == []
    page.fill("#let_stand_reason", "All of them agreed in writing.")
    page.click("#found button")
    expect(page.locator("#reply-state")).to_have_attribute("data-state", "queued")
    assert (office.reply().text, office.reply().let_stand) == (TELLING, ["appointment", "name", "patient", "phone"])
    expect(page.locator("#entries")).to_contain_text("Reason: “All of them agreed in writing.”")


def test_control_and_enter_never_publish_all_the_same(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.post}", office.member)
    stopped(page)
    page.click("#found summary")
    page.fill("#let_stand_reason", "All of them agreed in writing.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#let_stand_reason")).to_be_hidden()
    expect(page.locator("#found")).to_be_visible()
    expect(page.locator("#reply-state")).to_have_attribute("data-state", "none")


def test_what_is_stopped_is_not_left_on_the_clipboard(office: Office, look: Look, site: str) -> None:
    story = office.arrives(office.careopinion, "Kind nurses.", url=f"{site}/accessibility", title="Kind")
    page = look(f"/conversations/{story}", office.member, permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('before')")
    stopped(page)
    expect(page.locator("#found")).to_be_focused()
    assert page.evaluate("navigator.clipboard.readText()") == "before"
    assert len(page.context.pages) == 1
