"""A trust's account on Instagram: linked, read, told of news, answered once, followed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.models.conversations import Conversation
from healthberry.models.owned import now
from healthberry.models.replies import Reply
from tests.sandbox_server import Sandbox
from tests.stories.days import a_day_passes, rows
from tests.stories.loop import ANSWER, DOMAIN, TRUST, member, open_link, publish, sign_up
from tests.stories.meta import Door, door, link

ACCOUNT = "imperialnhs"
Work = Callable[[], None]


@pytest.fixture
def linked(client: FlaskClient, sandbox: Sandbox, mailbox: Mailbox, work: Work, register: None) -> Iterator[Door]:
    """A trust that linked its account; what Instagram sends waits at a door."""
    early = (now() - timedelta(days=3)).isoformat()
    sandbox.post("instagram", "The ward was spotless", handle=ACCOUNT, author="Ann Early", posted_at=early)
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    with door(client, sandbox, "instagram", "instagram") as opened:
        link(client, "instagram", [ACCOUNT])
        work()
        yield opened


def _rows(app: Flask) -> dict[str, UUID]:
    return {row.first_words: row.id for row in rows(app) if not row.withdrawn}


def test_a_comment_is_read_told_answered_once_and_followed(
    app: Flask,
    client: FlaskClient,
    sandbox: Sandbox,
    mailbox: Mailbox,
    database: Database,
    linked: Door,
    work: Work,
    tick: Work,
) -> None:
    assert list(_rows(app)) == ["The ward was spotless"]
    remote_id = sandbox.post("instagram", "Where do I park?", handle=ACCOUNT, author="Ben Driver")
    assert linked.hand_on() == [200]
    work()

    conversation_id, page = open_link(client, mailbox)
    assert "@ben.driver" in page
    publish(client, conversation_id, page)
    work()
    linked.hand_on()  # our own answer comes back
    work()
    tick()

    assert [one["text"] for one in sandbox.seen("instagram", remote_id)["replies"]] == [ANSWER]
    with app.app_context():
        member()
        assert db.session.scalars(db.select(Reply.state)).all() == ["sent"]
        assert len(db.session.scalars(db.select(Conversation)).all()) == 2

    edited, gone = (
        sandbox.post("instagram", words, handle=ACCOUNT, author="Eve") for words in ("Four hours", "My diagnosis")
    )
    linked.hand_on(2)
    work()
    sandbox.control("PATCH", f"posts/instagram/{edited}", json={"text": "One hour"})
    sandbox.control("DELETE", f"posts/instagram/{gone}")
    a_day_passes(database, app, work)
    assert set(_rows(app)) == {"The ward was spotless", "One hour"}


def test_a_mention_is_answered_where_it_stands_and_a_tag_refused_in_honest_words(
    app: Flask, client: FlaskClient, sandbox: Sandbox, linked: Door, work: Work, tick: Work
) -> None:
    mention = sandbox.post("instagram", f"@{ACCOUNT} saved me", handle=ACCOUNT, author="Cat", **{"as": "mention"})
    linked.hand_on()
    work()
    sandbox.post("instagram", "A walk in your garden", handle=ACCOUNT, author="Dan", **{"as": "tag"})
    tick()
    rows = _rows(app)
    path = f"/conversations/{rows[f'@{ACCOUNT} saved me']}"
    publish(client, path.rpartition("/")[2], client.get(path).text)
    work()

    assert [one["text"] for one in sandbox.seen("instagram", mention)["replies"]] == [ANSWER]
    tag = client.get(f"/conversations/{rows['A walk in your garden']}").text
    assert "only where your account is named" in tag
    assert 'id="reply-form"' not in tag
