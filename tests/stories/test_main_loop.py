"""The whole loop: sign up, see what patients said, be told of something new, answer it, see the answer on the channel."""

import re
from collections.abc import Callable
from typing import Any

import httpx
from flask import Flask
from flask.testing import FlaskClient

from healthberry.core import inbox, scope
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.organisations import Member
from tests.sandbox_server import Sandbox
from tests.stories.signing_up import sign_up

TRUST, DOMAIN = "RYJ", "imperial.nhs.uk"


def _texts(app: Flask, **view: Any) -> list[str]:
    with app.app_context():
        member = _member()
        return [row.first_words for row in inbox.list_conversations(member, View(**view), limit=100).rows]


def _handle(sandbox: Sandbox) -> str:
    """Read the handle off the organisation's website, as HealthBerry does."""
    found = re.search(r"https://x\.com/(?!hashtag|share|intent|home|search)(\w+)", httpx.get(f"{sandbox.url}/websites/www.{DOMAIN}/").text)
    assert found is not None
    return found.group(1)


def _member() -> Member:
    organisation_id = db.session.scalar(db.text("SELECT organisation_id FROM memberships_of('pat@imperial.nhs.uk')"))
    scope.enter(organisation_id)
    return db.session.scalars(db.select(Member)).one()


def test_a_trust_signs_up_and_finds_what_patients_said_on_three_channels(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    handle = _handle(sandbox)
    sandbox.post("nhsuk", "A kind nurse in the night", ods_code=TRUST, rating=5, posted_at="2026-03-01T10:00:00Z")
    sandbox.post("careopinion", "Nobody told us why Mum was moved", ods_code=TRUST, posted_at="2026-04-01T10:00:00Z")
    sandbox.post("x", "Five hours and no update", handle=handle, posted_at="2026-05-01T10:00:00Z")

    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()

    assert sorted(_texts(app)) == [
        f"@{handle} Five hours and no update",
        "A kind nurse in the night",
        "Nobody told us why Mum was moved",
    ]
    assert [message for message in mailbox.messages() if "New" in message.subject] == []


def test_a_new_story_is_mailed_answered_through_its_link_and_confirmed_on_the_site(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    register: None,
) -> None:
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    mailbox.clear()
    story = sandbox.post("careopinion", "The ward was spotless", title="Clean ward", ods_code=TRUST)

    tick()
    alert = mailbox.wait_for(lambda message: "Care Opinion" in message.subject, 20)
    link = re.search(r"http://localhost(/r/\S+)", alert.text)
    assert link is not None
    assert "spotless" not in alert.text + alert.subject + (alert.html or "")
    opened = client.get(link.group(1), follow_redirects=True)
    conversation = re.search(r"/conversations/([0-9a-f-]{36})", opened.request.path)
    assert conversation is not None
    page = opened.get_data(as_text=True)
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    written = client.post(
        f"/conversations/{conversation.group(1)}/reply",
        data={"text": "Thank you for telling us.", "version": version.group(1)},
        follow_redirects=True,
    ).get_data(as_text=True)
    copied = re.search(r"/replies/([0-9a-f-]{36})/copied", written)
    assert copied is not None
    client.post(f"/replies/{copied.group(1)}/copied")
    answer = {"text": "Thank you for telling us.", "author": "Pat Reader", "change": "0"}
    httpx.post(f"{sandbox.url}/careopinion/{story}/responses", data=answer)
    tick()

    assert "Thank you for telling us." in client.get(f"/conversations/{conversation.group(1)}").get_data(as_text=True)
    assert _texts(app, status="closed") == ["The ward was spotless"]
