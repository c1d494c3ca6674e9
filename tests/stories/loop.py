"""The steps of the main loop, as a browser without JavaScript takes them."""

import re
from collections.abc import Callable

import httpx
from flask.testing import FlaskClient

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.organisations import Member
from tests.sandbox_server import Sandbox

TRUST, DOMAIN = "RYJ", "imperial.nhs.uk"
ANSWER = "Thank you for telling us."


def sign_up(client: FlaskClient, mailbox: Mailbox, work: Callable[[], None], *, ods_code: str, email: str) -> None:
    """Choose the organisation, give name and address, type the code from the mail."""
    answer = client.post("/signup/you", data={"ods": ods_code, "name": "Pat Reader", "email": email})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    work()
    mail = mailbox.wait_for(lambda message: email in message.to, 20)
    code = re.search(r"\b(\d{3}) (\d{3})\b", mail.text)
    assert code is not None, mail.text
    entered = client.post("/code", data={"code": code.group(0)})
    assert entered.status_code == 303, entered.get_data(as_text=True)


def member(email: str = f"pat@{DOMAIN}") -> Member:
    """Return the member with this address, inside their organisation."""
    asked = db.text("SELECT organisation_id, member_id FROM memberships_of(:email)")
    organisation_id, member_id = db.session.execute(asked, {"email": email}).one()
    scope.enter(organisation_id)
    return db.session.get_one(Member, (organisation_id, member_id))


def handle(sandbox: Sandbox) -> str:
    """Read the trust's handle off its website, as HealthBerry does."""
    page = httpx.get(f"{sandbox.url}/websites/www.{DOMAIN}/").text
    found = re.search(r"https://x\.com/(?!hashtag|share|intent|home|search)(\w+)", page)
    assert found is not None
    return found.group(1)


def open_link(client: FlaskClient, mailbox: Mailbox) -> tuple[str, str]:
    """Follow the link in the alert; return the conversation's id and its page."""
    alert = mailbox.wait_for(lambda message: "/r/" in message.text, 20)
    link = re.search(r"http://localhost(/r/\S+)", alert.text)
    assert link is not None
    opened = client.get(link.group(1), follow_redirects=True)
    conversation = re.search(r"/conversations/([0-9a-f-]{36})", opened.request.path)
    assert conversation is not None, opened.request.path
    return conversation.group(1), opened.get_data(as_text=True)


def publish(client: FlaskClient, conversation_id: str, page: str, text: str = ANSWER) -> str:
    """Write an answer into the composer of `page` and publish it; return the page that follows."""
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    form = {"text": text, "version": version.group(1)}
    answer = client.post(f"/conversations/{conversation_id}/reply", data=form, follow_redirects=True)
    return answer.get_data(as_text=True)


def answer_by_link(
    client: FlaskClient, mailbox: Mailbox, sandbox: Sandbox, tick: Callable[[], None], story: str
) -> str:
    """Be told of the story, open it, answer it by hand on Care Opinion; return the conversation's id once confirmed."""
    tick()
    conversation_id, page = open_link(client, mailbox)
    written = publish(client, conversation_id, page)
    copied = re.search(r"/replies/([0-9a-f-]{36})/copied", written)
    assert copied is not None
    client.post(f"/replies/{copied.group(1)}/copied")
    form = {"text": ANSWER, "author": "Pat Reader", "change": "0"}
    httpx.post(f"{sandbox.url}/careopinion/{story}/responses", data=form)
    tick()
    return conversation_id
