"""The feedback mailbox of a trust, from its linking to the answer in the patient's own mailbox."""

import re
from collections.abc import Callable
from uuid import UUID

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.replies import Reply
from tests.sandbox_server import Sandbox
from tests.stories.loop import ANSWER, DOMAIN, TRUST, member, publish, sign_up

ADDRESS = f"feedback@{DOMAIN}"


@pytest.fixture
def linked(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> FlaskClient:
    """A trust that has linked its mailbox, which held one e-mail already."""
    sandbox.post("email", "I was here long ago.", handle=ADDRESS, posted_at="2025-01-02T10:00:00Z")
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    form = {"address": ADDRESS, "sign_in": "password", "password": "simulated", "after": "leave"}
    wrong = client.post("/channels/add/email", data={**form, "password": "wrong"})
    assert wrong.status_code == 422
    assert "refused the user name and password" in wrong.text
    assert client.post("/channels/add/email", data=form).status_code == 303
    work()
    return client


def conversation_about(app: Flask, text: str) -> Conversation:
    with app.app_context():
        member()
        asked = db.select(Conversation).where(Conversation.first_words.contains(text))
        found: Conversation = db.session.scalars(asked).one()
        return found


def messages_of(app: Flask, conversation_id: UUID) -> list[tuple[str, str]]:
    with app.app_context():
        member()
        # A mail says only to the second when it was written: here the patient writes back within one.
        asked = db.select(Message).where(Message.conversation_id == conversation_id).order_by(Message.received_at)
        return [(message.direction, message.text) for message in db.session.scalars(asked)]


def reply_state(app: Flask) -> str:
    with app.app_context():
        member()
        state: str = db.session.scalars(db.select(Reply.state)).one()
        return state


def answer(client: FlaskClient, conversation: Conversation, text: str = ANSWER) -> None:
    page = client.get(f"/conversations/{conversation.id}").text
    publish(client, str(conversation.id), page, text)


def test_history_is_read_a_new_email_comes_and_the_answer_arrives_in_the_thread(
    linked: FlaskClient, app: Flask, sandbox: Sandbox, tick: Callable[[], None]
) -> None:
    assert conversation_about(app, "long ago").historic
    asked = sandbox.post("email", "The lift is broken.", title="Lift", handle=ADDRESS)
    tick()
    conversation = conversation_about(app, "lift is broken")
    assert (conversation.historic, conversation.title, conversation.status) == (False, "Lift", "open")
    answer(linked, conversation)
    tick()
    (sent,) = sandbox.seen("email", asked)["replies"]
    assert (sent["text"].strip(), sent["to"]) == (ANSWER, "marigold57@patients.example")
    assert conversation_about(app, "lift is broken").status == "closed"

    page = httpx.get(f"{sandbox.url}/email/messages/{asked.partition('#')[0]}").text
    assert ANSWER in page
    httpx.post(f"{sandbox.url}/email/messages/{asked.partition('#')[0]}", data={"text": "It still is."})
    tick()
    tick()
    assert conversation_about(app, "lift is broken").status == "open"
    assert messages_of(app, conversation.id) == [
        ("inbound", "The lift is broken."),
        ("outbound", ANSWER),
        ("inbound", "It still is."),
    ]


@pytest.mark.parametrize("fault", ["cut_connection", "server_error"])
def test_an_answer_that_met_trouble_goes_out_once(
    linked: FlaskClient, app: Flask, sandbox: Sandbox, tick: Callable[[], None], fault: str
) -> None:
    asked = sandbox.post("email", "The lift is broken.", handle=ADDRESS)
    tick()
    sandbox.fault("email", fault, operation="reply")
    answer(linked, conversation_about(app, "lift is broken"))
    tick()
    for _ in range(3):
        tick()
    assert reply_state(app) == "sent"
    assert len(sandbox.seen("email", asked)["replies"]) == 1


def test_an_absence_note_opens_nothing_and_a_bounce_says_that_the_answer_did_not_arrive(
    linked: FlaskClient, app: Flask, sandbox: Sandbox, tick: Callable[[], None]
) -> None:
    for name in ("away", "gone"):
        sandbox.post("email", f"I am {name}.", handle=ADDRESS, **{"from": f"{name}@patients.example"})
    tick()
    for name in ("away", "gone"):
        answer(linked, conversation_about(app, f"I am {name}"))
        tick()
    tick()
    away, gone = (conversation_about(app, f"I am {name}") for name in ("away", "gone"))
    assert away.status == "closed"
    assert gone.status == "open"
    # A mailbox tells arrivals by the second: the bounce may stand above the answer of the same one.
    assert any("did not arrive" in text for _, text in messages_of(app, gone.id))
    with app.app_context():
        member()
        channel = db.session.scalars(db.select(Channel).where(Channel.kind == "email")).one()
        assert channel.items_quarantined == 1
        kept = linked.get(f"/channels/{channel.id}/quarantined").text
    assert "Set aside: an automatic answer." in kept


def test_a_mailbox_of_microsoft_365_is_linked_by_signing_in_there(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    register: None,
) -> None:
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    leave = client.post("/channels/add/email", data={"address": ADDRESS, "sign_in": "microsoft"}).text
    found = re.search(rf'href="({sandbox.url}/email/microsoft/[^"]+)"', leave)
    assert found, leave
    page = httpx.get(found[1].replace("&amp;", "&")).text
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    back = httpx.post(
        f"{sandbox.url}/email/microsoft/common/oauth2/v2.0/authorize", data={**fields, "account": ADDRESS}
    ).headers["location"]
    assert client.get(back.partition("localhost")[2]).status_code == 303
    asked = sandbox.post("email", "The lift is broken.", handle=ADDRESS)
    work()
    tick()
    answer(client, conversation_about(app, "lift is broken"))
    tick()
    assert len(sandbox.seen("email", asked)["replies"]) == 1


def test_a_password_that_is_refused_once_is_kept_and_the_reply_can_be_sent_again(
    linked: FlaskClient, app: Flask, sandbox: Sandbox, tick: Callable[[], None], work: Callable[[], None]
) -> None:
    sandbox.post("email", "The lift is broken.", handle=ADDRESS)
    tick()
    conversation = conversation_about(app, "lift is broken")
    sandbox.fault("email", "expired_token", operation="reply")

    answer(linked, conversation)
    work()

    assert reply_state(app) == "failed"
    with app.app_context():
        member()
        reply = db.session.scalars(db.select(Reply)).one()
        channel = db.session.scalars(db.select(Channel).where(Channel.kind == "email")).one()
        assert app.extensions["vault"].open(channel.sealed_secrets) == {"password": "simulated"}
        assert channel.token_claimed_until is None
    assert linked.post(f"/replies/{reply.id}/retry").status_code == 303
    work()
    assert reply_state(app) == "sent"
