"""A local newspaper is linked by its address, read, followed, and honestly not answered."""

import re
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from healthberry.core import channels, inbox
from healthberry.core.inbox import View
from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.models.channels import Channel
from tests.sandbox_server import Sandbox
from tests.stories.loop import DOMAIN, TRUST, member, sign_up

Act = Callable[[], None]


def test_a_newspaper_is_linked_by_its_page_read_followed_and_not_answered(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Act, tick: Act, register: None
) -> None:
    for number in range(70):
        posted = f"2026-03-{1 + number % 28:02d}T10:00:00Z"
        sandbox.post("feed", f"Seacroft Hospital, number {number}", handle="leeds", posted_at=posted)
    sandbox.post("feed", "The football was good", handle="leeds", posted_at="2026-04-01T10:00:00Z")
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    mailbox.clear()

    typed = {"address": f"{sandbox.url}/websites/localnews.example/leeds/", "words": "seacroft hospital"}
    linked = client.post("/channels/add/feed", data=typed, follow_redirects=True).get_data(as_text=True)
    assert "Linked. It is being read now" in linked, "nobody is asked to choose between formats of the same articles"
    work()
    assert len(_texts(app)) == 70, "history is read to its end, and the football left out"

    late = sandbox.post("feed", "Seacroft Hospital was kind to Dad", handle="leeds", author="Marigold57")
    tick()
    assert _texts(app)[0] == "Seacroft Hospital was kind to Dad"
    alert = mailbox.wait_for(lambda message: "/r/" in message.text, 20)
    link = re.search(r"http://localhost(/r/\S+)", alert.text)
    assert link is not None
    page = client.get(link[1], follow_redirects=True).get_data(as_text=True)
    assert "A feed takes no answers." in page
    assert f"{sandbox.url}/sites/feed/items/" in page

    sandbox.control("PATCH", f"posts/feed/{late}", json={"text": "Seacroft Hospital was very kind to Dad"})
    tick()
    assert _texts(app)[0] == "Seacroft Hospital was very kind to Dad"
    assert len(_texts(app)) == 71


def test_a_feed_that_is_gone_for_good_says_so_and_comes_back_by_its_new_address(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Act, tick: Act, register: None
) -> None:
    sandbox.post("feed", "Leeds was kind", handle="leeds")
    sandbox.post("feed", "York was kind", handle="york")
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    client.post("/channels/add/feed", data={"address": "localnews.example/leeds/feed.xml"})
    work()
    sandbox.control("POST", "feeds", json={"place": "leeds", "way": "gone"})
    tick()
    card = client.get("/channels").get_data(as_text=True)
    assert "gone for good" in card
    assert "Change its settings" in card
    with app.app_context():
        channel_id = next(one.id for one in channels.channels_of(member()) if one.kind == "feed")

    refused = client.post(f"/channels/{channel_id}/settings", data={"address": "localnews.example/leeds/feed.xml"})
    assert (refused.status_code, "gone for good" in refused.get_data(as_text=True)) == (422, True)
    saved = client.post(f"/channels/{channel_id}/settings", data={"address": "localnews.example/york/feed.json"})
    assert saved.status_code == 303
    work()

    assert sorted(_texts(app)) == ["Leeds was kind", "York was kind"]
    with app.app_context():
        member()
        channel = db.session.scalars(db.select(Channel).filter_by(kind="feed")).one()
        assert (channel.id, channel.state, channel.label) == (channel_id, "active", "York Local News")


def _texts(app: Flask) -> list[str]:
    with app.app_context():
        rows = inbox.list_conversations(member(), View(), limit=200).rows
        return [row.first_words for row in rows if row.channel_kind == "feed"]
