"""The sandbox's pages in a real browser: an answer appears by itself, and what is half typed stays."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, overflows, violations
from tests.sandbox_server import Sandbox

pytestmark = pytest.mark.browser

_PLACE = {"x": {"handle": "ExampleTrust"}, "careopinion": {"ods_code": "RXX"}, "nhsuk": {"ods_code": "RXX"}}
_TYPED = "We are so sorry, and we w"


@pytest.fixture
def page(chromium: Browser, sandbox: Sandbox) -> Iterator[Page]:
    """A phone before the sandbox, whose moderator leaves answers as they are."""
    sandbox.control("POST", "settings", json={"moderator_edits": "never"})
    context = chromium.new_context(
        base_url=sandbox.url, locale="en-GB", viewport={"width": PHONE[0], "height": PHONE[1]}
    )
    context.set_default_timeout(12_000)
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert troubles == []


@pytest.mark.parametrize("channel", ["x", "careopinion", "nhsuk"])
def test_an_answer_appears_by_itself_and_a_half_typed_one_stays(page: Page, sandbox: Sandbox, channel: str) -> None:
    ident = sandbox.post(channel, "Where do I park?", title="Parking", **_PLACE[channel])
    paths = {"x": "/x/i/status/{}", "careopinion": "/careopinion/{}", "nhsuk": "/nhsuk/services/RXX/reviews/{}"}
    page.goto(paths[channel].format(ident))
    page.locator("textarea").last.fill(_TYPED)

    staff = page.context.request
    act = {"x": "/reply", "careopinion": "/responses", "nhsuk": "/response"}
    staff.post(
        paths[channel].format(ident) + act[channel],
        form={"text": "Behind the library.", "organisation": "ExampleTrust", "author": "PALS"},
    )

    expect(page.locator("#answers")).to_contain_text("Behind the library.")
    expect(page.locator("textarea").last).to_have_value(_TYPED)
    expect(page.get_by_text("Answers appear here by themselves.")).to_be_visible()
    assert not overflows(page)
    assert violations(page) == []


def test_answers_appear_among_my_posts(page: Page, sandbox: Sandbox) -> None:
    ident = sandbox.post("careopinion", "Where do I park?", title="Parking", **_PLACE["careopinion"])
    page.goto("/mine?author=Marigold57")
    expect(page.locator("#answers")).to_contain_text("No answer yet.")

    page.context.request.post(f"/careopinion/{ident}/responses", form={"text": "Behind the library."})

    expect(page.locator("#answers .answer")).to_contain_text("Behind the library.")
    expect(page.get_by_text("No answer yet.")).to_have_count(0)
