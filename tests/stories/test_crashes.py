"""A worker dies in the middle of a reply: it is published once all the same."""

import contextlib
from collections.abc import Callable, Mapping
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.connectors.errors import SignInOver
from healthberry.core import channels, events, replies, sending
from healthberry.extensions import db
from healthberry.jobs.replies import send_reply
from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.replies import Reply
from tests.sandbox_server import Sandbox
from tests.stories.days import change
from tests.stories.loop import ANSWER, DOMAIN, TRUST, handle, member, sign_up
from tests.stories.x_account import connect_x


@pytest.fixture
def post(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    register: None,
) -> str:
    """A post on X that a trust has received and may answer by API."""
    ours = handle(sandbox)
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    connect_x(client, app, ours)
    work()
    made = sandbox.post("x", "Five hours and no update", handle=ours, author="samwrites")
    tick()
    return made


def _queued(app: Flask) -> tuple[UUID, UUID]:
    """Answer the only conversation as its page would; return its id and the reply's."""
    with app.app_context():
        us = member()
        conversation = db.session.scalars(db.select(Conversation)).one()
        reply = replies.queue_reply(us, conversation.id, ANSWER, conversation.version)
        ids = conversation.id, reply.id
        events.commit()
        return ids


def _taken() -> Reply:
    """Queue a reply and take it as a job does, to the point just before the provider is called."""
    conversation = db.session.scalars(db.select(Conversation)).one()
    reply = replies.queue_reply(member(), conversation.id, ANSWER, conversation.version)
    events.commit()
    claimed = sending.claim(reply.organisation_id, reply.id)
    events.commit()
    assert claimed is not None
    assert claimed[1] == "send"
    return claimed[0]


def _long_ago(database: Database, reply_id: UUID) -> None:
    """Let the worker's claim run out, and what a search index may lag behind."""
    past = "next_attempt_at = now() - interval '1 minute', attempted_at = now() - interval '3 minutes'"
    change(database, f"UPDATE replies SET {past} WHERE id = :id", id=reply_id)  # noqa: S608 - words of our own


def _published(sandbox: Sandbox, post: str) -> list[bool]:
    return [ANSWER in reply["text"] for reply in sandbox.seen("x", post)["replies"]]


def test_a_worker_that_dies_before_it_calls_the_channel(
    app: Flask, sandbox: Sandbox, database: Database, post: str, tick: Callable[[], None]
) -> None:
    with app.app_context():
        member()
        reply_id = _taken().id
    _long_ago(database, reply_id)

    tick()
    tick()

    assert _published(sandbox, post) == [True]
    with app.app_context():
        member()
        assert db.session.scalars(db.select(Reply.state)).all() == ["sent"]


def test_a_worker_that_dies_after_the_channel_took_it(
    app: Flask, sandbox: Sandbox, database: Database, post: str, tick: Callable[[], None]
) -> None:
    with app.app_context():
        member()
        reply = _taken()
        channel = db.session.scalars(db.select(Channel).filter_by(kind="x")).one()
        channels.connector_of(channel).reply(channels.access_of(channel), sending.outgoing(reply))
        reply_id = reply.id
        events.forget()
    _long_ago(database, reply_id)

    tick()
    tick()

    assert _published(sandbox, post) == [True]
    with app.app_context():
        member()
        assert db.session.scalars(db.select(Reply.state)).all() == ["sent"]


def test_a_reply_that_the_channel_refuses_comes_back_as_a_draft_with_its_reason(
    app: Flask, client: FlaskClient, sandbox: Sandbox, post: str, work: Callable[[], None]
) -> None:
    sandbox.control("DELETE", f"posts/x/{post}")
    conversation_id, reply_id = _queued(app)

    work()

    page = client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert ANSWER in page
    assert f"/replies/{reply_id}/retry" in page
    with app.app_context():
        member()
        state, reason = db.session.execute(db.select(Reply.state, Reply.reason)).one()
    assert state == "failed"
    assert len(reason) > 20


def test_a_channel_that_asks_us_to_slow_down_gets_it_later_and_once(
    app: Flask, sandbox: Sandbox, post: str, work: Callable[[], None], tick: Callable[[], None]
) -> None:
    sandbox.fault("x", "rate_limit", operation="reply")
    _queued(app)

    work()
    assert _published(sandbox, post) == []
    tick()

    assert _published(sandbox, post) == [True]


def test_a_token_that_ran_out_is_renewed_and_the_reply_goes_out_once(
    app: Flask, sandbox: Sandbox, post: str, work: Callable[[], None]
) -> None:
    sandbox.fault("x", "expired_token", operation="reply")
    _queued(app)

    work()

    assert _published(sandbox, post) == [True]
    with app.app_context():
        member()
        assert db.session.scalars(db.select(Reply.state)).all() == ["sent"]


def _tokens(app: Flask) -> Mapping[str, str]:
    """Return what the channel on X is reached with; nothing where somebody has to sign in again."""
    with app.app_context():
        member()
        channel = db.session.scalars(db.select(Channel).where(Channel.kind == "x")).one()
        return app.extensions["vault"].open(channel.sealed_secrets) if channel.sealed_secrets else {}


def test_a_renewal_that_is_refused_for_no_known_reason_throws_no_token_away(
    app: Flask, client: FlaskClient, sandbox: Sandbox, post: str, work: Callable[[], None]
) -> None:
    before = _tokens(app)
    sandbox.fault("x", "expired_token", operation="reply")
    sandbox.fault("x", "expired_token", operation="token")
    _, reply_id = _queued(app)
    work()
    with app.app_context():
        member()
        assert db.session.scalars(db.select(Reply.state)).all() == ["failed"]
    assert _tokens(app) == before

    assert client.post(f"/replies/{reply_id}/retry").status_code == 303
    work()

    assert _published(sandbox, post) == [True]


def test_a_sign_in_that_x_has_ended_is_forgotten_and_the_page_says_so(
    app: Flask, client: FlaskClient, sandbox: Sandbox, post: str, work: Callable[[], None]
) -> None:
    with app.app_context():  # a second use of the same token: X ends all that came of the sign-in
        member()
        channel = db.session.scalars(db.select(Channel).where(Channel.kind == "x")).one()
        for _ in range(2):
            with contextlib.suppress(SignInOver):
                channels.connector_of(channel).refresh(channels.access_of(channel))
    conversation_id, _ = _queued(app)

    work()

    assert _tokens(app) == {}
    assert _published(sandbox, post) == []
    page = client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert "Sign in with X again" in page


def test_an_answer_to_what_is_gone_is_not_looked_for_a_day_long(
    app: Flask, client: FlaskClient, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    story = sandbox.post("careopinion", "Mum was moved", ods_code=TRUST, author="a carer")
    work()
    _, reply_id = _queued(app)
    sandbox.control("DELETE", f"posts/careopinion/{story}")

    with app.app_context():
        send_reply(str(member().organisation_id), str(reply_id))
        member()
        state, reason = db.session.execute(db.select(Reply.state, Reply.reason)).one()
    assert (state, reason) == ("failed", "Care Opinion no longer shows this story.")
