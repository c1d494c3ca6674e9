"""What an alert mail says, what it never says, and that hostile text stays text."""

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import current_app
from sqlalchemy import update

from healthberry.core import preferences
from healthberry.extensions import db
from healthberry.local.letters import Letter
from healthberry.local.mailbox import Mailbox
from healthberry.mail import links
from healthberry.mail.alert import when
from healthberry.models.conversations import Conversation
from healthberry.models.owned import now
from tests.mail.outgoing import send_all
from tests.world import World, moments_ago

STORY = "Mum waited nine hours on a trolley and nobody told us why."


def alert(world: World, mailbox: Mailbox, *, excerpts: bool = False, member: str = "Priya Kaur", **item: Any) -> Letter:
    """Let something new arrive for one member and return the mail about it."""
    organisation = world.organisation(name="Cedar Surgery")
    priya = world.member(organisation, email="priya@cedar.nhs.uk", name=member)
    if excerpts:
        preferences.save_organisation(priya, alert_excerpts=True)
    channel = world.channel(organisation)
    item = {"text": STORY, "title": "Left on a trolley", "service_name": "Cedar Surgery, Main Street", **item}
    world.arrives(channel, world.item(**item))
    send_all(organisation.id)
    return mailbox.wait_for(lambda letter: letter.to == ["priya@cedar.nhs.uk"])


def test_an_alert_names_channel_service_and_age_and_no_word_of_the_story(world: World, mailbox: Mailbox) -> None:
    letter = alert(world, mailbox)
    assert letter.subject == "New NHS.UK review for Cedar Surgery"
    for body in (letter.text, letter.html):
        assert "NHS.UK reviews" in body
        assert "Cedar Surgery, Main Street" in body
        assert "5 minutes ago" in body
        assert "4 out of 5" in body
        assert "HealthBerry is independent of the NHS." in body
        assert "/r/" in body
        assert "/unsubscribe/" in body
    everything = f"{letter.subject}{letter.headers}{letter.text}{letter.html}"
    for word in ("trolley", "Mum", "nine hours", "Marigold"):
        assert word not in everything


SERVICES = {
    "a site of the register with a service": ("ZT2 outpatients", None, "Old Quillbury NHS Trust", "outpatients"),
    "a site of the register": ("ZG1", None, "Quillbury Surgery", "Quillbury Surgery"),
    "a service of the source": (None, "Sexual health", "Cedar Surgery", "Sexual health"),
    "a service with a code that nobody knows": ("Q9 hiv", "HIV clinic", "Cedar Surgery", "HIV clinic"),
    "nothing": (None, None, "Cedar Surgery", "Cedar Surgery"),
}


@pytest.mark.parametrize("case", SERVICES.values(), ids=SERVICES.keys())
def test_the_subject_names_the_site_and_never_the_service(
    world: World, mailbox: Mailbox, providers: None, case: tuple[str | None, str | None, str, str]
) -> None:
    code, name, site, service = case
    letter = alert(world, mailbox, service_code=code, service_name=name)
    assert letter.subject == f"New NHS.UK review for {site}"
    for body in (letter.text, letter.html):
        assert service in body


