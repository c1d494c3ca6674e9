"""Two further months for a request: once, for a reason, told within the first month, and shown wherever the day is."""

import re
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from healthberry.core import data_requests, keeping_steps, scope
from healthberry.core.data_requests import months_after
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.audit import AuditEntry
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.replies import OutboxMail
from healthberry.models.rights import DataRequest
from tests.mail.outgoing import outbox_of, send_all
from tests.session.test_rights import asks, only
from tests.world import World

WHY = "You wrote in eleven places.\nWe look at each."


@pytest.fixture
def admin(client: FlaskClient, world: World) -> Member:
    """Whoever answers."""
    member = world.member(world.organisation(name="Cedar Surgery"))
    world.signed_in(client, member)
    return member


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def test_three_months_end_on_the_same_day_or_on_the_last_one() -> None:
    assert months_after(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert months_after(date(2026, 10, 5), 3) == date(2027, 1, 5)
    assert months_after(date(2027, 1, 31), 3) == date(2027, 4, 30)


def test_whoever_asked_is_told_why_and_the_later_day_stands_everywhere(
    client: FlaskClient, admin: Member, mailbox: Mailbox
) -> None:
    org = admin.organisation_id
    asks(client, org, kind="copy", about="@wren")
    made = only(org)
    where, reference = f"/settings/requests/{made.id}", made.reference
    later = months_after(data_requests.today(), 3)
    form = {"extension": WHY}
    page = client.get(where).text
    assert f"You would then answer by {_written(later)}" in page
    assert re.findall(r'<(\w+)[^>]*id="extension"', page) == ["textarea"], "its label leads to it"

    assert client.post(f"{where}/extend", data={"extension": " "}).status_code == 422
    assert [client.post(f"{where}/extend", data=form).status_code for _ in range(2)] == [303, 303]

    assert only(org).due_on == later
    page = client.get(where).text
    assert f"{_written(later)}, extended by two months" in page
    assert "eleven places" in page
    assert "Extend it by two months" not in page
    assert f"answer by {_written(later)}, extended" in client.get("/settings/requests").text
    send_all(org)
    (told,) = [one for one in mailbox.messages() if "needs more time" in one.subject]
    assert told.to == ["wren@people.example"]
    for words in (_written(later), "You wrote in eleven places.", "Information Commissioner", reference):
        assert words in told.text
    scope.enter(org)
    (entry,) = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "data_request_extended"))
    assert "eleven" not in str(entry.details)


def test_whoever_answers_is_reminded_of_the_later_day_alone(client: FlaskClient, admin: Member) -> None:
    org = admin.organisation_id
    asks(client, org)
    client.post(f"/settings/requests/{only(org).id}/extend", data={"extension": WHY})

    made = only(org)
    reminders = [one for one in outbox_of(org) if one.kind == "request_due"]
    assert [one.state for one in reminders] == ["skipped", "queued"]
    assert reminders[1].next_attempt_at.date() == made.due_on - timedelta(days=5)

    db.session.execute(update(OutboxMail).where(OutboxMail.id == reminders[1].id).values(next_attempt_at=now()))
    db.session.commit()
    send_all(org)
    assert [one.state for one in outbox_of(org) if one.kind == "request_due"] == ["skipped", "sent"]


def test_without_an_address_it_counts_only_once_they_were_told(client: FlaskClient, admin: Member) -> None:
    org = admin.organisation_id
    client.post("/settings/requests", data={"kind": "object", "about": "@wren", "contact": "", "received": ""})
    where = f"/settings/requests/{only(org).id}"

    refused = client.post(f"{where}/extend", data={"extension": WHY})
    assert (refused.status_code, "Write to them first" in refused.text) == (422, True)
    assert client.post(f"{where}/extend", data={"extension": WHY, "told": "on"}).status_code == 303
    assert [one.kind for one in outbox_of(org)].count("request_extended") == 0


def test_neither_a_complaint_nor_what_is_late_is_extended(client: FlaskClient, admin: Member) -> None:
    org = admin.organisation_id
    asks(client, org, kind="complain", words="They shared it.")
    where = f"/settings/requests/{only(org).id}"
    assert "Extend it by two months" not in client.get(where).text
    assert client.post(f"{where}/extend", data={"extension": WHY}).status_code == 409

    long_ago = now() - timedelta(days=40)
    db.session.execute(update(DataRequest).values(kind="copy", received_at=long_ago))
    db.session.commit()
    late = client.post(f"{where}/extend", data={"extension": WHY})
    assert (late.status_code, "The first month is over" in late.text) == (409, True)


def test_the_reason_goes_with_the_rest_of_what_was_written(client: FlaskClient, admin: Member) -> None:
    org = admin.organisation_id
    asks(client, org)
    client.post(f"/settings/requests/{only(org).id}/extend", data={"extension": WHY})
    db.session.execute(update(DataRequest).values(closed_at=now() - timedelta(days=731), outcome="refused"))

    assert keeping_steps.requests(org) == 1
    db.session.commit()
    assert only(org).extended_because == ""
