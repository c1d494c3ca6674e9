"""The inbox and its conversations in a real browser: at three widths, by keyboard, live, and for everybody."""

import re
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from healthberry.connectors.base import Author, Rating, SentReply
from healthberry.core import events, inbox, scope, sending
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member
from healthberry.models.replies import Reply
from tests.browser.conftest import DESK, PHONE, TABLET, Look, overflows, violations
from tests.world import World, moments_ago

pytestmark = pytest.mark.browser


@dataclass
class Office:
    """An organisation with something to read on three channels."""

    world: World
    member: Member
    nhsuk: Channel
    careopinion: Channel
    x: Channel
    story: UUID
    post: UUID

    def arrives(self, channel: Channel, text: str, **fields: object) -> UUID:
        """Let something arrive, and tell open pages."""
        (made,) = self.world.arrives(channel, self.world.item(text, **fields))
        events.commit()
        return made

    def author_returns(self, text: str) -> None:
        """Let the author of the post write again, and tell open pages."""
        again = {"thread_id": "p1", "in_reply_to": "p1", "posted_at": moments_ago(seconds=0), "ratings": ()}
        self.world.arrives(self.x, self.world.item(text, **again))
        events.commit()

    def reply(self) -> Reply:
        """Return the newest reply, as it is in the database now."""
        scope.enter(self.member.organisation_id)
        db.session.rollback()
        db.session.expire_all()
        newest: Reply = db.session.scalars(db.select(Reply).order_by(Reply.queued_at.desc()).limit(1)).one()
        return newest


@pytest.fixture
def office(app: Flask, world: World) -> Office:
    """Some forty conversations; a story and a post are the newest."""
    organisation = world.organisation(name="City Hospitals Trust")
    member = world.member(organisation, name="Priya Kaur")
    world.member(organisation, name="Dawn Osei")
    sealed = app.extensions["vault"].seal({"access_token": "token", "account_id": "9"})
    nhsuk = world.channel(organisation, "nhsuk")
    careopinion = world.channel(organisation, "careopinion")
    x = world.channel(organisation, "x", remote_id="9", label="@city", account="@city", sealed_secrets=sealed)
    old = [
        world.item(f"The waiting room was warm, number {i}.", title=f"Visit {i}", service_name="Radiology")
        for i in range(40)
    ]
    world.arrives(nhsuk, *old)
    (post,) = world.arrives(
        x,
        world.item(
            "Five hours in A&E. https://example.org/a",
            remote_id="p1",
            thread_id="p1",
            ratings=(),
            author=Author("s", "@samwrites"),
            url="https://x.example/1",
        ),
    )
    (story,) = world.arrives(
        careopinion,
        world.item(
            "Mum was moved at night.\n\nNobody told us why.",
            title="Nobody told us why Mum was being moved",
            author=Author("m", "Marigold57"),
            ratings=(Rating("Dignity", 2, 5),),
            service_name="Ward 12",
        ),
    )
    return Office(world, member, nhsuk, careopinion, x, story, post)


def field(page: Page) -> str:
    return page.input_value("#text")