def test_an_alert_carries_the_headers_of_automatic_mail_that_can_be_stopped(world: World, mailbox: Mailbox) -> None:
    headers = alert(world, mailbox).headers
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["List-Id"] == "HealthBerry alerts <alerts.localhost>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<http://localhost/unsubscribe/")
    assert headers["List-Unsubscribe"].endswith(">")
    assert "\n" not in headers["List-Unsubscribe"]
    token = headers["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    assert links.read_unsubscribe_link(token)
    assert headers["From"] == "HealthBerry <healthberry@example.org>"
    assert headers["To"] == "Priya Kaur <priya@cedar.nhs.uk>"


def test_mails_about_one_conversation_share_a_root_and_have_ids_of_their_own(world: World, mailbox: Mailbox) -> None:
    organisation = world.organisation()
    for name in ("ann", "bob"):
        world.member(organisation, email=f"{name}@cedar.nhs.uk")
    (conversation_id,) = world.arrives(world.channel(organisation), world.item())
    send_all(organisation.id)
    first, second = mailbox.messages()
    assert {first.to[0], second.to[0]} == {"ann@cedar.nhs.uk", "bob@cedar.nhs.uk"}
    root = f"<conversation.{conversation_id}@localhost>"
    for letter in (first, second):
        assert letter.headers["References"] == letter.headers["In-Reply-To"] == root
        assert letter.headers["Message-ID"].startswith("<alert.")
    assert first.headers["Message-ID"] != second.headers["Message-ID"]


def test_the_story_begins_in_the_mail_only_where_the_organisation_wants_that(world: World, mailbox: Mailbox) -> None:
    letter = alert(world, mailbox, excerpts=True, text=f"{STORY} " + "Then more. " * 100)
    assert "trolley" not in letter.subject
    for body in (letter.text, letter.html):
        assert "Left on a trolley" in body
        assert STORY in body
        assert body.count("Then more.") < 20


def test_an_alert_asks_for_nothing_from_the_network(world: World, mailbox: Mailbox) -> None:
    html = alert(world, mailbox, excerpts=True).html.lower()
    for loader in ("<img", "<link", "url(", "@import", "<script", "background=", "src="):
        assert loader not in html


HOSTILE = {
    "line breaks": "Cedar\r\nBcc: victim@example.org\r\n\r\nInjected body",
    "html": '<script>alert(1)</script><img src=x onerror="alert(2)"></title></td>',
    "emoji": "🩺👩‍⚕️ 💜 " * 20,
    "right to left": "\u202eתודה רבה\u202c شكرا",
    "a megabyte": "long " * 200_000,
    "quotes": '"; DROP <x@y>, "Other" <other@example.org>',
    "template": "{{ settings.secret_key }} {% raw %}",
    "separators": "one\u2028two\x85three\x1b[31m",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_stays_text_in_headers_and_bodies(world: World, mailbox: Mailbox, text: str) -> None:
    letter = alert(world, mailbox, excerpts=True, member=text[:200], title=text, text=text, service_name=text)
    assert letter.to == ["priya@cedar.nhs.uk"]
    assert letter.headers["To"].endswith("<priya@cedar.nhs.uk>")
    assert len(letter.subject) <= 150
    assert set(letter.headers) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Id",
        "List-Unsubscribe", "List-Unsubscribe-Post", "In-Reply-To", "References", "MIME-Version", "Content-Type",
    }  # fmt: skip
    for tag in ("<script", "<img", "</title></td>"):
        assert tag not in letter.html
    for body in (letter.text, letter.html, letter.subject):
        assert not set(body) & set("\u202a\u202b\u202c\u202d\u202e\x1b\x00\r")
        assert "only-for-tests" not in body
    assert len(letter.text) < 4000
    assert len(mailbox.messages()) == 1


def test_words_in_any_script_arrive_as_they_were_written(world: World, mailbox: Mailbox) -> None:
    letter = alert(world, mailbox, excerpts=True, title="Diolch 💜", text="תודה רבה", service_name="Meddygfa Tŷ Gwyn")
    assert "Meddygfa Tŷ Gwyn" in letter.text
    assert "Meddygfa Tŷ Gwyn" in letter.html
    assert "Diolch 💜" in letter.text
    assert "תודה רבה" in letter.html


def test_many_at_once_are_one_mail_for_each_member(world: World, mailbox: Mailbox) -> None:
    organisation = world.organisation(name="Cedar Surgery")
    for name in ("ann", "bob"):
        world.member(organisation, email=f"{name}@cedar.nhs.uk")
    world.arrives(world.channel(organisation), *(world.item(STORY) for _ in range(25)))
    send_all(organisation.id)
    letters = mailbox.messages()
    assert sorted(letter.to for letter in letters) == [["ann@cedar.nhs.uk"], ["bob@cedar.nhs.uk"]]
    assert {letter.subject for letter in letters} == {"25 new conversations on NHS.UK for Cedar Surgery"}
    assert all("trolley" not in letter.text + letter.html for letter in letters)
    for headers in (letter.headers for letter in letters):
        assert headers["Auto-Submitted"] == "auto-generated"
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "/unsubscribe/" in headers["List-Unsubscribe"]


def many(world: World, mailbox: Mailbox, count: int, **item: Any) -> tuple[Letter, list[UUID]]:
    """Let many conversations arrive at once for one member; return the mail and their ids."""
    organisation = world.organisation(name="Cedar Surgery")
    world.member(organisation, email="priya@cedar.nhs.uk")
    new = world.arrives(world.channel(organisation), *(world.item(STORY, **item) for _ in range(count)))
    send_all(organisation.id)
    return mailbox.wait_for(lambda letter: letter.to == ["priya@cedar.nhs.uk"]), new


def linked(body: str) -> list[UUID]:
    """Return the conversations whose reply links stand in a body, in their order."""
    return [links.read_reply_link(token).conversation_id for token in re.findall(r"http://localhost/r/([\w.-]+)", body)]


def test_many_at_once_are_listed_each_with_its_own_link(world: World, mailbox: Mailbox) -> None:
    letter, new = many(world, mailbox, 25, service_name="Cedar Surgery, Main Street")
    for body in (letter.text, letter.html):
        assert sorted(linked(body)) == new
        assert body.count("NHS.UK review for Cedar Surgery, Main Street") == 25
        assert body.count("5 minutes ago") == 25
        assert body.count("4 out of 5") == 25
        assert "http://localhost/inbox" in body
        assert " more." not in body
    assert "Main Street" not in letter.subject


def test_of_very_many_the_newest_thirty_are_listed_and_the_rest_is_counted(world: World, mailbox: Mailbox) -> None:
    organisation = world.organisation()
    world.member(organisation, email="priya@cedar.nhs.uk")
    newest = {f"t{age}" for age in range(30)}
    items = [world.item(thread_id=f"t{age}", posted_at=moments_ago(minutes=age)) for age in range(44)]
    world.arrives(world.channel(organisation), *items)
    send_all(organisation.id)
    (letter,) = mailbox.messages()
    assert letter.subject.startswith("44 new conversations on NHS.UK")
    for body in (letter.text, letter.html):
        told = [db.session.get_one(Conversation, (organisation.id, one)).remote_thread_id for one in linked(body)]
        assert len(told) == 30
        assert set(told) == newest
        assert told[0] == "t0"
        assert "And 14 more." in body


def test_a_mail_about_many_leaves_out_what_was_taken_down_and_says_what_was_closed(
    world: World, mailbox: Mailbox
) -> None:
    organisation = world.organisation()
    world.member(organisation)
    new = world.arrives(world.channel(organisation), *(world.item() for _ in range(21)))
    for change, one in (({"withdrawn": True}, new[0]), ({"status": "closed", "closed_reason": "spam"}, new[1])):
        db.session.execute(update(Conversation).where(Conversation.id == one).values(**change))
    db.session.commit()
    send_all(organisation.id)
    (letter,) = mailbox.messages()
    assert letter.subject.startswith("20 new conversations")
    assert sorted(linked(letter.text)) == new[1:]
    assert letter.text.count("closed meanwhile") == letter.html.count("closed meanwhile") == 1


def test_of_many_that_were_all_but_one_taken_down_one_is_told_as_one(world: World, mailbox: Mailbox) -> None:
    organisation = world.organisation(name="Cedar Surgery")
    world.member(organisation)
    new = world.arrives(world.channel(organisation), *(world.item() for _ in range(21)))
    db.session.execute(update(Conversation).where(Conversation.id.in_(new[1:])).values(withdrawn=True))
    db.session.commit()
    send_all(organisation.id)
    (letter,) = mailbox.messages()
    assert letter.subject == "New NHS.UK review for Cedar Surgery"
    assert linked(letter.text) == new[:1]


@pytest.mark.parametrize("text", ["Cedar\r\nBcc: victim@example.org", "<script>alert(1)</script>", "\u202eabc"])
def test_hostile_names_stay_text_in_a_mail_about_many(world: World, mailbox: Mailbox, text: str) -> None:
    letter, _ = many(world, mailbox, 21, service_name=text)
    assert letter.to == ["priya@cedar.nhs.uk"]
    assert "Bcc" not in letter.headers
    assert "<script" not in letter.html
    assert not set(letter.text + letter.html) & set("\u202e\r")


def test_a_mail_of_simulated_channels_says_so(world: World, mailbox: Mailbox) -> None:
    letter = alert(world, mailbox)
    assert "Simulated" not in letter.text
    mailbox.clear()
    settings = current_app.extensions["settings"]
    current_app.extensions["settings"] = dataclasses.replace(settings, sandbox_url="http://127.0.0.1:9")
    letter = alert(world, mailbox)
    assert "Simulated channels" in letter.text
    assert "Simulated channels" in letter.html


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (datetime(2026, 7, 1, 11, 59, 40, tzinfo=UTC), "today at 12:59, just now"),
        (datetime(2026, 7, 1, 11, 59, tzinfo=UTC), "today at 12:59, 1 minute ago"),
        (datetime(2026, 7, 1, 9, 58, tzinfo=UTC), "today at 10:58, 2 hours ago"),
        (datetime(2026, 6, 30, 22, 30, tzinfo=UTC), "yesterday at 23:30"),
        (datetime(2026, 6, 30, 23, 0, tzinfo=UTC), "today"),
        (datetime(2026, 6, 20, 9, 0, tzinfo=UTC), "on 20 June 2026"),
        (datetime(2026, 7, 3, 9, 0, tzinfo=UTC), "on 3 July 2026"),
    ],
)
def test_times_are_told_in_london_and_by_distance(then: datetime, words: str) -> None:
    assert when(then, datetime(2026, 7, 1, 12, 0, tzinfo=UTC)) == words


def test_a_clock_of_the_source_that_runs_ahead_is_just_now() -> None:
    at = now().replace(hour=12)
    assert when(at + timedelta(seconds=20), at).endswith("just now")
