"""The inbox in a real browser: at three widths, by keyboard, and for everybody."""

import re

import pytest
from playwright.sync_api import expect

from healthberry.core import inbox, inbox_standing
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.models.organisations import Organisation
from tests.browser.conftest import DESK, PHONE, SMALL, TABLET, Look, at_sizes, look_over, overflows, violations
from tests.browser.office import Office, field

pytestmark = pytest.mark.browser


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(office: Office, look: Look) -> None:
    page = look("/inbox", office.member, SMALL)
    for path in (
        "/inbox",
        "/inbox?q=waiting",
        "/inbox?status=closed&channel=x&unread=1",
        f"/conversations/{office.story}",
        f"/conversations/{office.post}#details",
    ):
        page.goto(path)
        look_over(page)
    page.goto(f"/conversations/{office.post}")
    page.click("#tools [data-key='snooze']")
    assert [violations(page) for _ in at_sizes(page)] == [[]] * 4


def test_the_head_of_the_list_breaks_no_word_where_feedback_is_written_down(office: Office, look: Look) -> None:
    organisation = db.session.get_one(Organisation, office.member.organisation_id)
    office.world.channel(organisation, "paper", remote_id="paper")
    page = look("/inbox", office.member)
    expect(page.locator("#live")).to_have_text("Live")
    for width in at_sizes(page, [(width, 900) for width in (390, 700, 820, 1000, 1440)]):
        for part in (".list__title", "#live", ".list__write"):
            box = page.locator(part).bounding_box()
            assert box is not None
            assert box["height"] < 45, f"{part} stands on one line at {width}"
        assert page.locator(".list__write").evaluate("one => one.getBoundingClientRect().right") <= page.locator(
            ".list__head"
        ).evaluate("one => one.getBoundingClientRect().right")
        expect(page.get_by_role("link", name="Write down feedback")).to_be_visible()


