"""Bluesky from the form to the answer: linked, read, answered once, edits and deletions followed."""

import re
from collections.abc import Callable
from datetime import timedelta

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

ACCOUNT = "imperial.bsky.social"
LONG_AGO = (now() - timedelta(days=60)).isoformat()


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
    edited = sandbox.post("bluesky", "Nobody answers the phone", handle=ACCOUNT, posted_at=LONG_AGO)
    gone = sandbox.post("bluesky", "My private diagnosis", handle=ACCOUNT, posted_at=LONG_AGO)
    sandbox.post("bluesky", "Kind nurses at Imperial College", handle=ACCOUNT, mention=False)
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    form = {"handle": f"@{ACCOUNT}", "app_password": "not-the-one", "words": "Imperial College"}

    wrong = client.post("/channels/add/bluesky", data=form)
    assert wrong.status_code == 422
    assert "Check both" in wrong.get_data(as_text=True)
    assert "not-the-one" not in wrong.get_data(as_text=True)
    linked = client.post(
        "/channels/add/bluesky", data={**form, "app_password": "abcd-efgh-ijkl-mnop"}, follow_redirects=True
    )
    assert f"@{ACCOUNT}" in linked.get_data(as_text=True)
    work()
    tick()
    assert set(what_shows(app)) == {
        f"@{ACCOUNT} Nobody answers the phone",
        f"@{ACCOUNT} My private diagnosis",
        "Kind nurses at Imperial College",
    }

    asked = sandbox.post("bluesky", "Waited two hours today", handle=ACCOUNT)
    tick()
    conversation, page = open_link(client, mailbox)
    assert "Waited two hours today" in page
    sandbox.fault("bluesky", "cut_connection", operation="reply")
    publish(client, conversation, page)
    work()
    tick()
    (reply,) = sandbox.seen("bluesky", asked)["replies"]
    assert reply["text"] == "Thank you for telling us."
    tick()
    assert len(sandbox.seen("bluesky", asked)["replies"]) == 1
    with app.app_context():
        member()
        assert db.session.scalars(db.select(Reply.state)).all() == ["sent"]

    back = sandbox.post("bluesky", "Thanks for that", handle=ACCOUNT, in_reply_to=reply["remote_id"])
    tick()
    thread = client.get(f"/conversations/{conversation}").get_data(as_text=True)
    assert "Thanks for that" in thread
    assert re.search(r"at://|did:plc", re.sub(r'href="[^"]*"', "", thread)) is None, "nobody is shown an identifier"

    sandbox.control("PATCH", f"posts/bluesky/{edited}", json={"text": "They called back"})
    sandbox.control("DELETE", f"posts/bluesky/{gone}")
    sandbox.control("DELETE", f"posts/bluesky/{back}")
    a_day_passes(database, app, work)
    after = what_shows(app)
    assert f"@{ACCOUNT} They called back" in after
    assert not [words for words in after if "private" in words]
    assert "Thanks for that" not in client.get(f"/conversations/{conversation}").get_data(as_text=True)
