"""A card in the box of the waiting room: read by staff, written down, answered by a call, and found again."""

import re
from collections.abc import Callable

import httpx
from flask import Flask
from flask.testing import FlaskClient

from healthberry.core import inbox, members
from healthberry.core.events import commit
from healthberry.core.inbox import View
from healthberry.local.mailbox import Mailbox
from tests.sandbox_server import Sandbox
from tests.stories.loop import DOMAIN, TRUST, member, publish, sign_up


def test_a_card_becomes_a_conversation_that_is_answered_by_a_call(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    card = "The kettle in the waiting room is broken."
    sandbox.post("paper", card, ods_code=TRUST)
    assert card[:30] in httpx.get(f"{sandbox.url}/organisations/{TRUST}").text
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    with app.app_context():
        members.trust(member(), "operator")
        commit()

    assert client.post("/channels/add/paper").status_code == 303
    form_page = client.get("/enter", follow_redirects=True)
    key = re.search(r'name="key" value="([^"]+)"', form_page.text)
    assert key is not None
    form = {"key": key[1], "said": card, "how": "card", "day": "", "ward": "Outpatients"}
    done = client.post(form_page.request.path, data=form, follow_redirects=True)
    assert "Written down. Another one?" in done.text
    conversation = re.search(r"/conversations/([0-9a-f-]{36})", done.text)
    assert conversation is not None
    work()

    page = client.get(f"/conversations/{conversation[1]}").text
    assert "Nothing is sent" in page
    publish(client, conversation[1], page, "Told Facilities; a new one came on Friday.")
    work()

    after = client.get(f"/conversations/{conversation[1]}").text
    assert "Told Facilities; a new one came on Friday." in after
    with app.app_context():
        found = [
            row for row in inbox.list_conversations(member(), View(status="all")).rows if row.channel_kind == "paper"
        ]
        assert [(row.first_words, row.status, row.replied) for row in found] == [(card, "closed", True)]
