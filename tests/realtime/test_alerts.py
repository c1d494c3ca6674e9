"""Open pages follow what becomes of an alert: in the details alone, and in no list."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from healthberry.core import conversations, events, outbox, scope
from healthberry.extensions import db, mail
from healthberry.mail.send import mail_config
from healthberry.models.activities import Activity
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.setting_values import mail_server
from tests.mail.outgoing import outbox_of, send_all
from tests.realtime.pages import Page
from tests.world import World

Open = Callable[..., Page]


@dataclass
class Office:
    """One organisation with a member who gets alerts."""

    world: World
    organisation: Organisation
    member: Member
    channel: Channel

    def arrived(self, count: int = 1) -> tuple[list[UUID], int]:
        """Let conversations arrive; return their ids and the newest number."""
        new = self.world.arrives(self.channel, *(self.world.item() for _ in range(count)))
        events.commit()
        return new, events.last_number(self.organisation.id)

    def send(self) -> int:
        """Run the job of every mail; return the newest number."""
        send_all(self.organisation.id)
        return events.last_number(self.organisation.id)


@pytest.fixture
def office(world: World) -> Office:
    organisation = world.organisation()
    return Office(world, organisation, world.member(organisation, name="Priya Kaur"), world.channel(organisation))


def beside(conversation_id: UUID) -> str:
    return f"view=conversation&conversation={conversation_id}"


def test_the_details_of_an_open_conversation_say_that_the_alert_went_out(office: Office, open_stream: Open) -> None:
    (one,), number = office.arrived()
    page = open_stream(office.member, beside(one), after=number)
    sent = office.send()
    message = page.next()
    assert message.number == sent == number + 1
    assert message.data.count("<hx-partial") == 1
    assert '<hx-partial hx-target="#details" hx-swap="outerMorph">' in message.data
    assert "Sent to 1" in message.data


def test_they_say_that_it_was_not_needed_any_more(office: Office, open_stream: Open) -> None:
    (one,), _ = office.arrived()
    conversations.close(office.member, one, "spam")
    events.commit()
    page = open_stream(office.member, beside(one), after=events.last_number(office.organisation.id))
    office.send()
    assert "Not sent to Priya Kaur. It was closed before the e-mail went out." in page.next().data


def test_they_say_that_it_is_delayed_and_later_that_it_was_given_up(
    app: Flask, office: Office, open_stream: Open
) -> None:
    app.config.update(mail_config(mail_server("smtp://127.0.0.1:1")))
    mail.init_app(app)
    (one,), number = office.arrived()
    page = open_stream(office.member, beside(one), after=number)
    said = []
    for attempts in (*range(6), outbox.MOST_ATTEMPTS - 1):
        for waiting in outbox_of(office.organisation.id):
            waiting.attempts, waiting.next_attempt_at = attempts, now()
        db.session.commit()
        said.append(page.until(office.send())[-1].data)
    reason = "Priya Kaur. The mail server can&#39;t be reached."
    assert all(f"Delayed for {reason} Next try: " in one for one in said[:-1])
    assert f"Not delivered to {reason}" in said[-1]


def test_they_say_that_sending_was_interrupted_too_often(office: Office, open_stream: Open) -> None:
    (one,), number = office.arrived()
    (waiting,) = outbox_of(office.organisation.id)
    waiting.interruptions, waiting.state = outbox.MOST_INTERRUPTIONS - 1, "sending"
    db.session.commit()
    page = open_stream(office.member, beside(one), after=number)
    office.send()
    assert "Not delivered to Priya Kaur. Sending was interrupted too often." in page.next().data


def test_a_mail_about_many_is_told_to_each_open_one_of_them(office: Office, open_stream: Open) -> None:
    new, number = office.arrived(21)
    pages = [open_stream(office.member, beside(one), after=number) for one in (new[0], new[20])]
    office.send()
    for page in pages:
        assert "Sent to 1, in one e-mail with others" in page.next().data


def test_no_list_hears_of_it(office: Office, open_stream: Open) -> None:
    (one,), number = office.arrived()
    around, opened = open_stream(office.member, after=number), open_stream(office.member, beside(one), after=number)
    office.send()
    _, last = office.arrived()
    assert [message.number for message in around.until(last)] == [last]
    told = "".join(message.data for message in opened.until(last)[:-1])
    assert f"conversation-{one}" not in told
    assert "#arrivals" not in told


def test_level_1_hears_nothing_of_it(office: Office, open_stream: Open) -> None:
    (one,), number = office.arrived()
    newcomer = office.world.member(office.organisation, level=1)
    page = open_stream(newcomer, beside(one), after=number)
    office.send()
    _, last = office.arrived()
    assert [message.number for message in page.until(last)] == [last]


def test_a_large_team_is_told_of_each_conversation_a_few_times_not_once_a_mail(
    office: Office, open_stream: Open
) -> None:
    for _ in range(29):
        office.world.member(office.organisation)
    (one,), number = office.arrived()
    page = open_stream(office.member, beside(one), after=number)
    last = office.send()
    assert "Sent to 30" in page.until(last)[-1].data
    scope.enter(office.organisation.id)
    told = db.session.scalars(select(Activity).where(Activity.kind == outbox.MOVED)).all()
    assert 1 <= len(told) < 10


def test_a_page_that_was_away_is_told_when_it_returns(office: Office, open_stream: Open) -> None:
    (one,), number = office.arrived()
    office.send()
    assert "Sent to 1" in open_stream(office.member, beside(one), last_event_id=str(number)).next().data