def test_a_phone_shows_one_pane_with_the_tools_at_the_thumb(office: Office, look: Look) -> None:
    page = look("/inbox", office.member, PHONE)
    expect(page.locator("#thread")).to_have_count(0)
    page.click(f"#conversation-{office.story} .item__link")
    expect(page.locator("#thread-title")).to_have_text("Nobody told us why Mum was being moved")
    expect(page.locator("#rows")).to_be_hidden()
    tools = page.locator("#tools").bounding_box()
    assert tools is not None
    assert tools["y"] + tools["height"] <= PHONE[1]
    assert tools["y"] > PHONE[1] - 90
    page.click(".thread__back")
    expect(page.locator(f"#conversation-{office.story} .item__link")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/inbox$"))


def test_going_back_on_a_phone_finds_the_list_where_it_was(office: Office, look: Look) -> None:
    page = look("/inbox", office.member, PHONE)
    page.locator("#more").scroll_into_view_if_needed()
    row = page.locator("#rows .item").nth(36)
    row.scroll_into_view_if_needed()
    before = page.evaluate("document.querySelector('#rows').scrollTop")
    row.locator(".item__link").click()
    expect(page.locator("#thread-title")).to_be_visible()
    page.go_back()
    expect(page.locator("#thread")).to_have_count(0)
    expect(row).to_be_in_viewport()
    assert page.evaluate("document.querySelector('#rows').scrollTop") == pytest.approx(before, abs=2)
    page.go_forward()
    expect(page.locator("#thread-title")).to_be_visible()


@pytest.mark.parametrize(("size", "details"), [(TABLET, False), (DESK, True)])
def test_wider_screens_show_list_and_thread_side_by_side(
    office: Office, look: Look, size: tuple[int, int], details: bool
) -> None:
    page = look(f"/conversations/{office.story}", office.member, size)
    expect(page.locator("#rows")).to_be_visible()
    expect(page.locator("#entries")).to_be_visible()
    expect(page.locator("#details")).to_be_visible(visible=details)
    if not details:
        page.click(".thread__more")
        expect(page.locator("#details")).to_be_visible()
        page.click(".side__close")
        expect(page.locator("#details")).to_be_hidden()


def test_at_two_hundred_per_cent_everything_can_still_be_reached(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.story}", office.member, (640, 400))
    assert not overflows(page)
    page.click("#text")
    expect(page.locator("#text")).to_be_in_viewport()
    button = page.locator("#reply-form [type='submit']:visible")
    button.scroll_into_view_if_needed()
    expect(button).to_be_in_viewport()


def test_opening_a_conversation_keeps_the_place_in_the_list_and_marks_it_read(office: Office, look: Look) -> None:
    page = look("/inbox", office.member)
    page.locator("#rows .item").nth(25).scroll_into_view_if_needed()
    before = page.evaluate("document.querySelector('#rows').scrollTop")
    row = page.locator("#rows .item--unread").nth(24)
    title = row.locator(".item__link")
    wanted = re.sub(r"^Unread:\s*", "", title.inner_text().strip())
    row_id = row.get_attribute("id")
    title.click()
    expect(page.locator("#thread-title")).to_have_text(wanted)
    expect(page.locator("#thread-title")).to_be_focused()
    assert page.title().startswith(wanted)
    assert page.evaluate("document.querySelector('#rows').scrollTop") == pytest.approx(before, abs=2)
    expect(page.locator(f"#{row_id}")).to_have_class("item item--open")
    expect(page.locator(f"#{row_id} .item__link")).to_have_attribute("aria-current", "true")


def test_searching_as_one_types_keeps_the_focus_and_the_open_conversation(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.story}", office.member)
    page.click("#q")
    page.keyboard.type("waiting rooms")
    expect(page.locator("#rows mark").first).to_have_text("waiting")
    expect(page.locator("#q")).to_be_focused()
    expect(page).to_have_url(re.compile(rf"/conversations/{office.story}\?q=waiting\+rooms$"))
    page.click("#chips >> text=Unread")
    expect(page).to_have_url(re.compile(r"unread=1&q=waiting"))
    expect(page.locator("#thread-title")).to_be_visible()
    page.reload()
    expect(page.locator("#rows mark").first).to_be_visible()
    expect(page.locator("#thread-title")).to_be_visible()


def test_further_rows_come_as_one_scrolls(office: Office, look: Look) -> None:
    page = look("/inbox", office.member)
    expect(page.locator("#rows .item")).to_have_count(inbox.PAGE)
    page.locator("#more").scroll_into_view_if_needed()
    expect(page.locator("#rows .item")).to_have_count(42)


def test_the_keyboard_alone_is_enough(office: Office, look: Look) -> None:
    page = look("/inbox", office.member)
    page.keyboard.press("j")
    expect(page.locator(f"#conversation-{office.story} .item__link")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-title")).to_be_focused()
    page.keyboard.press("a")
    expect(page.locator("#details")).to_contain_text("Priya Kaur")
    page.keyboard.press("e")
    expect(page.locator(".tools__close button").first).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#note")).to_be_focused()
    page.keyboard.type("Rang the ward. seek")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#entries .bubble--note")).to_contain_text("Rang the ward. seek")
    page.locator("#thread-title").focus()
    page.keyboard.press("r")
    expect(page.locator("#text")).to_be_focused()
    page.locator("#thread-title").focus()
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile(r"/inbox$"))
    found = inbox_standing.row_of(office.member, View(), office.story)
    assert found is not None
    assert found[0].unread


def test_single_keys_can_be_switched_off(office: Office, look: Look) -> None:
    page = look("/inbox", office.member)
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    assert violations(page) == []
    page.uncheck("#shortcuts-on")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#q")).not_to_be_focused()
    page.reload()
    page.keyboard.press("j")
    expect(page.locator(".item__link:focus")).to_have_count(0)


def test_closing_can_be_undone(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.story}", office.member)
    page.click("#tools [data-key='close']")
    page.click("text=Part of a complaint or claim")
    expect(page.locator("#done")).to_contain_text("Closed.")
    expect(page.locator(f"#rows #conversation-{office.story}")).to_contain_text("No longer in this list")
    expect(page.locator("#tools [data-key='close']")).to_be_hidden()
    assert violations(page) == []
    page.click("text=Undo")
    expect(page.locator("#done")).to_contain_text("Open again.")
    expect(page.locator(f"#rows #conversation-{office.story}")).not_to_contain_text("No longer in this list")
    expect(page.locator("#tools [data-key='close']")).to_be_visible()


def test_without_script_one_reads_saves_notes_and_closes(office: Office, look: Look) -> None:
    page = look("/inbox", office.member, java_script_enabled=False)
    page.click(f"#conversation-{office.story} .item__link")
    page.fill("#text", "Dear Marigold57")
    page.click("noscript button:has-text('Save draft')")
    expect(page.locator("#done")).to_contain_text("Draft saved.")
    assert field(page) == "Dear Marigold57"
    page.fill("#note", "Rang the ward.")
    page.click("text=Add note")
    expect(page.locator("#entries .bubble--note")).to_contain_text("Rang the ward.")
    page.click("#tools [data-key='close']")
    page.click("text=Same as another one")
    expect(page.locator("#thread-head")).to_have_attribute("data-status", "closed")
    page.click("text=Open again")
    expect(page.locator("#thread-head")).to_have_attribute("data-status", "open")
