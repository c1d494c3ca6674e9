"""What anybody may ask about their data, and what administrators do about it: pages, mails, days, and the file."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from healthberry.connectors.base import Author as Writer
from healthberry.core import data_requests, organisations, scope
from healthberry.core.data_requests import month_after
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.organisations import Organisation
from healthberry.models.owned import now
from healthberry.models.replies import OutboxMail
from healthberry.models.rights import DataRequest
from tests.mail.outgoing import outbox_of, send_all
from tests.world import World

WREN = Writer("w1", "@wren")
LINK = "https://bsky.app/profile/wren/post/3k"


def asks(client: FlaskClient, organisation_id: object, **fields: str) -> TestResponse:
    given = {"kind": "erase", "about": LINK, "words": "", "contact": "wren@people.example", "key": str(uuid4())}
    return client.post(f"/rights/{organisation_id}", data={**given, **fields})


def _story(world: World, organisation: Organisation, text: str = "My secret story", **fields: Any) -> Any:
    (one,) = world.arrives(
        world.channel(organisation, "bluesky"), world.item(text, **{"author": WREN, "url": LINK, **fields})
    )
    return one


def only(organisation: Any) -> DataRequest:
    scope.enter(organisation)
    return db.session.scalars(select(DataRequest).execution_options(populate_existing=True)).one()


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2027, 1, 31), date(2027, 2, 28)),
        (date(2028, 1, 30), date(2028, 2, 29)),
        (date(2026, 12, 31), date(2027, 1, 31)),
        (date(2027, 3, 31), date(2027, 4, 30)),
        (date(2027, 5, 3), date(2027, 6, 3)),
    ],
)
def test_a_month_ends_on_the_same_day_or_on_the_last_one(day: date, due: date) -> None:
    assert month_after(day) == due


def test_anybody_asks_with_no_account_and_both_sides_get_an_e_mail(
    client: FlaskClient, world: World, mailbox: Mailbox
) -> None:
    organisation = world.organisation(name="Cedar Surgery")
    world.member(organisation, email="priya@cedar.nhs.uk")
    organisations.keep(organisation.id, dpo_name="Ada Day", dpo_email="dpo@cedar.nhs.uk")
    db.session.commit()
    org, key = organisation.id, str(uuid4())
    scope.leave()

    world.organisation(name="Cedar Pretenders", ods_code=None, listed=False)
    scope.leave()
    found = client.get("/rights?q=cedar").text
    assert "Cedar Surgery" in found
    assert "Pretenders" not in found
    page = client.get(f"/rights/{org}?item={LINK}&kind=erase").text
    assert LINK in page
    assert "dpo@cedar.nhs.uk" in page
    for _ in range(2):
        answer = asks(client, org, kind="complain", words="They shared it.", key=key)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/rights/{org}/received")
    told = client.get(f"/rights/{org}/received").text

    made = only(org)
    assert re.fullmatch(r"R-[2-9B-Z]{4}-[2-9B-Z]{4}", made.reference)
    reference, request_id = made.reference, made.id
    assert reference in told
    today = data_requests.today()
    assert (made.due_on, made.acknowledge_by) == (month_after(today), today + timedelta(days=30))
    assert f"{made.due_on.day} {made.due_on:%B %Y}" in told
    assert client.application.test_client().get(f"/rights/{org}/received").status_code == 303
    scope.enter(org)
    send_all(org)
    mails = {one.to[0]: one for one in mailbox.messages()}
    assert set(mails) == {"wren@people.example", "priya@cedar.nhs.uk", "dpo@cedar.nhs.uk"}
    for mail in mails.values():
        assert reference in mail.text
        assert "They shared it." not in mail.text
        assert LINK not in mail.text
    assert "Information Commissioner" in mails["wren@people.example"].text
    assert f"/settings/requests/{request_id}" in mails["dpo@cedar.nhs.uk"].text


def test_whoever_was_signed_out_meanwhile_reads_the_form_like_anybody(client: FlaskClient, world: World) -> None:
    asked = world.organisation()
    scope.enter(asked.id)
    organisations.keep(asked.id, dpo_email="dpo@cedar.nhs.uk")
    db.session.commit()
    scope.leave()
    with client.session_transaction() as session:
        session["_user_id"] = f"{asked.id}:{uuid4()}"  # a session that has ended

    answer = client.get(f"/rights/{asked.id}")

    assert answer.status_code == 200
    assert "dpo@cedar.nhs.uk" in answer.text


def test_what_is_answered_tells_nothing_of_what_is_held(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    _story(world, organisation)
    org = organisation.id
    scope.leave()

    answers = [asks(client, org, about=about) for about in (LINK, "https://nowhere.example/1", "@wren", "@nobody")]
    pages = [client.get(f"/rights/{org}?item={about}").text for about in (LINK, LINK.replace("wren", "crow"))]

    assert {(one.status_code, one.headers["Location"], one.text) for one in answers} == {
        (303, f"/rights/{org}/received", answers[0].text)
    }
    plain = [re.sub(r'value="[^"]*"|nonce="[^"]*"|content="[^"]*"|[0-9a-f-]{36}', "", page) for page in pages]
    assert plain[0] == plain[1].replace("crow", "wren")
    assert client.get(f"/rights/{uuid4()}").status_code == 404
    assert asks(client, uuid4()).status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "x"}, "Choose what you ask for."),
        ({"about": " "}, "Paste a link"),
        ({"kind": "complain", "about": ""}, "Say what happened."),
        ({"contact": "wren"}, "Enter an e-mail address"),
        ({"words": "x" * 3000}, "Write up to 2,000 characters."),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(
    client: FlaskClient, world: World, fields: dict[str, str], words: str
) -> None:
    org = world.organisation().id
    scope.leave()

    answer = asks(client, org, **fields)

    assert answer.status_code == 422
    assert words in answer.text
    assert "There is a problem" in answer.text
    assert (fields.get("contact") or "wren@people.example") in answer.text


def test_nobody_floods_a_mailbox_in_our_name_and_one_network_not_the_list(client: FlaskClient, world: World) -> None:
    organisation = world.organisation()
    world.member(organisation)
    org = organisation.id
    scope.leave()

    statuses = [asks(client, org).status_code for _ in range(31)]

    assert statuses == [303] * 30 + [429]
    scope.enter(org)
    kinds = [mail.kind for mail in outbox_of(org)]
    assert [kinds.count(f"request_{one}") for one in ("received", "arrived", "due")] == [3, 10, 10]


def test_whoever_answers_is_reminded_unless_it_was_closed_in_time(
    client: FlaskClient, world: World, mailbox: Mailbox
) -> None:
    organisation = world.organisation()
    member = world.member(organisation)
    org = organisation.id
    made = [data_requests.write_down(member, data_requests.Asked("copy", "@wren"), None) for _ in range(2)]
    data_requests.close(member, made[0].id, "answered", "Here it is.", tell=False)
    references = [one.reference for one in made]
    db.session.commit()
    send_all(org)
    assert mailbox.messages() == []

    scope.enter(org)
    db.session.execute(update(OutboxMail).values(next_attempt_at=now()))
    db.session.commit()
    send_all(org)

    (reminder,) = mailbox.messages()
    assert references[1] in reminder.text
    assert reminder.headers["Subject"].startswith("A request about data is due on")


def test_without_administrators_the_operator_is_told(
    app: Flask, client: FlaskClient, world: World, mailbox: Mailbox
) -> None:

    app.extensions["settings"] = replace(app.extensions["settings"], operator_email="ops@host.example")
    org = world.organisation().id
    scope.leave()

    asks(client, org)
    send_all(org)

    assert {one.to[0] for one in mailbox.messages()} == {"wren@people.example", "ops@host.example"}
