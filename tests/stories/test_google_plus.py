"""Google+: its archive is imported as history, closed, named or not, and nobody is answered there any more."""

from collections.abc import Callable

import httpx
from flask import Flask
from flask.testing import FlaskClient

from healthberry.core import inbox, members
from healthberry.core.events import commit
from healthberry.core.inbox import Row, View
from healthberry.local.mailbox import Mailbox
from tests.sandbox_server import Sandbox
from tests.stories.files import channel_of, import_file
from tests.stories.loop import DOMAIN, TRUST, member, sign_up


def _begin(client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None]) -> None:
    sandbox.post("google_plus", "Where do I park?", handle="trust", author="Wren", posted_at="2014-03-05T10:00:00Z")
    sandbox.post("google_plus", "The map is wrong", handle="trust", author="Finch", posted_at="2014-05-05T10:00:00Z")
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    with app.app_context():
        members.trust(member(), "operator")
        commit()


def test_an_archive_is_history_without_names_and_says_why_nobody_can_be_answered(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    _begin(client, app, sandbox, mailbox, work)
    channel_id = channel_of(client.post("/channels/add/google_plus", data={"page": ""}, follow_redirects=True).text)
    content = httpx.get(f"{sandbox.url}/google_plus/takeout/trust.zip").content

    import_file(client, work, channel_id, content, "takeout.zip", names="drop")

    found = _rows(app)
    assert [(row.first_words, row.screen_name, row.status, row.historic) for row in found] == [
        ("The map is wrong", "Anonymous", "closed", True),
        ("Where do I park?", "Anonymous", "closed", True),
    ]
    page = client.get(f"/conversations/{found[0].id}").text
    assert "On the post “Tell us about your visit in May 2014" in page
    assert "Google+ closed in 2019, so nobody can be answered there." in page


def test_the_api_that_the_sandbox_imitates_is_read_to_its_end(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    _begin(client, app, sandbox, mailbox, work)

    client.post("/channels/add/google_plus", data={"page": "trust"})
    work()

    assert [(row.first_words, row.screen_name) for row in _rows(app)] == [
        ("The map is wrong", "Finch"),
        ("Where do I park?", "Wren"),
    ]


def _rows(app: Flask) -> list[Row]:
    with app.app_context():
        rows = inbox.list_conversations(member(), View(status="all"), limit=100).rows
        return sorted((row for row in rows if row.channel_kind == "google_plus"), key=lambda row: row.first_words)
