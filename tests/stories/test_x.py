"""X: linked from the pages, read with its threads, told of at once, answered once, edited, withdrawn, quoted."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from queue import Queue
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from healthberry.core import inbox
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.jobs import maintenance
from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from tests.sandbox_server import KEYS, Sandbox
from tests.serving import serving
from tests.stories.days import a_day_passes, change, rows
from tests.stories.loop import ANSWER, DOMAIN, TRUST, member, open_link, publish, sign_up

OURS = "CedarTrust"
_BEARER = {"Authorization": f"Bearer {KEYS['X_BEARER_TOKEN']}"}


@pytest.fixture
def organisation(
    client: FlaskClient, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    """Sign a trust up whose website names no account on X."""
    for host in (DOMAIN, f"www.{DOMAIN}"):
        sandbox.control("POST", "websites", json={"host": host, "behaviour": "no_handle"})
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    mailbox.clear()


class Outside:
    """The running application as X reaches it; `called` has an entry for each call that was answered."""

    def __init__(self, app: Flask) -> None:
        self.called: Queue[str] = Queue()
        self._app = app.wsgi_app
        self.server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def _answer(self, environ: Any, start_response: Any) -> Any:
        answer = self._app(environ, start_response)
        self.called.put(environ["REQUEST_METHOD"])
        return answer


@pytest.fixture
def outside(app: Flask) -> Iterator[Outside]:
    """Let X reach us."""
    ours = Outside(app)
    with serving(ours.server):
        yield ours


def link_x(client: FlaskClient) -> str:
    """Link the account from the pages: sign in with X as it; return the page that follows."""
    assert "Posts that mention, answer or quote" in client.get("/channels/add/x").get_data(as_text=True)
    sent = client.post("/channels/add/x", data={})
    address = sent.headers.get("Location") or ""
    if sent.status_code == 200:
        found = re.search(r'content="0; url=([^"]+)"', sent.get_data(as_text=True))
        assert found is not None
        address = unescape(found[1])
    asked = dict(parse_qsl(urlsplit(address).query))
    answer = httpx.post(address.partition("?")[0], data={**asked, "username": OURS})
    back = urlsplit(answer.headers["Location"])
    arrived = client.get(back.path, query_string=dict(parse_qsl(back.query)), follow_redirects=True)
    assert arrived.status_code == 200, arrived.get_data(as_text=True)
    return arrived.get_data(as_text=True)


def words(app: Flask) -> set[str]:
    return {row.first_words.removeprefix(f"@{OURS} ") for row in rows(app)}


def messages(app: Flask) -> list[tuple[str, str]]:
    """Return direction and words of everything, oldest first."""
    with app.app_context():
        member()
        rows = db.session.execute(db.select(Message.direction, Message.text).order_by(Message.posted_at, Message.id))
        return [(row.direction, row.text.removeprefix(f"@{OURS} ")) for row in rows]


def test_history_threads_answers_and_quotes_are_read(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    sandbox.post("x", "A kind nurse in the night", handle=OURS, posted_at="2026-03-01T10:00:00Z")
    story = sandbox.post("x", "My mum waited ten hours", handle=OURS, author="adaughter", mentions=False)
    sandbox.post("x", "please look at this", handle=OURS, author="aneighbour", in_reply_to=story)
    news = sandbox.post("x", "Flu clinics open on Monday", handle=OURS, own=True)

    link_x(client)
    work()

    assert words(app) == {"A kind nurse in the night", "My mum waited ten hours"}
    assert ("inbound", "please look at this") in messages(app)

    sandbox.post("x", "Do I need to book?", handle=OURS, author="Wren", in_reply_to=news, mentions=False)
    sandbox.post("x", "About time", handle=OURS, author="samwrites", quotes=news)
    tick()

    assert words(app) == {"A kind nurse in the night", "My mum waited ten hours", "Do I need to book?", "About time"}
    assert messages(app).count(("outbound", "Flu clinics open on Monday")) == 1
    with app.app_context():
        rows = {row.first_words: row for row in inbox.list_conversations(member(), View(), limit=100).rows}
        asked = rows["Do I need to book?"]
        assert (asked.replied, asked.status) == (False, "open")


def test_a_post_is_answered_once_although_the_worker_did_not_hear_of_it_then_edited_and_withdrawn(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    database: Database,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    link_x(client)
    work()
    post = sandbox.post("x", "Five hours and no update", handle=OURS, author="samwrites")
    tick()
    conversation_id, page = open_link(client, mailbox)
    sandbox.fault("x", "cut_connection", operation="reply")
    publish(client, conversation_id, page)
    for _ in range(3):
        tick()
    assert [ANSWER in reply["text"] for reply in sandbox.seen("x", post)["replies"]] == [True]

    edited = sandbox.control("PATCH", f"posts/x/{post}", json={"text": "Six hours and no update"})["remote_id"]
    assert edited != post
    a_day_passes(database, app, work)
    tick()
    inbound = [said for direction, said in messages(app) if direction == "inbound"]
    assert inbound == ["Six hours and no update"]

    sandbox.control("DELETE", f"posts/x/{edited}")
    a_day_passes(database, app, work)
    assert [said for direction, said in messages(app) if direction == "inbound"] == [""]
    assert "Six hours" not in client.get(f"/conversations/{conversation_id}").get_data(as_text=True)


def test_an_edit_that_was_read_under_its_own_number_before_is_one_message(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    database: Database,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    link_x(client)
    work()
    post = sandbox.post("x", "Five hours", handle=OURS)
    tick()
    edited = sandbox.control("PATCH", f"posts/x/{post}", json={"text": "Six hours"})["remote_id"]
    moved = ("UPDATE messages SET remote_id = :new", "UPDATE conversations SET remote_thread_id = :new")
    change(database, *moved, new=edited)

    tick()

    assert messages(app) == [("inbound", "Six hours")]
    assert words(app) == {"Six hours"}


def test_x_sends_what_is_new_to_the_hook_that_knows_the_secret(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    outside: Outside,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    made = httpx.post(f"{sandbox.url}/x/2/webhooks", headers=_BEARER, json={"url": f"{outside.url}/hooks/x"})
    assert made.json()["data"]["valid"] is True, made.text
    link_x(client)
    work()
    tick()
    listed = httpx.get(f"{sandbox.url}/x/2/activity/subscriptions", headers=_BEARER).json()["data"]
    assert {one["event_type"] for one in listed} >= {"post.mention.create", "post.reply.create", "post.quote.create"}
    sandbox.control("POST", "x/twice", json={"on": True})
    news = sandbox.post("x", "Flu clinics open on Monday", handle=OURS, own=True)

    sandbox.post("x", "Do I need to book?", handle=OURS, in_reply_to=news, mentions=False)
    sandbox.post("x", "Nobody at the desk", handle=OURS)
    calls = [outside.called.get(timeout=30) for _ in range(5)]
    assert sorted(calls) == ["GET", *["POST"] * 4]
    with app.app_context():
        maintenance.sweep()
    work()

    assert {"Do I need to book?", "Nobody at the desk"} <= words(app)
    with app.app_context():
        member()
        channel = db.session.scalars(db.select(Channel).filter_by(kind="x")).one()
        assert channel.last_delivery_at is not None
        assert channel.reread_at is not None
    forged = client.post("/hooks/x", data="{}", headers={"x-twitter-webhooks-signature": "sha256=bm8="})
    assert forged.status_code == 403
