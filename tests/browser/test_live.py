"""Live pages in a real browser: rows in place, arrivals that wait, the mark, and coming back after a cut."""

import re
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from healthberry.core import conversations, events, scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member
from healthberry.realtime import presence
from healthberry.realtime.hub import hub_of
from tests.browser.conftest import DESK, Look
from tests.world import World, moments_ago

pytestmark = pytest.mark.browser


@dataclass
class Desk:
    """An organisation whose inbox is open somewhere."""

    world: World
    member: Member
    colleague: Member
    channel: Channel

    def arrives(self, text: str) -> UUID:
        """Let something arrive, and tell open pages."""
        (made,) = self.world.arrives(self.channel, self.world.item(text, posted_at=moments_ago(seconds=1)))
        self.tell()
        return made

    def tell(self) -> None:
        """Commit, and tell open pages."""
        scope.enter(self.member.organisation_id)
        events.commit()


@pytest.fixture
def desk(app: Flask, world: World) -> Desk:
    """Two colleagues, and forty conversations: more than one page of the list."""
    organisation = world.organisation()
    made = Desk(
        world, world.member(organisation), world.member(organisation, name="Tom Okafor"), world.channel(organisation)
    )
    old = [world.item(f"Older {n}", posted_at=moments_ago(hours=n + 1)) for n in range(40)]
    world.arrives(made.channel, *old)
    made.tell()
    return made


def live(page: Page) -> Page:
    """Wait until the page says that it is live."""
    expect(page.locator("#live")).to_have_text("Live")
    return page


def test_a_new_conversation_comes_in_by_itself_where_the_reader_is_at_the_top(desk: Desk, look: Look) -> None:
    page = live(look("/inbox", desk.member))

    conversation_id = desk.arrives("Thank you, ward 7")

    expect(page.locator("#rows > .item").first).to_have_id(f"conversation-{conversation_id}")
    expect(page.locator("#announce")).to_be_hidden()


def test_it_waits_and_is_announced_while_somebody_points_at_the_list(desk: Desk, look: Look) -> None:
    page = live(look("/inbox", desk.member))
    first = page.locator("#rows > .item").first
    before = first.get_attribute("id")
    first.hover()

    desk.arrives("One")
    expect(page.locator("#announce")).to_have_text("1 new conversation. Show it")
    newest = desk.arrives("Two")
    expect(page.locator("#announce")).to_have_text("2 new conversations. Show them")
    expect(page.locator("#rows > .item").first).to_have_id(before or "")
    page.locator("#announce").click()

    expect(page.locator("#rows > .item").first).to_have_id(f"conversation-{newest}")
    expect(page.locator("#announce")).to_be_hidden()
    assert page.locator("#arrivals > *").count() == 0


def test_a_row_that_came_in_opens_like_any_other(desk: Desk, look: Look) -> None:
    page = live(look("/inbox", desk.member))
    conversation_id = desk.arrives("Thank you, ward 7")
    page.evaluate("window.stays = true")

    page.locator(f"#rows > #conversation-{conversation_id} .item__link").click()

    expect(page.locator("#thread")).to_have_attribute("data-conversation", str(conversation_id))
    assert page.evaluate("window.stays") is True


def test_a_row_changes_in_its_place_and_keeps_the_focus(desk: Desk, look: Look) -> None:
    page = live(look("/inbox", desk.member))
    link = page.locator("#rows > .item").nth(3).locator(".item__link")
    conversation_id = UUID((page.locator("#rows > .item").nth(3).get_attribute("id") or "")[-36:])
    link.focus()

    conversations.assign(desk.colleague, conversation_id, desk.colleague.id)
    desk.tell()
    expect(page.locator(f"#conversation-{conversation_id}")).to_contain_text("Tom")
    conversations.close(desk.colleague, conversation_id, "spam")
    desk.tell()

    expect(page.locator(f"#conversation-{conversation_id}")).to_have_class(re.compile("item--left"))
    expect(page.locator("#rows > .item").nth(3)).to_have_id(f"conversation-{conversation_id}")
    expect(link).to_be_focused()


def test_what_belongs_below_the_end_of_the_list_is_not_announced(desk: Desk, look: Look) -> None:
    page = live(look("/inbox", desk.member, DESK))
    page.locator("#rows > .item").first.hover()
    member = desk.member
    shown = {UUID((one.get_attribute("id") or "")[-36:]) for one in page.locator("#rows > .item").all()}
    scope.enter(member.organisation_id)
    hidden = next(one for one in all_ids() if one not in shown)
    conversations.wait(member, hidden)
    conversations.reopen(member, hidden)
    desk.tell()
    desk.arrives("Newer")

    expect(page.locator("#announce")).to_have_text("1 new conversation. Show it")


