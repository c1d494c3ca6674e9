"""An installation without keys: organisations bring their own, in the settings of what was found with no question."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.local.mailbox import Mailbox
from healthberry.settings import Settings
from tests.sandbox_server import KEYS, Sandbox
from tests.stories.loop import ANSWER, DOMAIN, TRUST, open_link, publish, sign_up
from tests.stories.reviews import channel_of, put_on_site, shown, thread


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An installation that has no keys to review sites."""
    return replace(settings, nhsuk_subscription_key=None, careopinion_subscription_key=None)


@pytest.fixture
def organisation(
    client: FlaskClient, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    """Sign a trust up that patients have written about."""
    sandbox.post("nhsuk", "The lift is broken", ods_code=TRUST, posted_at="2026-05-01T10:00:00Z")
    sandbox.post("careopinion", "Nobody told us why", ods_code=TRUST, posted_at="2026-05-01T10:00:00Z")
    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()
    mailbox.clear()


def give(client: FlaskClient, app: Flask, kind: str, codes: str, **fields: str) -> str:
    """Change the settings of a channel as its form shows them; return the page that follows."""
    path = f"/channels/{channel_of(app, kind).id}/settings"
    assert TRUST in client.get(path).get_data(as_text=True)
    form = {codes: TRUST, "name": "Imperial", **fields}
    return client.post(path, data=form, follow_redirects=True).get_data(as_text=True)


def test_own_keys_let_read_what_was_found_without_any(
    client: FlaskClient, app: Flask, work: Callable[[], None], tick: Callable[[], None], organisation: None
) -> None:
    for kind, codes, key in (
        ("nhsuk", "ods_codes", "NHSUK_SUBSCRIPTION_KEY"),
        ("careopinion", "nacs", "CAREOPINION_SUBSCRIPTION_KEY"),
    ):
        assert "add its own" in channel_of(app, kind).trouble
        assert "our key" in give(client, app, kind, codes, own_subscription_key="not-the-right-one")
        assert channel_of(app, kind).state == "failing"

        page = give(client, app, kind, codes, own_subscription_key=KEYS[key])

        assert "Saved, and tried" in page
        assert KEYS[key] not in page
    work()
    tick()
    assert sorted(shown(app)) == ["Nobody told us why", "The lift is broken"]
    assert [channel_of(app, kind).state for kind in ("nhsuk", "careopinion")] == ["active", "active"]


def test_with_an_own_publishers_key_an_answer_goes_out_by_itself_and_once(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    give(
        client,
        app,
        "nhsuk",
        "ods_codes",
        own_subscription_key=KEYS["NHSUK_SUBSCRIPTION_KEY"],
        publisher_id=KEYS["NHSUK_PUBLISHER_ID"],
        publisher_key=KEYS["NHSUK_PUBLISHER_KEY"],
    )
    work()
    review = sandbox.post("nhsuk", "Nobody at the desk", ods_code=TRUST, rating=1)
    tick()
    conversation_id, page = open_link(client, mailbox)
    sandbox.fault("nhsuk", "timeout_after", operation="reply", seconds=0)

    publish(client, conversation_id, page)
    for _ in range(3):
        tick()

    assert [one["text"] for one in sandbox.seen("nhsuk", review)["replies"]] == [ANSWER]
    seen = thread(client, conversation_id)
    assert ANSWER in seen
    assert "posted on NHS.UK" in seen


def test_while_the_key_is_refused_the_feed_stands_in_and_nothing_comes_twice(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    key = KEYS["NHSUK_SUBSCRIPTION_KEY"]
    page = give(client, app, "nhsuk", "ods_codes", syndication_type="hospitals", syndication_key=key)
    assert "Saved, and tried" in page
    old = sandbox.post("nhsuk", "Before the key <b>came</b>", ods_code=TRUST, title="A & B", rating=2)
    put_on_site(f"{sandbox.url}/nhsuk/services/{TRUST}/reviews/{old}/response", "Thank you from all of us")
    sandbox.post("nhsuk", "Somebody else's", ods_code="RX6")
    work()
    tick()
    before = {**shown(app), **shown(app, "closed")}
    assert sorted(before) == ["Before the key <b>came</b>", "The lift is broken"]
    assert before["Before the key <b>came</b>"].title == "A & B"

    give(client, app, "nhsuk", "ods_codes", own_subscription_key=key, syndication_type="hospitals")
    work()
    tick()

    after = {**shown(app), **shown(app, "closed")}
    assert {words: row.id for words, row in after.items()} == {words: row.id for words, row in before.items()}
    assert after["Before the key <b>came</b>"].rating == 2
    here = thread(client, str(after["Before the key <b>came</b>"].id))
    assert here.count("Thank you from all of us") == 1
    assert "edited" not in here

    sandbox.post("nhsuk", "While it was refused", ods_code=TRUST)
    sandbox.control("DELETE", f"posts/nhsuk/{old}")
    sandbox.fault("nhsuk", "expired_token", path="/comments/")
    tick()

    now = shown(app)
    assert sorted(now) == ["The lift is broken", "While it was refused"]
    assert channel_of(app, "nhsuk").state == "active"
    assert "Taken down at the source" in thread(client, str(after["Before the key <b>came</b>"].id))
