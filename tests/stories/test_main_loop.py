"""The whole loop: sign up, see what patients said, be told of something new, answer it, see it on the channel."""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from healthberry.local.mailbox import Mailbox
from tests.sandbox_server import Sandbox
from tests.stories.days import rows
from tests.stories.loop import ANSWER, DOMAIN, TRUST, answer_by_link, handle, open_link, publish, sign_up
from tests.stories.x_account import connect_x


def _texts(app: Flask, status: str = "open") -> list[str]:
    return [row.first_words for row in rows(app, status)]


def test_a_trust_signs_up_and_finds_what_patients_said_on_three_channels(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    ours = handle(sandbox)
    sandbox.post("nhsuk", "A kind nurse in the night", ods_code=TRUST, rating=5, posted_at="2026-03-01T10:00:00Z")
    sandbox.post("careopinion", "Nobody told us why Mum was moved", ods_code=TRUST, posted_at="2026-04-01T10:00:00Z")
    sandbox.post("x", "Five hours and no update", handle=ours, posted_at="2026-05-01T10:00:00Z")

    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()

    assert sorted(_texts(app)) == [
        f"@{ours} Five hours and no update",
        "A kind nurse in the night",
        "Nobody told us why Mum was moved",
    ]
    assert [message.subject for message in mailbox.messages() if "New" in message.subject] == []


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

    conversation_id = answer_by_link(client, mailbox, sandbox, tick, story)

    alerts = mailbox.messages()
    assert [message.subject for message in alerts if "Care Opinion" in message.subject]
    assert "spotless" not in "".join(message.text + message.subject + message.html for message in alerts)
    assert ANSWER in client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert _texts(app, "closed") == ["The ward was spotless"]


def test_an_answer_to_a_post_is_published_on_x_once_although_x_did_not_say_so(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    register: None,
) -> None:
    ours = handle(sandbox)
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    connect_x(client, app, ours)
    work()
    mailbox.clear()
    post = sandbox.post("x", "Five hours and no update", handle=ours, author="samwrites")
    tick()
    conversation_id, page = open_link(client, mailbox)
    sandbox.fault("x", "cut_connection", operation="reply")

    publish(client, conversation_id, page)
    for _ in range(3):
        tick()

    replies = sandbox.seen("x", post)["replies"]
    assert [ANSWER in reply["text"] for reply in replies] == [True]
    assert f"@{ours} Five hours and no update" in _texts(app, "closed")


def test_an_answer_that_says_too_much_never_reaches_x_until_it_is_changed(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    register: None,
) -> None:
    ours = handle(sandbox)
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    connect_x(client, app, ours)
    work()
    mailbox.clear()
    post = sandbox.post("x", "Five hours and no update", handle=ours, author="samwrites")
    tick()
    conversation_id, page = open_link(client, mailbox)
    telling = "Sorry. Dr Achebe saw you at 14:30; your NHS number is 943 476 5919. Write to pals@imperial.nhs.uk."

    stopped = publish(client, conversation_id, page, telling)
    tick()

    assert re.findall(r'<a href="#found-\d" data-find="([^"]*)"', stopped) == [
        "Dr Achebe",
        "saw you",
        "14:30",
        "943 476 5919",
    ]
    assert sandbox.seen("x", post)["replies"] == []

    publish(client, conversation_id, stopped, "Sorry. Please write to pals@imperial.nhs.uk, W2 1NY.")
    tick()

    replies = sandbox.seen("x", post)["replies"]
    assert ["W2 1NY" in reply["text"] for reply in replies] == [True]


def test_an_account_that_is_not_the_channels_is_not_connected(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()

    page = connect_x(client, app, "SomebodyElse", status=409)

    assert "You signed in as @SomebodyElse" in page
