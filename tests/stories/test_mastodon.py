"""Mastodon from the button to the answer: linked, read, answered once, edits and deletions followed."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
from flask import Flask
from flask.testing import FlaskClient

from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from tests.sandbox_server import Sandbox
from tests.stories.days import a_day_passes, what_shows
from tests.stories.loop import DOMAIN, TRUST, member, open_link, publish, sign_up

LONG_AGO = (now() - timedelta(days=60)).isoformat()
ACCOUNT = "imperial@social.example"


def link(client: FlaskClient, tags: str = "") -> str:
    """Fill in the form, agree on the server's page, come back; return the page that follows."""
    page = client.post("/channels/add/mastodon", data={"server": f"@{ACCOUNT}", "tags": tags}).get_data(as_text=True)
    found = re.search(r'href="(http[^"]+/oauth/authorize\?[^"]+)"', page)
    assert found is not None, page
    address = unescape(found[1])
    with httpx.Client() as browser:
        asked = dict(parse_qsl(urlsplit(address).query))
        assert browser.get(address).status_code == 200
        agreed = browser.post(address.partition("?")[0], data={**asked, "username": ACCOUNT.partition("@")[0]})
    back = urlsplit(agreed.headers["Location"])
    arrived = client.get(back.path, query_string=dict(parse_qsl(back.query)), follow_redirects=True)
    assert arrived.status_code == 200, arrived.get_data(as_text=True)
    return arrived.get_data(as_text=True)


def test_an_account_is_linked_read_answered_once_and_followed(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    database: Database,
    work: Callable[[], None],
    tick: Callable[[], None],
    register: None,
) -> None:
    edited = sandbox.post("mastodon", "Nobody answers the phone", handle=ACCOUNT, posted_at=LONG_AGO)
    gone = sandbox.post("mastodon", "My private diagnosis", handle=ACCOUNT, posted_at=LONG_AGO)
    sandbox.post("mastodon", "Kind nurses #ImperialCare", handle=ACCOUNT, mention=False)
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")

    assert f"@{ACCOUNT}" in link(client, tags="ImperialCare")
    work()
    tick()
    assert set(what_shows(app)) == {
        "@imperial Nobody answers the phone",
        "@imperial My private diagnosis",
        "Kind nurses #ImperialCare",
    }

    asked = sandbox.post("mastodon", "Waited two hours today", handle=ACCOUNT)
    tick()
    conversation, page = open_link(client, mailbox)
    assert "Waited two hours today" in page
    sandbox.fault("mastodon", "cut_connection", operation="reply")
    publish(client, conversation, page)
    work()
    tick()
    (reply,) = sandbox.seen("mastodon", asked)["replies"]
    assert reply["text"] == "@Marigold57@other.example Thank you for telling us."
    tick()
    assert len(sandbox.seen("mastodon", asked)["replies"]) == 1
    with app.app_context():
        member()
        assert db.session.scalars(db.select(Reply.state)).all() == ["sent"]

    sandbox.control("PATCH", f"posts/mastodon/{edited}", json={"text": "They called back"})
    sandbox.control("DELETE", f"posts/mastodon/{gone}")
    a_day_passes(database, app, work)
    after = what_shows(app)
    assert "@imperial They called back" in after
    assert not [words for words in after if "private" in words]
