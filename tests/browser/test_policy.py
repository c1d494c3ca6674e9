"""What the policy refuses in a real browser, while htmx swaps under the same policy."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from tests.browser.conftest import session_of
from tests.browser.office import Office

pytestmark = pytest.mark.browser

# Each tries what somebody's words would try, had they got into a page, and tells how it ended.
_TRIES = {
    "markup from a string": "document.querySelector('main').innerHTML = '<b>x</b>'",
    "markup added": "document.querySelector('main').insertAdjacentHTML('beforeend', '<b>x</b>')",
    "code from a string": "setTimeout('window.ran = true')",
    "a script's address": "document.createElement('script').src = '/static/dist/x.js'",
    "a handler in a tag": "document.createElement('a').setAttribute('onclick', 'window.ran = true')",
    "a second way to make trusted strings": "trustedTypes.createPolicy('mine', {createHTML: s => s})",
}
_TRY = "() => { try { CODE; return 'done'; } catch (error) { return error.name; } }"


def test_a_page_makes_no_markup_and_no_code_of_strings_while_htmx_swaps(
    app: Flask, office: Office, site: str, chromium: Browser
) -> None:
    context = chromium.new_context(base_url=site, viewport={"width": 1440, "height": 900})
    cookie = {"name": app.config["SESSION_COOKIE_NAME"], "value": session_of(app, office.member), "url": site}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    page.goto("/inbox")
    page.evaluate("window.same = true")

    page.click("#rows .item:nth-child(2) .item__link")
    expect(page.locator("#thread[data-conversation]")).to_have_count(1)
    assert page.evaluate("window.same"), "htmx swapped a part of the page, under the policy"
    ends = {name: page.evaluate(_TRY.replace("CODE", code)) for name, code in _TRIES.items()}

    assert ends == dict.fromkeys(_TRIES, "TypeError")
    context.close()
