"""The link of an alert opens the conversation for its member, on any device, and shows a stranger nothing."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.mail import links
from healthberry.models.activities import Activity
from healthberry.models.organisations import EmailCode, Member, Organisation
from healthberry.models.owned import now
from tests.mail.outgoing import send_all, work
from tests.world import World

ADDRESS = "priya@cedar.nhs.uk"
TITLE = "Left on a trolley"


class Alerted:
    """A member, the conversation they were told about, and the path that the mail's button leads to."""

    def __init__(self, world: World, mailbox: Mailbox) -> None:
        self.organisation: Organisation = world.organisation(name="Cedar Surgery")
        self.member: Member = world.member(self.organisation, email=ADDRESS, name="Priya Kaur")
        (self.conversation_id,) = world.arrives(world.channel(self.organisation), world.item(title=TITLE))
        send_all(self.organisation.id)
        letter = mailbox.wait_for(lambda letter: letter.to == [ADDRESS])
        found = re.search(r"http://localhost(/r/\S+)", letter.text)
        assert found
        self.path = found[1]
        self.composer = f"/conversations/{self.conversation_id}#reply"
        mailbox.clear()

    def link(self, **changes: UUID) -> links.ReplyLink:
        """Return what the link names, with changes."""
        values = {
            "organisation_id": self.organisation.id,
            "member_id": self.member.id,
            "conversation_id": self.conversation_id,
        }
        return links.ReplyLink(**{**values, **changes})


@pytest.fixture
def alerted(world: World, mailbox: Mailbox) -> Alerted:
    return Alerted(world, mailbox)


def code_from_mail(app: Flask, mailbox: Mailbox) -> str:
    """Let a worker send what was posted, and read the newest code that arrived at the address."""
    work(app)
    letter = mailbox.wait_for(lambda letter: letter.to == [ADDRESS])
    found = re.search(r"\b(\d{3}) ?(\d{3})\b", letter.text)
    assert found
    return found[1] + found[2]


def shows_nothing(answer: TestResponse, alerted: Alerted) -> bool:
    """Say whether the page is free of everything that the link's member alone may know."""
    secrets = (ADDRESS, "priya", "Priya", "cedar", "Cedar", TITLE, str(alerted.conversation_id), "@")
    shown = answer.text.replace(alerted.path, "")
    return not any(secret in shown for secret in secrets)


def test_signed_in_as_its_member_the_link_leads_straight_to_the_composer(
    world: World, client: FlaskClient, alerted: Alerted
) -> None:
    world.signed_in(client, alerted.member)
    answer = client.get(alerted.path)
    assert answer.status_code == 302
    assert answer.location == alerted.composer


def test_on_another_device_a_code_to_the_same_address_leads_there(
    app: Flask, client: FlaskClient, mailbox: Mailbox, alerted: Alerted
) -> None:
    assert "Send the code" in client.get(alerted.path).text
    page = client.post(alerted.path, follow_redirects=True)
    assert page.request.path == "/code"
    assert shows_nothing(page, alerted)
    answer = client.post("/code", data={"code": code_from_mail(app, mailbox)})
    assert answer.status_code == 303
    assert answer.location == alerted.composer
    assert client.get(alerted.path).location == alerted.composer  # signed in now


def other_browser(app: Flask) -> FlaskClient:
    """A browser that has seen none of this."""
    g.pop("_login_user", None)
    return app.test_client()


def link_from_mail(app: Flask, mailbox: Mailbox) -> str:
    """Let a worker send what was posted, and read the path of the link that stands in for the code."""
    work(app)
    letter = mailbox.wait_for(lambda letter: letter.to == [ADDRESS])
    found = re.search(r"http://localhost(/code/\S+)", letter.text)
    assert found
    return found[1]


def test_the_link_in_the_codes_mail_leads_to_the_composer_in_any_browser(
    app: Flask, client: FlaskClient, mailbox: Mailbox, alerted: Alerted
) -> None:
    client.post(alerted.path)
    by_link = link_from_mail(app, mailbox)
    phone = other_browser(app)
    assert "Continue" in phone.get(by_link).text
    answer = phone.post(by_link)
    assert (answer.status_code, answer.location) == (303, alerted.composer)
    assert TITLE in phone.get(alerted.composer.partition("#")[0]).text


def test_a_code_that_was_sent_again_leads_to_the_composer_too(
    app: Flask, client: FlaskClient, mailbox: Mailbox, alerted: Alerted
) -> None:
    client.post(alerted.path)
    link_from_mail(app, mailbox)
    mailbox.clear()
    client.post("/code/again")
    assert other_browser(app).post(link_from_mail(app, mailbox)).location == alerted.composer


def test_nothing_in_the_browser_can_lead_the_code_of_a_link_elsewhere(
    app: Flask, client: FlaskClient, mailbox: Mailbox, alerted: Alerted
) -> None:
    client.post(f"{alerted.path}?next=//evil.example", data={"next": "/settings", "wanted": "/settings"})
    with client.session_transaction() as session:
        session["next"] = "//evil.example"
    by_link = link_from_mail(app, mailbox)
    answer = client.post(f"{by_link}?next=https://evil.example", data={"next": "//evil.example"})
    assert answer.location == alerted.composer


