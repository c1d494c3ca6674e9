"""A call centre hands over a problem, and its reporter is answered by e-mail."""

import base64
import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.conversations import Conversation
from healthberry.models.replies import Reply
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
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    register: None,
) -> None:
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    shown = client.post("/channels/add/careconnect", data={"codes": TRUST, "reply_to": f"pals@{DOMAIN}"}).text
    user, password = re.findall(r'<code class="secret"[^>]*>([^<]+)</code>', shown)[1:3]
    basic = {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}
    told = app.test_client().post("/api/v0.1/problem", data=PROBLEM, headers=basic)
    assert told.status_code == 201
    reference = told.get_json()["reference_number"]
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
