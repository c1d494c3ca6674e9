"""The way out is seen at every size, and takes along what no server has yet."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Look, at_sizes, look_over
from tests.browser.office import Office

pytestmark = pytest.mark.browser

_WORDS = "Object.keys(sessionStorage).length"


def _kept(page: Page) -> int:
    found: int = page.evaluate(_WORDS)
    return found


def test_signing_out_is_in_sight_and_leaves_no_unsaved_words_in_any_tab(office: Office, look: Look) -> None:
    page = look("/confirm", office.member, PHONE)
    for path in ("/confirm", "/welcome", "/inbox", f"/conversations/{office.story}"):
        page.goto(path)
        look_over(page)
        for _ in at_sizes(page):
            expect(page.locator("[data-signs-out] button:visible").first).to_be_in_viewport()
    other = page.context.new_page()
    other.goto("/help")
    other.evaluate("sessionStorage.setItem('healthberry-draft:a:b', 'Dear Mrs')")
    third = page.context.new_page()
    third.goto("/inbox")
    expect(third.locator("#live")).to_have_text("Live")
    page.route("**/draft", lambda route: route.abort())
    page.locator("#text").fill("Dear Mr")
    assert (_kept(page), _kept(other)) == (1, 1)

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/")

    assert (_kept(page), _kept(other)) == (0, 0)
    third.wait_for_url("**/signin?next=%2Finbox")
    expect(third.locator("#rows")).to_have_count(0)
