"""A trust's Page on Facebook: linked, read, told of news at once, answered publicly and in private, followed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.core import channels, events, replies, sending
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from tests.sandbox_server import Sandbox
from tests.stories.days import a_day_passes, change, rows
from tests.stories.loop import ANSWER, DOMAIN, TRUST, member, open_link, sign_up
from tests.stories.meta import Door, door, link

PAGE = "imperialnhs"
Work = Callable[[], None]


@pytest.fixture
def linked(client: FlaskClient, sandbox: Sandbox, mailbox: Mailbox, work: Work, register: None) -> Iterator[Door]:
    """A trust that linked its Page with its private messages; what Facebook sends waits at a door."""
    sandbox.post("facebook", "The ward was spotless", handle=PAGE, author="Ann Early", posted_at=_before(days=3))
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    with door(client, sandbox, "facebook", "page") as opened:
        link(client, "facebook", [PAGE], messages="yes")
        work()
        yield opened


def _before(**delta: float) -> str:
    return (now() - timedelta(**delta)).isoformat()


def _rows(app: Flask) -> dict[str, UUID]:
    return {row.first_words: row.id for row in rows(app) if not row.withdrawn}


def _messages(app: Flask, conversation_id: UUID) -> list[tuple[str, str]]:
    with app.app_context():
        member()
        asked = db.select(Message).filter_by(conversation_id=conversation_id).order_by(Message.posted_at)
        return [(one.direction, one.text) for one in db.session.scalars(asked)]


def _answer(client: FlaskClient, app: Flask, conversation_id: UUID, **form: str) -> str:
    with app.app_context():
        member()
        version = db.session.scalars(db.select(Conversation.version).filter_by(id=conversation_id)).one()
    data = {"text": ANSWER, "version": str(version), **form}
    return client.post(f"/conversations/{conversation_id}/reply", data=data, follow_redirects=True).text


def _states(app: Flask) -> list[str]:
    with app.app_context():
        member()
        return list(db.session.scalars(db.select(Reply.state).order_by(Reply.queued_at)))


def _seen(sandbox: Sandbox, remote_id: str) -> list[str]:
    return [one["text"] for one in sandbox.seen("facebook", remote_id)["replies"]]


def test_the_history_is_read_once_the_page_is_linked(app: Flask, client: FlaskClient, linked: Door) -> None:
    assert list(_rows(app)) == ["The ward was spotless"]
    with app.app_context():
        member()
        channel = db.session.scalars(db.select(Channel).filter_by(kind="facebook")).one()
        assert (channel.account, channel.config["messages"], channel.state) == (PAGE, "yes", "active")
        assert "user_token" not in {name for name, value in channels.access_of(channel).secrets.items() if value}
    assert PAGE in client.get("/channels").text


def test_one_of_several_pages_can_be_chosen(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Work, register: None
) -> None:
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    choice = link(client, "facebook", ["cedarward", "elmward"], messages="no")
    assert "cedarward" in choice
    assert "elmward" in choice
    with app.app_context():
        member()
        assert db.session.scalars(db.select(Channel).filter_by(kind="facebook")).all() == []


def test_a_new_comment_is_told_at_once_alerted_answered_and_shown_on_facebook(
    app: Flask, client: FlaskClient, sandbox: Sandbox, mailbox: Mailbox, linked: Door, work: Work
) -> None:
    remote_id = sandbox.post("facebook", "Parking is still awful 😡 http://a/b", handle=PAGE, author="Ben Driver")
    assert linked.hand_on() == [200]
    work()

    conversation_id, page = open_link(client, mailbox)
    assert "Ben Driver" in page
    assert "How to answer" in page
    _answer(client, app, UUID(conversation_id), way="public")
    work()

    assert _seen(sandbox, remote_id) == [ANSWER]
    assert _states(app) == ["sent"]
    linked.hand_on()  # our own comment comes back: it confirms, and opens nothing
    work()
    messages = _messages(app, UUID(conversation_id))
    assert messages == [("inbound", "Parking is still awful 😡 http://a/b"), ("outbound", ANSWER)]
    assert list(_rows(app)) == ["The ward was spotless"], "what is answered is closed"


def test_a_comment_is_answered_in_private_once(
    app: Flask, client: FlaskClient, sandbox: Sandbox, linked: Door, work: Work
) -> None:
    remote_id = sandbox.post("facebook", "My test results are lost", handle=PAGE, author="Cat Private")
    linked.hand_on()
    work()
    conversation_id = _rows(app)["My test results are lost"]

    _answer(client, app, conversation_id, way="private")
    work()

    assert _states(app) == ["sent"]
    assert _seen(sandbox, remote_id) == [ANSWER]
    assert ANSWER not in sandbox_page(sandbox), "nobody else sees it"


def sandbox_page(sandbox: Sandbox) -> str:
    return httpx.get(f"{sandbox.url}/facebook/pages/{PAGE}", trust_env=False).text


def test_a_worker_that_dies_after_facebook_took_the_answer_publishes_it_once(
    app: Flask, sandbox: Sandbox, database: Database, linked: Door, work: Work, tick: Work
) -> None:
    remote_id = sandbox.post("facebook", "Where do I park?", handle=PAGE, author="Dan Driver")
    linked.hand_on()
    work()
    conversation_id = _rows(app)["Where do I park?"]
    with app.app_context():
        us = member()
        version = db.session.get_one(Conversation, (us.organisation_id, conversation_id)).version
        reply = replies.queue_reply(us, conversation_id, ANSWER, version)
        events.commit()
        claimed = sending.claim(reply.organisation_id, reply.id)
        events.commit()
        assert claimed is not None
        channel = db.session.scalars(db.select(Channel).filter_by(kind="facebook")).one()
        channels.connector_of(channel).reply(channels.access_of(channel), sending.outgoing(reply))
        events.forget()
    past = "next_attempt_at = now() - interval '1 minute', attempted_at = now() - interval '3 minutes'"
    change(database, f"UPDATE replies SET {past}")  # noqa: S608 - words of our own

    tick()
    tick()

    assert _seen(sandbox, remote_id) == [ANSWER]
    assert _states(app) == ["sent"]


def test_an_edit_and_a_withdrawal_are_followed_when_facebook_tells(
    app: Flask, sandbox: Sandbox, linked: Door, work: Work
) -> None:
    edited = sandbox.post("facebook", "The wait was four hours", handle=PAGE, author="Eve Edit")
    gone = sandbox.post("facebook", "My private diagnosis", handle=PAGE, author="Fay Gone", **{"as": "visitor"})
    linked.hand_on(2)
    work()
    assert {"The wait was four hours", "My private diagnosis"} <= set(_rows(app))

    sandbox.control("PATCH", f"posts/facebook/{edited}", json={"text": "The wait was one hour"})
    sandbox.control("DELETE", f"posts/facebook/{gone}")
    linked.hand_on(2)
    work()

    assert set(_rows(app)) == {"The ward was spotless", "The wait was one hour"}


def test_what_facebook_forgot_to_tell_is_followed_by_looking_again(
    app: Flask, sandbox: Sandbox, database: Database, linked: Door, work: Work
) -> None:
    remote_id = sandbox.post("facebook", "My private diagnosis", handle=PAGE, author="Gus Gone")
    linked.hand_on()
    work()
    sandbox.control("DELETE", f"posts/facebook/{remote_id}")
    a_day_passes(database, app, work)

    assert list(_rows(app)) == ["The ward was spotless"]


def test_a_private_message_is_answered_in_private_and_after_a_day_not_any_more(
    app: Flask, client: FlaskClient, sandbox: Sandbox, linked: Door, work: Work, tick: Work
) -> None:
    fresh = sandbox.post("facebook", "Can I move my visit?", handle=PAGE, author="Hal Fresh", **{"as": "message"})
    linked.hand_on()
    old = {"as": "message", "posted_at": _before(hours=30)}
    sandbox.post("facebook", "Nobody rang me back", handle=PAGE, author="Ida Late", **old)
    linked.hand_on()
    work()
    tick()
    rows = _rows(app)

    page = client.get(f"/conversations/{rows['Can I move my visit?']}").text
    assert "Can be answered until" in page
    assert "Only this person sees it" in page
    _answer(client, app, rows["Can I move my visit?"], way="message")
    work()
    assert _seen(sandbox, fresh) == [ANSWER]
    late = client.get(f"/conversations/{rows['Nobody rang me back']}").text
    assert "That time is over" in late
    assert 'id="reply-form"' not in late


def test_a_page_whose_access_was_taken_back_says_so_and_comes_back_when_it_is_connected_again(
    app: Flask, client: FlaskClient, sandbox: Sandbox, linked: Door, work: Work, tick: Work
) -> None:
    sandbox.control("POST", "facebook/tokens", json={"subcode": 460})
    tick()
    assert "password of whoever signed in was changed" in client.get("/channels").text

    sandbox.post("facebook", "I am new", handle=PAGE, author="Jo New")
    link(client, "facebook", [PAGE], messages="yes")
    work()
    tick()

    assert "I am new" in _rows(app)