@pytest.mark.parametrize("size", [PHONE, TABLET, DESK, (320, 640)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    office: Office, look: Look, size: tuple[int, int]
) -> None:
    page = look("/inbox", office.member, size)
    for path in (
        "/inbox",
        "/inbox?q=waiting",
        "/inbox?status=closed&channel=x&unread=1",
        f"/conversations/{office.story}",
        f"/conversations/{office.post}#details",
    ):
        page.goto(path)
        assert violations(page) == [], path
        assert not overflows(page), path
    page.goto(f"/conversations/{office.post}")
    page.click("#tools [data-key='snooze']")
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_states_of_a_reply_can_be_read_by_everybody(office: Office, look: Look, scheme: str) -> None:
    page = look(f"/conversations/{office.post}", office.member, color_scheme=scheme)
    page.fill("#text", "Thank you.")
    page.click("#reply-form [type='submit']:visible")
    expect(page.locator("#reply-state")).to_have_attribute("data-state", "queued")
    for state in ("unknown", "failed", "copied", "written"):
        reply = office.reply()
        reply.state, reply.reason = state, "X refused this."
        db.session.commit()
        page.reload()
        expect(page.locator("#reply-state")).to_have_attribute("data-state", state)
        assert violations(page) == [], state


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


def test_what_is_typed_is_saved_and_survives_a_reload_in_the_middle_of_a_word(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.post}", office.member)
    page.click("#text")
    page.keyboard.type("Thank you for telling us")
    expect(page.locator("#saved")).to_have_text("Saved just now")
    expect(page.locator("#count")).to_have_text("24 of 280")
    page.keyboard.type(". We are so")
    page.reload()
    assert field(page) == "Thank you for telling us. We are so"
    expect(page.locator("#saved")).to_have_text("Saved just now")
    page.fill("#text", "Another start")
    page.click("#rows .item:nth-child(5) .item__link")
    expect(page.locator(f"#thread[data-conversation='{office.post}']")).to_have_count(0)
    page.goto(f"/conversations/{office.post}")
    assert field(page) == "Another start"


def test_the_link_of_an_alert_leads_to_the_composer(office: Office, look: Look) -> None:
    for size in (PHONE, DESK):
        page = look(f"/conversations/{office.post}#reply", office.member, size)
        expect(page.locator("#text")).to_be_focused()
        expect(page.locator("#text")).to_be_in_viewport()


def test_what_cannot_be_saved_is_said_and_saved_later(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.post}", office.member)
    page.context.set_offline(True)
    page.click("#text")
    page.keyboard.type("In the lift")
    expect(page.locator("#saved")).to_have_text("Not saved: you are offline")
    page.context.set_offline(False)
    expect(page.locator("#saved")).to_have_text("Saved just now")


def test_news_arrives_beside_the_composer_and_has_to_be_read_before_publishing(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.post}", office.member)
    page.click("#text")
    page.keyboard.type("We are sorry")
    expect(page.locator("#saved")).to_have_text("Saved just now")
    office.author_returns("Now it is seven hours.")
    expect(page.locator("#entries")).to_contain_text("Now it is seven hours.")
    page.keyboard.type(", truly.")
    assert field(page) == "We are sorry, truly."
    page.click("#reply-form [type='submit']:visible")
    expect(page.locator("#news")).to_contain_text("Now it is seven hours.")
    expect(page.locator("#news")).to_be_focused()
    assert violations(page) == []
    assert field(page) == "We are sorry, truly."
    page.click("text=Publish anyway, I have read it")
    expect(page.locator("#reply-state")).to_have_attribute("data-state", "queued")
    expect(page.locator("#text")).to_have_value("")  # the stream may tell the state before the form's own answer comes
    assert office.reply().text == "We are sorry, truly."


def test_a_reply_is_seen_going_out_and_the_composer_comes_back(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.post}", office.member)
    page.fill("#text", "Thank you.")
    page.click("#reply-form [type='submit']:visible")
    expect(page.locator("#reply-state")).to_contain_text("On its way to X")
    expect(page.locator("#text")).to_be_hidden()
    sending.mark_unknown(office.reply())
    events.commit()
    expect(page.locator("#reply-state")).to_contain_text("X did not answer: finding out whether it went out.")
    sending.mark_sent(office.reply(), SentReply("55", "https://x.example/55"))
    events.commit()
    expect(page.locator("#entries .bubble--out")).to_contain_text("Thank you.")
    expect(page.locator("#entries .bubble--out")).to_contain_text("posted on X")
    expect(page.locator("#text")).to_be_visible()
    assert field(page) == ""


def test_a_failure_puts_the_words_back_under_the_readers_eyes(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.post}", office.member)
    page.fill("#text", "Thank you.")
    page.click("#reply-form [type='submit']:visible")
    expect(page.locator("#reply-state")).to_have_attribute("data-state", "queued")
    sending.mark_failed(office.reply(), "The author allows no replies.")
    events.commit()
    expect(page.locator("#reply-state")).to_contain_text("The author allows no replies.")
    expect(page.locator("#text")).to_have_value("Thank you.")
    page.click("text=Try again as it is")
    expect(page.locator("#reply-state")).to_have_attribute("data-state", "queued")


def test_a_failing_server_takes_neither_the_words_nor_their_saving_away(app: Flask, office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.post}", office.member)
    page.click("#text")
    page.keyboard.type("Thank you.")
    page.route("**/reply", lambda route: route.abort())
    page.click("#reply-form [type='submit']:visible")
    expect(page.locator("#notice")).to_contain_text("did not answer")
    page.click("#text")
    page.keyboard.press("End")
    page.keyboard.type(" Truly.")
    expect(page.locator("#saved")).to_have_text("Saved just now")
    page.reload()
    assert field(page) == "Thank you. Truly."


def test_copying_opens_the_site_with_the_words_on_the_clipboard(office: Office, look: Look, site: str) -> None:
    story = office.arrives(office.careopinion, "Kind nurses.", url=f"{site}/accessibility", title="Kind")
    page = look(f"/conversations/{story}", office.member, permissions=["clipboard-read", "clipboard-write"])
    page.fill("#text", "Dear author, thank you.")
    with page.expect_popup() as opened:
        page.click("text=Copy and open Care Opinion")
    assert opened.value.url == f"{site}/accessibility"
    expect(page.locator("#reply-state")).to_have_attribute("data-state", "copied")
    assert page.evaluate("navigator.clipboard.readText()") == "Dear author, thank you."
    page.click("text=Put the text back")
    expect(page.locator("#text")).to_have_value("Dear author, thank you.")


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
    found = inbox.row_of(office.member, View(), office.story)
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
