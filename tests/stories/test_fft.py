"""A survey's export: linked in one click, imported, overlapping the next time, and taken back."""

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


def test_exports_are_imported_as_history_once_and_nobody_is_answered(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    sandbox.post("fft", "Everybody was kind", ods_code=TRUST, rating=5, posted_at="2026-05-13T10:00:00Z")
    sandbox.post("fft", "Too long a wait", ods_code=TRUST, rating=1, posted_at="2026-05-14T10:00:00Z")
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    with app.app_context():
        members.trust(member(), "operator")
        commit()
    channel_id = channel_of(client.post("/channels/add/fft", follow_redirects=True).text)

    first = _export(sandbox)
    import_file(client, work, channel_id, first, "may.csv")
    assert _rows(app) == [("Everybody was kind", 5, True), ("Too long a wait", 1, True)]

    sandbox.post("fft", "Later that month", ods_code=TRUST, rating=3, posted_at="2026-05-20T10:00:00Z")
    second = import_file(client, work, channel_id, _export(sandbox), "may-again.csv")
    assert "Imported: 1 new, 2 were here already" in client.get(second).text
    assert len(_rows(app)) == 3

    with app.app_context():
        conversation = _found(app)[0].id
    page = client.get(f"/conversations/{conversation}").text
    assert "Answers to the Friends and Family Test are anonymous" in page

    client.post(f"{second}/undo")
    work()
    assert _rows(app) == [("Everybody was kind", 5, True), ("Too long a wait", 1, True)]


def _export(sandbox: Sandbox) -> bytes:
    return httpx.get(f"{sandbox.url}/fft/{TRUST}/export.csv").content


def _found(app: Flask) -> list[Row]:
    rows = inbox.list_conversations(member(), View(status="all"), limit=100).rows
    return [row for row in rows if row.channel_kind == "fft"]


def _rows(app: Flask) -> list[tuple[str, float | None, bool]]:
    with app.app_context():
        return sorted((row.first_words, row.rating, row.historic) for row in _found(app))