def test_a_code_never_leads_to_a_conversation_of_another_organisation(
    app: Flask, world: World, client: FlaskClient, mailbox: Mailbox, alerted: Alerted
) -> None:
    (theirs,) = world.arrives(world.channel(world.organisation()), world.item())
    scope.enter(alerted.organisation.id)
    client.post(links.reply_link(alerted.link(conversation_id=theirs)).removeprefix("http://localhost"))
    assert other_browser(app).post(link_from_mail(app, mailbox)).location == "/inbox"


def test_a_forwarded_link_shows_a_stranger_nothing_and_sends_them_nothing(
    app: Flask, client: FlaskClient, mailbox: Mailbox, alerted: Alerted
) -> None:
    page = client.get(alerted.path)
    assert page.status_code == 200
    assert shows_nothing(page, alerted)
    client.post(alerted.path)
    code_from_mail(app, mailbox)
    assert [letter.to for letter in mailbox.messages()] == [[ADDRESS]]
    assert client.get(f"/conversations/{alerted.conversation_id}").status_code == 303  # to the sign-in page


def test_somebody_else_who_is_signed_in_is_treated_as_a_stranger(
    world: World, client: FlaskClient, alerted: Alerted
) -> None:
    world.signed_in(client, world.member(world.organisation(name="Other"), email="zoe@other.example"))
    page = client.get(alerted.path)
    assert page.status_code == 200
    assert "Send the code" in page.text
    assert TITLE not in page.text
    assert ADDRESS not in page.text


def test_opening_the_link_changes_nothing(client: FlaskClient, mailbox: Mailbox, alerted: Alerted) -> None:
    def everything() -> list[int]:
        db.session.rollback()
        return [db.session.scalar(select(func.count()).select_from(table)) or 0 for table in (Activity, EmailCode)]

    before = everything()
    for _ in range(3):
        client.get(alerted.path)
        client.head(alerted.path)
    assert everything() == before
    assert mailbox.messages() == []


def test_a_wrong_code_is_refused_with_its_sentence_and_counts(
    app: Flask, client: FlaskClient, mailbox: Mailbox, alerted: Alerted
) -> None:
    client.post(alerted.path)
    right = code_from_mail(app, mailbox)
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        answer = client.post("/code", data={"code": wrong})
        assert answer.status_code == 422
        assert "not the code" in answer.text or "fifth wrong code" in answer.text
    answer = client.post("/code", data={"code": right})
    assert answer.status_code == 422
    assert client.get(alerted.path).status_code == 200


def test_what_is_not_a_code_is_refused_in_words(client: FlaskClient, alerted: Alerted) -> None:
    client.post(alerted.path)
    for code in ("", "abc", "1" * 1_000_000, "١٢٣٤٥٦", "12\x0034 56", "💜" * 6):
        answer = client.post("/code", data={"code": code})
        assert answer.status_code == 422
        assert "code" in answer.text


def test_a_code_cannot_be_used_without_having_been_asked_for_on_this_device(
    app: Flask, client: FlaskClient, mailbox: Mailbox, alerted: Alerted
) -> None:
    client.post(alerted.path)
    code = code_from_mail(app, mailbox)
    other_device = app.test_client()
    assert other_device.post("/code", data={"code": code}).status_code == 422


def test_a_code_for_one_members_link_signs_in_that_member_and_no_other(
    app: Flask, world: World, client: FlaskClient, mailbox: Mailbox, alerted: Alerted
) -> None:
    victim = world.member(alerted.organisation, email="victim@cedar.nhs.uk")
    other = links.reply_link(alerted.link(member_id=victim.id)).removeprefix("http://localhost")
    client.post(alerted.path)
    client.post("/code", data={"code": code_from_mail(app, mailbox)})
    assert client.get(other).status_code == 200
    assert client.get(alerted.path).status_code == 302


def test_a_link_older_than_fourteen_days_says_so(client: FlaskClient, alerted: Alerted) -> None:
    url = links.reply_link(alerted.link(), clock=now() - timedelta(days=14))
    for ask in (client.get, client.post):
        answer = ask(url.removeprefix("http://localhost"))
        assert answer.status_code == 410
        assert "older than 14 days" in answer.text


def test_a_changed_link_says_that_it_is_not_complete(client: FlaskClient, alerted: Alerted) -> None:
    for ask in (client.get, client.post):
        answer = ask(f"{alerted.path[:-3]}")
        assert answer.status_code == 400
        assert "not complete" in answer.text


def test_a_link_of_somebody_who_left_leads_to_the_sign_in_page_and_sends_nothing(
    app: Flask, world: World, client: FlaskClient, mailbox: Mailbox, alerted: Alerted
) -> None:
    alerted.member.left_at = now()
    db.session.commit()
    world.signed_in(client, alerted.member)
    assert shows_nothing(client.get(alerted.path), alerted)
    answer = client.post(alerted.path)
    assert (answer.status_code, answer.location) == (303, "/signin")
    work(app)
    assert mailbox.messages() == []


def test_a_conversation_that_is_gone_is_not_found(world: World, client: FlaskClient, alerted: Alerted) -> None:
    gone = links.reply_link(alerted.link(conversation_id=uuid4())).removeprefix("http://localhost")
    world.signed_in(client, alerted.member)
    assert client.get(gone, follow_redirects=True).status_code == 404


def test_the_code_is_not_sent_again_and_again(app: Flask, client: FlaskClient, alerted: Alerted) -> None:
    answers = [client.post(alerted.path).status_code for _ in range(6)]
    assert answers == [303] * 5 + [429]
