"""Signing up as a person does, in a real browser: counted, and estimated in seconds of human time."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from healthberry.local.mailbox import Mailbox
from tests.browser.conftest import PHONE, Look, overflows, violations
from tests.sandbox_server import Sandbox
from tests.stories.loop import DOMAIN, TRUST

pytestmark = pytest.mark.browser

KEY, POINT, PRESS, HOME, THINK = 0.28, 1.1, 0.2, 0.4, 1.35
"""Seconds for a keystroke of an average non-secretarial typist, pointing at a target, pressing and letting go of a
button, moving the hand between keyboard and pointer, and preparing a step in mind.

Source: Card, Moran and Newell, "The keystroke-level model for user performance time with interactive systems",
Communications of the ACM 23(7), 1980.
"""
READ_CODE_IN_MAIL = 15.0  # switching to the mailbox, opening the mail, remembering six digits; not in the model


@dataclass
class Person:
    """Does what a person does, and counts it."""

    page: Page
    typed: list[str] = field(default_factory=list)
    clicks: int = 0
    switches: int = 0

    def types(self, label: str | re.Pattern[str], text: str) -> None:
        """Point at a field, unless the page has put the cursor there, and type."""
        box = self.page.get_by_label(label)
        if not box.evaluate("element => element === document.activeElement"):
            box.click()
            self.clicks += 1
        self.page.keyboard.type(text)
        self.typed.append(text)
        self.switches += 1

    def presses(self, role: str, name: str | re.Pattern[str]) -> None:
        """Click a button, link or option."""
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        self.clicks += 1
        self.switches += 1

    def enters(self) -> None:
        """Press Enter."""
        self.page.keyboard.press("Enter")
        self.typed[-1] += "\n"

    def seconds(self) -> float:
        """Estimate the human time of all that was done."""
        keys = sum(map(len, self.typed))
        steps = len(self.typed) + self.clicks
        return keys * KEY + self.clicks * (POINT + PRESS) + self.switches * HOME + steps * THINK


@pytest.fixture
def written(sandbox: Sandbox) -> None:
    """What patients wrote about the trust so far."""
    for number in range(3):
        sandbox.post("nhsuk", f"A kind nurse in the night {number}", ods_code=TRUST, rating=5)


def test_signing_up_takes_four_fields_eight_clicks_and_less_than_a_minute(
    look: Look, app: Flask, mailbox: Mailbox, work: Callable[[], None], register: None, written: None
) -> None:
    page = look("/", size=PHONE)
    person = Person(page)

    person.presses("link", re.compile("sign up", re.IGNORECASE))
    person.types(re.compile("which organisation", re.IGNORECASE), "imperial coll")
    person.presses("option", re.compile("Imperial College Healthcare"))
    page.wait_for_url("**/signup/you?*")
    person.types(re.compile("name", re.IGNORECASE), "Pat Reader")
    person.types(re.compile("e-mail", re.IGNORECASE), f"pat@{DOMAIN}")
    person.enters()
    page.wait_for_url("**/code")
    work()
    mail = mailbox.wait_for(lambda letter: f"pat@{DOMAIN}" in letter.to, 20)
    code = re.search(r"\b\d{3} \d{3}\b", mail.text)
    assert code is not None
    person.types(re.compile("code", re.IGNORECASE), code.group(0))
    person.enters()
    page.wait_for_url("**/welcome")
    work()
    person.presses("link", re.compile("open.*inbox", re.IGNORECASE))
    page.wait_for_url("**/inbox")

    expect(page.locator("#rows > li")).to_have_count(3)
    assert len(person.typed) <= 4
    assert person.clicks <= 8
    assert person.seconds() + READ_CODE_IN_MAIL < 60


def test_each_page_of_the_way_in_is_for_everybody(
    look: Look, app: Flask, mailbox: Mailbox, work: Callable[[], None], register: None, written: None
) -> None:
    found: dict[str, list[str]] = {}

    def check(page: Page, where: str) -> None:
        for width in (320, 390, 820, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            found[f"{where} at {width}"] = violations(page) + (["too wide"] if overflows(page) else [])

    page = look("/")
    check(page, "home")
    page.goto("/signup")
    page.get_by_label(re.compile("which organisation", re.IGNORECASE)).fill("surgery leeds")
    expect(page.get_by_role("option").first).to_be_visible()
    check(page, "hits")
    page.goto(f"/signup/you?ods={TRUST}")
    check(page, "you")
    page.get_by_label(re.compile("name", re.IGNORECASE)).fill("Pat Reader")
    page.get_by_label(re.compile("e-mail", re.IGNORECASE)).fill("not an address")
    page.keyboard.press("Enter")
    expect(page.locator(".nhsuk-error-message").first).to_be_visible()
    check(page, "you, mistaken")
    page.get_by_label(re.compile("e-mail", re.IGNORECASE)).fill(f"pat@{DOMAIN}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/code")
    check(page, "code")
    work()
    mail = mailbox.wait_for(lambda letter: f"pat@{DOMAIN}" in letter.to, 20)
    code = re.search(r"\b\d{3} \d{3}\b", mail.text)
    assert code is not None
    page.get_by_label(re.compile("code", re.IGNORECASE)).fill(code.group(0))
    page.keyboard.press("Enter")
    page.wait_for_url("**/welcome")
    check(page, "welcome, looking")
    work()
    page.reload()
    check(page, "welcome, found")
    for path in ("/channels", "/people", "/settings", "/help", "/signin", "/accessibility", "/privacy", "/nowhere"):
        page.goto(path)
        check(page, path)

    assert {where: what for where, what in found.items() if what} == {}


def test_a_keyboard_chooses_from_the_list_and_a_screen_reader_hears_how_many_there_are(
    look: Look, app: Flask, register: None
) -> None:
    page = look("/signup")
    box = page.get_by_role("combobox")
    box.click()
    page.keyboard.type("cedar surgery")

    expect(page.get_by_role("option").first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.locator("[data-combobox-says]")).to_have_text(re.compile(r"\d+ "))
    page.keyboard.press("ArrowDown")
    active = box.get_attribute("aria-activedescendant")
    assert page.locator(f"[id='{active}']").get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")


def test_a_keyboard_reaches_each_of_those_who_took_over(look: Look, app: Flask, register: None) -> None:
    page = look("/signup")
    box = page.get_by_role("combobox")
    box.click()
    page.keyboard.type("QNQ")
    heirs = page.get_by_role("group", name=re.compile("Frimley")).get_by_role("option")
    expect(heirs).to_have_count(2)
    assert violations(page) == []
    named = []
    for _ in range(2):
        page.keyboard.press("ArrowDown")
        named.append(page.locator(f"[id='{box.get_attribute('aria-activedescendant')}']").inner_text())

    assert named == heirs.all_inner_texts()
    page.keyboard.press("Enter")
    page.wait_for_url("**/signup/you?ods=S*")


def test_without_javascript_the_search_is_a_plain_form(look: Look, app: Flask, register: None) -> None:
    page = look("/signup", java_script_enabled=False)
    page.get_by_label(re.compile("which organisation", re.IGNORECASE)).fill("RYJ")
    page.keyboard.press("Enter")
    page.get_by_text("Imperial College Healthcare NHS Trust").first.click()
    if "/you" not in page.url:
        page.get_by_role("button", name=re.compile("continue", re.IGNORECASE)).click()

    page.wait_for_url("**/signup/you?*")
