"""NHS.UK reviews: found at sign-up, read, answered by hand and seen there, followed through edit and removal."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from tests.sandbox_server import Sandbox
from tests.stories.days import a_day_passes
from tests.stories.loop import ANSWER, DOMAIN, TRUST, open_link, sign_up
from tests.stories.reviews import channel_of, copied, put_on_site, shown, thread

SITE = f"{TRUST}01"


def page_of(sandbox: Sandbox, review: str) -> str:
    return f"{sandbox.url}/nhsuk/services/{TRUST}/reviews/{review}"


def test_reviews_of_the_trust_and_its_sites_are_found_with_the_answers_that_they_have(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    answered = sandbox.post("nhsuk", "Seen on time", ods_code=TRUST, rating=5, posted_at="2026-03-01T10:00:00Z")
    put_on_site(f"{page_of(sandbox, answered)}/response", "Thank you from all of us")
    sandbox.post("nhsuk", "The lift is broken", ods_code=SITE, rating=2, posted_at="2026-05-01T10:00:00Z")

    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()

    assert shown(app)["The lift is broken"].rating == 2
    (done,) = shown(app, "closed").values()
    assert "Thank you from all of us" in thread(client, str(done.id))
    assert "posted on NHS.UK" in thread(client, str(done.id))
    channel = channel_of(app, "nhsuk")
    assert (channel.state, channel.backfill_state) == ("active", "done")
    assert [mail for mail in mailbox.messages() if "/r/" in mail.text] == []


def test_a_new_review_is_answered_by_hand_once_it_shows_there_it_shows_here(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    tick: Callable[[], None],
    organisation: None,
) -> None:
    review = sandbox.post("nhsuk", "Nobody at the desk", ods_code=TRUST, rating=1)
    tick()
    conversation_id, page = open_link(client, mailbox)
    assert "NHS.UK publishes answers at once" in copied(client, conversation_id, page)
    tick()
    assert "Copied." in thread(client, conversation_id)

    put_on_site(f"{page_of(sandbox, review)}/response")
    tick()

    here = thread(client, conversation_id)
    assert ANSWER in here
    assert "Copied." not in here
    assert "Nobody at the desk" in shown(app, "closed")
    tick()
    assert thread(client, conversation_id).count(ANSWER) == here.count(ANSWER)
    assert "NHS.UK shows one answer per review" in here


def test_a_review_is_followed_when_it_is_edited_hidden_shown_again_and_removed(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    database: Database,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    review = sandbox.post("nhsuk", "We waited four hours", ods_code=TRUST, rating=2)
    tick()
    conversation_id = str(shown(app)["We waited four hours"].id)

    sandbox.control("PATCH", f"posts/nhsuk/{review}", json={"text": "We waited six hours"})
    a_day_passes(database, app, work)
    assert "We waited six hours" in shown(app)

    sandbox.control("PATCH", f"posts/nhsuk/{review}", json={"text": "", "status": "Removed"})
    a_day_passes(database, app, work)
    hidden = thread(client, conversation_id)
    assert "Taken down at the source" in hidden
    assert "six hours" not in hidden

    sandbox.control("PATCH", f"posts/nhsuk/{review}", json={"text": "", "status": "Published"})
    tick()
    assert "We waited six hours" in thread(client, conversation_id)

    sandbox.control("DELETE", f"posts/nhsuk/{review}")
    tick()
    assert "six hours" not in thread(client, conversation_id)