def all_ids() -> list[UUID]:
    return list(db.session.scalars(db.select(Conversation.id)))


def test_an_open_conversation_grows_while_the_answer_is_being_written(desk: Desk, look: Look) -> None:
    conversation_id = desk.arrives("Thank you, ward 7")
    page = live(look(f"/conversations/{conversation_id}", desk.member))
    page.locator("#text").fill("Dear patient, than")

    conversations.add_note(desk.colleague, conversation_id, "Ring the ward sister")
    desk.tell()

    expect(page.locator("#entries")).to_contain_text("Ring the ward sister")
    expect(page.locator("#text")).to_be_focused()
    expect(page.locator("#text")).to_have_value("Dear patient, than")


def test_a_conversation_opened_from_the_list_is_followed_too(desk: Desk, look: Look) -> None:
    conversation_id = desk.arrives("Thank you, ward 7")
    page = live(look("/inbox", desk.member))
    with page.expect_response(lambda answer: "/stream" in answer.url and str(conversation_id) in answer.url):
        page.locator(f"#conversation-{conversation_id} .item__link").click()
    expect(page.locator("#thread")).to_have_attribute("data-conversation", str(conversation_id))

    conversations.add_note(desk.colleague, conversation_id, "Ring the ward sister")
    desk.tell()

    expect(page.locator("#entries")).to_contain_text("Ring the ward sister")


def test_a_colleague_who_replies_is_shown(desk: Desk, look: Look) -> None:
    conversation_id = desk.arrives("Thank you, ward 7")
    page = live(look(f"/conversations/{conversation_id}", desk.member))

    presence.write(desk.colleague, conversation_id, writing=True)

    expect(page.locator("#presence")).to_have_text("Tom Okafor is replying")


def test_after_a_cut_the_page_says_so_and_then_has_what_it_missed(app: Flask, desk: Desk, look: Look) -> None:
    page = live(look("/inbox", desk.member))
    page.context.set_offline(True)
    hub_of(app).cut()
    expect(page.locator("#live")).to_have_text("Not live: reconnecting")
    conversation_id = desk.arrives("While you were away")

    page.context.set_offline(False)

    expect(page.locator(f"#rows > #conversation-{conversation_id}")).to_be_visible()
    expect(page.locator("#live")).to_have_text("Live")


def test_who_was_signed_out_is_led_to_sign_in_and_sees_no_words_any_more(desk: Desk, look: Look) -> None:
    page = live(look("/inbox?status=all", desk.colleague))

    desk.colleague.left_at = moments_ago(seconds=0)
    events.record(desk.member.organisation_id, "member_left", member=desk.member)
    desk.tell()

    page.wait_for_url("**/signin?next=%2Finbox%3Fstatus%3Dall")
    expect(page.get_by_label("Work e-mail address")).to_be_visible()
    expect(page.get_by_text("Sign in to go back to where you were")).to_be_visible()


def unwatched(page: Page) -> Page:
    """The same page in a tab whose console nobody watches: htmx writes there that a stream was refused."""
    tab = page.context.new_page()
    tab.goto(page.url)
    page.close()
    return tab


def test_a_page_whose_changes_are_refused_says_that_it_is_not_live(app: Flask, desk: Desk, look: Look) -> None:
    page = live(unwatched(look("/inbox", desk.member)))
    page.route("**/stream?**", lambda route: route.fulfill(status=403))

    hub_of(app).cut()

    expect(page.locator("#live")).to_have_text("Not live: reload this page")


def test_a_page_that_comes_back_without_a_sign_in_is_led_to_it(app: Flask, desk: Desk, look: Look) -> None:
    page = live(unwatched(look("/inbox", desk.member)))
    page.context.clear_cookies()

    hub_of(app).cut()

    page.wait_for_url("**/signin?next=%2Finbox")


def test_who_missed_too_much_gets_the_list_anew(app: Flask, desk: Desk, look: Look) -> None:
    page = live(look("/inbox", desk.member))
    page.context.set_offline(True)
    hub_of(app).cut()
    ids = all_ids()
    for round_ in range(6):
        for one in ids:
            (conversations.reopen if round_ % 2 else conversations.wait)(desk.member, one)
    desk.tell()
    newest = desk.arrives("While you were away")

    page.context.set_offline(False)

    expect(page.locator("#rows > .item").first).to_have_id(f"conversation-{newest}")
    expect(page.locator("#rows > .item")).to_have_count(30)
