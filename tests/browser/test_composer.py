"""Answering in a real browser: drafts that are kept, what the stream tells meanwhile, and replies as they get on."""

import pytest
from flask import Flask
from playwright.sync_api import APIResponse, Route, expect

from healthberry.connectors.base import SentReply
from healthberry.core import events, sending
from healthberry.extensions import db
from tests.browser.conftest import DESK, PHONE, Look, violations
from tests.browser.office import Office, field

pytestmark = pytest.mark.browser


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
    # The stream may have told the state before the form's own answer came.
    expect(page.locator("#text")).to_have_value("")
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


def test_an_answer_that_comes_late_does_not_undo_what_the_stream_told(office: Office, look: Look) -> None:
    page = look(f"/conversations/{office.post}", office.member)
    expect(page.locator("#live")).to_have_text("Live")
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/reply", lambda route: held.append((route, route.fetch())))
    page.evaluate("document.addEventListener('htmx:finally:request', () => { window.answered = true })")
    page.fill("#text", "Thank you.")
    page.evaluate("window.answered = false")
    page.click("#reply-form [type='submit']:visible")
    expect(page.locator("#reply-state")).to_have_attribute("data-state", "queued")
    sending.mark_sent(office.reply(), SentReply("55", "https://x.example/55"))
    events.commit()
    expect(page.locator("#reply-state")).to_have_attribute("data-state", "none")

    (route, answer) = held[0]
    route.fulfill(response=answer)

    page.wait_for_function("window.answered")
    expect(page.locator("#reply-state")).to_have_attribute("data-state", "none")
    expect(page.locator("#text")).to_be_visible()
    expect(page.locator("#text")).to_have_value("")
