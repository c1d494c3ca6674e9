"""A call centre hands over a problem from its desk, and its reporter is answered by e-mail."""

import re
from collections.abc import Callable
from html import unescape

import httpx
from flask import Flask
from flask.testing import FlaskClient

from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.conversations import Conversation
from healthberry.models.replies import Reply
from tests.sandbox_server import Sandbox
from tests.stories.loop import ANSWER, DOMAIN, TRUST, member, publish, sign_up

PROBLEM = {
    "organisation": TRUST,
    "commissioned": "0",
    "category": "cleanliness",
    "priority": "20",
    "description": "The ward was dirty.",
    "reporter_name": "Kim Example",
    "reporter_email": "kim@patients.example",
    "source": "phone",
}


def test_a_problem_that_was_handed_over_is_answered_by_email_once(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    outside: str,
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    register: None,
) -> None:
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    shown = client.post("/channels/add/careconnect", data={"codes": TRUST, "reply_to": f"pals@{DOMAIN}"}).text
    address, user, password = map(unescape, re.findall(r'<code class="secret"[^>]*>([^<]+)</code>', shown)[:3])
    desk = f"{sandbox.url}/careconnect/{TRUST}"
    link = {"address": address.replace("http://localhost", outside), "user": user, "password": password}
    assert httpx.post(f"{desk}/link", data=link).status_code == 303

    refused = httpx.post(f"{desk}/problems", data=PROBLEM | {"category": "parking"})
    assert "The high priority can&#39;t be used with this category." in refused.text
    assert httpx.post(f"{desk}/problems", data=PROBLEM).status_code == 303
    taken, earlier = sandbox.control("GET", f"careconnect/{TRUST}")["handed"]
    assert (taken["status"], earlier["status"]) == (201, 400)
    reference = taken["reference"]
    assert reference in httpx.get(desk).text
    work()

    with app.app_context():
        member()
        conversation = db.session.scalars(db.select(Conversation)).one()
    assert conversation.title == "Cleanliness, high priority"
    page = client.get(f"/conversations/{conversation.id}").text
    assert "Send e-mail" in page
    publish(client, str(conversation.id), page)
    tick()
    tick()

    sent = [mail for mail in mailbox.messages() if "kim@patients.example" in mail.to]
    assert len(sent) == 1
    assert ANSWER in sent[0].text
    assert reference in sent[0].subject
    with app.app_context():
        member()
        assert db.session.scalars(db.select(Reply.state)).all() == ["sent"]
