"""Comments on YouTube: linked from the pages, read, answered once, edited and taken down."""

import re
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.models.owned import now
from tests.sandbox_server import Sandbox
from tests.stories.days import a_day_passes, later, what_shows
from tests.stories.google_account import link_google
from tests.stories.loop import ANSWER, open_link, publish
from tests.stories.reviews import channel_of

OURS = "exampletrust"


def test_comments_are_read_answered_once_and_followed_through_edit_and_end(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    database: Database,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    long_ago = (now() - timedelta(days=400)).isoformat()
    sandbox.post("youtube", "A helpful film", handle=OURS, posted_at=long_ago)
    assert "YouTube comments of" in link_google(client, "youtube", OURS)
    work()
    assert set(what_shows(app)) == {"A helpful film"}

    question = sandbox.post("youtube", "Where is the ward?", handle=OURS)
    tick()
    conversation_id, page = open_link(client, mailbox)
    sandbox.fault("youtube", "timeout_after", operation="reply", seconds=0)
    publish(client, conversation_id, page)
    tick()
    later(database, app, work, "UPDATE replies SET next_attempt_at = now()")
    assert [one["text"] for one in sandbox.seen("youtube", question)["replies"]] == [ANSWER]
    shown = client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert len(re.findall(r'class="bubble bubble--out"', shown)) == 1

    sandbox.post("youtube", "And the car park?", handle=OURS, in_reply_to=question, author="Heron")
    tick()
    assert "And the car park?" in client.get(f"/conversations/{conversation_id}").get_data(as_text=True)

    sandbox.control("PATCH", f"posts/youtube/{question}", json={"text": "Where is the red ward?"})
    a_day_passes(database, app, work)
    assert "Where is the red ward?" in client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    sandbox.control("DELETE", f"posts/youtube/{question}")
    a_day_passes(database, app, work)
    assert "Where is the red ward?" not in client.get(f"/conversations/{conversation_id}").get_data(as_text=True)


def test_where_comments_are_switched_off_nobody_is_offered_to_answer(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    link_google(client, "youtube", OURS)
    work()
    sandbox.post("youtube", "Where is the ward?", handle=OURS, closed=True)
    tick()
    _, page = open_link(client, mailbox)
    assert "Comments on this video cannot be answered." in page
    assert 'name="text"' not in page.partition('id="panel-note"')[0]


def test_unlinking_gives_the_permission_back_to_google(
    client: FlaskClient, app: Flask, sandbox: Sandbox, work: Callable[[], None], organisation: None
) -> None:
    link_google(client, "youtube", OURS)
    work()
    channel_id = channel_of(app, "youtube").id
    assert "gives its permission back to Google" in client.get(f"/channels/{channel_id}/unlink").text
    client.post(f"/channels/{channel_id}/unlink", data={"keep": "kept"})
    work()
    assert sandbox.control("GET", "requests")["statuses"]["google.revoke"] == {"200": 1}
    channel = channel_of(app, "youtube")
    assert (channel.state, channel.sealed_secrets, channel.trouble) == ("unlinked", None, "")
