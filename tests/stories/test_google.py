"""Google reviews: linked from the pages, read, pushed, answered once, moderated, edited and taken down."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient

from healthberry.extensions import db
from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.owned import now
from tests.sandbox_server import Sandbox
from tests.stories.days import a_day_passes, later, rows, what_shows
from tests.stories.google_account import link_google
from tests.stories.loop import ANSWER, TRUST, member, open_link, publish

SITE = f"{TRUST}01"


def test_the_reviews_of_all_locations_are_read_and_new_ones_follow(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    long_ago = (now() - timedelta(days=400)).isoformat()
    sandbox.post("google", "Long ago all was well", ods_code=TRUST, rating=5, posted_at=long_ago)
    sandbox.post("google", "The lift is broken", ods_code=SITE, rating=2)
    page = link_google(client, "google", TRUST, locations="")
    assert "Google reviews of" in page
    work()
    assert {"Long ago all was well", "The lift is broken"} <= set(what_shows(app))
    (lift,) = [row for row in rows(app) if row.first_words == "The lift is broken"]
    assert lift.rating == 2

    sandbox.post("google", "The lift works again", ods_code=SITE, rating=4)
    tick()

    assert "The lift works again" in what_shows(app)
    with app.app_context():
        member()
        channel = db.session.scalars(db.select(Channel).filter_by(kind="google")).one()
        assert (channel.state, channel.backfill_state) == ("active", "done")


def test_a_push_that_google_signed_brings_the_review_at_once_and_a_forged_one_nothing(
    client: FlaskClient, app: Flask, sandbox: Sandbox, outside: str, work: Callable[[], None], organisation: None
) -> None:
    link_google(client, "google", TRUST, locations="")
    work()
    review = sandbox.post("google", "Nobody at the desk", ods_code=TRUST, rating=1)
    push = {"url": f"{outside}/hooks/google", "remote_id": review}
    assert sandbox.control("POST", "google/push", json={**push, "email": "x@evil.example"}) == {"statuses": [403]}
    work()
    assert "Nobody at the desk" not in what_shows(app)

    assert sandbox.control("POST", "google/push", json={**push, "times": 2}) == {"statuses": [204, 204]}
    work()

    assert "Nobody at the desk" in what_shows(app)


def test_an_answer_is_held_then_shown_and_its_review_followed_through_edit_and_end(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    database: Database,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    link_google(client, "google", TRUST, locations="")
    work()
    review = sandbox.post("google", "We waited four hours", ods_code=TRUST, rating=2)
    tick()
    conversation_id, page = open_link(client, mailbox)
    assert "checks answers before they show" in page
    sandbox.fault("google", "timeout_after", operation="reply", seconds=0)
    publish(client, conversation_id, page)
    tick()
    later(database, app, work, "UPDATE replies SET next_attempt_at = now()")
    (answer,) = sandbox.seen("google", review)["replies"]
    assert answer["text"] == ANSWER
    shown = client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert ANSWER in shown
    assert "posted on Google" in shown
    assert "edited after it was answered" not in shown

    sandbox.control("PATCH", f"posts/google/{review}", json={"text": "We waited six hours", "rating": 1})
    a_day_passes(database, app, work)
    shown = client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert "We waited six hours" in shown
    assert "edited after it was answered" in shown
    with app.app_context():
        member()
        found = db.session.get_one(Conversation, (member().organisation_id, UUID(conversation_id)))
        assert (found.first_words, found.rating) == ("We waited six hours", 1)

    sandbox.control("DELETE", f"posts/google/{review}")
    a_day_passes(database, app, work)
    assert "We waited six hours" not in client.get(f"/conversations/{conversation_id}").get_data(as_text=True)


def test_an_answer_that_moderators_refuse_leaves_the_thread_with_the_reason_and_its_words(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    database: Database,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    sandbox.control("POST", "settings", json={"google_delay_seconds": 600})
    link_google(client, "google", TRUST, locations="")
    work()
    sandbox.post("google", "We waited four hours", ods_code=TRUST, rating=2)
    tick()
    conversation_id, page = open_link(client, mailbox)
    held = publish(client, conversation_id, page, "We are sorry. A diagnosis takes time.")
    tick()
    held = client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert "will show it once its moderators have looked" in held

    sandbox.control("POST", "settings", json={"clock_offset_seconds": 601})
    later(database, app, work, "UPDATE replies SET next_attempt_at = now()")

    refused = client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert "personal information" in refused
    assert "This did not go out" in refused
    assert "posted on Google" not in refused


def test_a_colleagues_answer_on_google_is_not_written_over_unseen(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    tick: Callable[[], None],
    work: Callable[[], None],
    organisation: None,
) -> None:
    link_google(client, "google", TRUST, locations="")
    work()
    review = sandbox.post("google", "Thank you all", ods_code=TRUST, rating=5)
    tick()
    conversation_id, page = open_link(client, mailbox)
    sandbox.answer("google", review, "Answered on Google itself")
    publish(client, conversation_id, page)
    work()
    shown = client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert "Google keeps one answer per review" in shown
    assert [one["text"] for one in sandbox.seen("google", review)["replies"]] == ["Answered on Google itself"]

    tick()
    page = client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert "Answered on Google itself" in page
    assert "what you publish replaces the one that is there" in page
    publish(client, conversation_id, page)
    work()
    assert [one["text"] for one in sandbox.seen("google", review)["replies"]] == [ANSWER]
    shown = client.get(f"/conversations/{conversation_id}").get_data(as_text=True)
    assert "Answered on Google itself" not in shown
