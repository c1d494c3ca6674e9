"""A headless Chromium before the application as a real web server serves it."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import make_server

from healthberry.models.organisations import Member
from tests.browser.office import office as office
from tests.serving import files_read_first, serving
from tests.world import session_name

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
SMALL, PHONE, TABLET, DESK = (320, 640), (390, 844), (820, 1180), (1440, 900)
SIZES = (SMALL, PHONE, TABLET, DESK)
# Answers with these statuses carry words for people; the browser's console mentions them all the same.
_EXPECTED = "Failed to load resource: the server responded with a status of 4"
_RUN_AXE = """
async () => (await axe.run(document, {resultTypes: ['violations']})).violations
  .map(found => found.id + ': ' + found.nodes.map(node => node.target.join(' ')).join(', '))
"""

# Below this height the house gives up its panes and scrolls as a whole (_shell.scss).
_OVERFLOWS = """
document.documentElement.scrollWidth > innerWidth
  || (document.body.matches('.app') && innerHeight > 460 && document.documentElement.scrollHeight > innerHeight)
"""

Look = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium of this machine, else the one that Playwright brought.

    For one module at a time: while it runs, Playwright's event loop keeps others out of the main thread.
    """
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*sandbox, "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The address of the running application, with forms that want their proof."""
    app.config["WTF_CSRF_ENABLED"] = True
    with serving(make_server("127.0.0.1", 0, files_read_first(app), threaded=True), to_the_end=True) as address:
        yield address
        if "hub" in app.extensions:
            app.extensions["hub"].stop()


@pytest.fixture
def look(app: Flask, site: str, chromium: Browser) -> Iterator[Look]:
    """Open a page: `look("/inbox", member, PHONE)`; fails at the end when a script failed or the policy was broken."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_page(path: str, member: Member | None = None, size: tuple[int, int] = DESK, **options: Any) -> Page:
        viewport = {"width": size[0], "height": size[1]}
        context = chromium.new_context(viewport=viewport, base_url=site, locale="en-GB", **options)  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        contexts.append(context)
        if member is not None:
            cookie = {"name": app.config["SESSION_COOKIE_NAME"], "value": session_of(app, member), "url": site}
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.extend(_trouble(message)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def session_of(app: Flask, member: Member) -> str:
    """Return the cookie of a browser that is signed in as `member`."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return str(serializer.dumps({"_user_id": session_name(app, member), "_fresh": True, "_permanent": True}))


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page as it stands."""
    if not page.evaluate("'axe' in window"):  # half a megabyte: once for a page, however often it is looked at
        # Through the debugger, for the page's own policy lets no foreign script in.
        session = page.context.new_cdp_session(page)
        session.send("Runtime.evaluate", {"expression": AXE.read_text()})
        session.detach()
    found: list[str] = page.evaluate(_RUN_AXE)
    return found


def look_over(page: Page, sizes: Iterable[tuple[int, int]] = SIZES) -> None:
    """Look at the page as it stands, at each size: axe finds nothing, nothing is wider than the window.

    No script asks for the size: what fits is for the style sheet to say, whenever the window changes.
    """
    for width in at_sizes(page, sizes):
        assert (violations(page), overflows(page)) == ([], False), (page.url, width)


def at_sizes(page: Page, sizes: Iterable[tuple[int, int]] = SIZES) -> Iterator[int]:
    """Give the page each of these sizes, and at the end the one that it had; yields the widths."""
    was = page.viewport_size
    for width, height in sizes:
        page.set_viewport_size({"width": width, "height": height})
        yield width
    if was is not None:
        page.set_viewport_size(was)


def overflows(page: Page) -> bool:
    """Say whether the page is wider than the window, or a page whose panes scroll can be scrolled away as a whole."""
    return bool(page.evaluate(_OVERFLOWS))


def _trouble(message: ConsoleMessage) -> list[str]:
    cut = "net::ERR_" in message.text or "Failed to fetch" in message.text
    expected = _EXPECTED in message.text or cut
    return [message.text] if message.type in ("error", "warning") and not expected else []
