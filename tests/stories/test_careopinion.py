"""Care Opinion: found at sign-up, read, answered by hand, held and edited by moderators, followed to its end."""

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient

from healthberry.local.mailbox import Mailbox
from healthberry.local.postgres import Database
from tests.sandbox_server import Sandbox
from tests.stories.days import a_day_passes
from tests.stories.loop import ANSWER, DOMAIN, TRUST, open_link, sign_up
from tests.stories.reviews import channel_of, copied, put_on_site, shown, thread


def test_stories_of_the_trust_and_its_services_are_found_with_their_answers(
    client: FlaskClient, app: Flask, sandbox: Sandbox, mailbox: Mailbox, work: Callable[[], None], register: None
) -> None:
    answered = sandbox.post("careopinion", "My knee operation", ods_code=TRUST, posted_at="2026-03-01T10:00:00Z")
    put_on_site(f"{sandbox.url}/careopinion/{answered}/responses", "Thank you from all of us")
    ward = f"{TRUST}01 outpatients"
    sandbox.post("careopinion", "Nobody told us why", ods_code=ward, posted_at="2026-05-01T10:00:00Z")

    sign_up(client, mailbox, work, ods_code=TRUST, email=f"pat@{DOMAIN}")
    work()

    assert list(shown(app)) == ["Nobody told us why"]
    (done,) = shown(app, "closed").values()
    assert "Thank you from all of us" in thread(client, str(done.id))
    channel = channel_of(app, "careopinion")
    assert (channel.state, channel.backfill_state) == ("active", "done")
    assert [mail for mail in mailbox.messages() if "/r/" in mail.text] == []


def test_an_answer_is_held_and_edited_by_moderators_and_found_all_the_same(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    tick: Callable[[], None],
    organisation: None,
) -> None:
    sandbox.control("POST", "settings", json={"careopinion_delay_seconds": 1800, "moderator_edits": "always"})
    story = sandbox.post("careopinion", "The ward was loud", ods_code=TRUST)
    tick()
    conversation_id, page = open_link(client, mailbox)
    copied(client, conversation_id, page)
    put_on_site(f"{sandbox.url}/careopinion/{story}/responses", change="0")
    tick()
    held = thread(client, conversation_id)
    assert "Copied." in held
    assert "after 30 minutes or more, and its moderators may edit them" in held
    assert "The ward was loud" in shown(app)

    sandbox.control("POST", "settings", json={"clock_offset_seconds": 1801})
    tick()

    (answer,) = sandbox.seen("careopinion", story)["replies"]
    assert answer["text"] != answer["typed_text"] == ANSWER
    seen = thread(client, conversation_id)
    assert ANSWER in seen
    assert "Copied." not in seen
    assert "The ward was loud" in shown(app, "closed")


def test_a_story_is_followed_when_it_is_edited_and_withdrawn(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    database: Database,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    story = sandbox.post("careopinion", "The food was cold", ods_code=TRUST)
    tick()
    conversation_id = str(shown(app)["The food was cold"].id)

    sandbox.control("PATCH", f"posts/careopinion/{story}", json={"text": "The food was warm after all"})
    a_day_passes(database, app, work)
    assert "The food was warm after all" in shown(app)

    sandbox.control("DELETE", f"posts/careopinion/{story}")
    a_day_passes(database, app, work)
    gone = thread(client, conversation_id)
    assert "Taken down at the source" in gone
    assert "warm after all" not in gone


def test_tags_ratings_and_progress_stand_beside_a_story_and_follow_it(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    database: Database,
    work: Callable[[], None],
    tick: Callable[[], None],
    organisation: None,
) -> None:
    tags = [
        {"name": "kind staff", "group": "What was good", "polarity": 1},
        {"name": "car park", "group": "Environment", "polarity": -1},
        {"name": "thankful", "group": "Emotion", "polarity": 1},
    ]
    ratings = [{"questionText": "How was your experience?", "score": 2, "scoreText": "Good"}]
    story = sandbox.post("careopinion", "All went well", ods_code=f"{TRUST}01 outpatients", tags=tags, ratings=ratings)
    tick()
    conversation_id = str(shown(app)["All went well"].id)

    here = thread(client, conversation_id)
    for words in ("kind staff", "What could be improved", "car park", "thankful", "Good (2)", "has not yet had"):
        assert words in here

    put_on_site(f"{sandbox.url}/careopinion/{story}/responses", "Thank you, we are changing it", change="1")
    tick()
    a_day_passes(database, app, work)
    here = thread(client, conversation_id)
    assert "has had a response" in here
    assert "has not yet had" not in here
    assert "Change: <bdi>change planned</bdi>" in here
    assert "kind staff" in here
    assert "edited" not in here


def test_what_another_organisation_answers_is_shown_as_theirs_and_nothing_follows(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    mailbox: Mailbox,
    tick: Callable[[], None],
    organisation: None,
) -> None:
    sandbox.control("POST", "organisations", json={"ods_code": "RX6", "name": "Ambulance Service"})
    story = sandbox.post("careopinion", "The ambulance was late", ods_code=TRUST)
    tick()
    conversation_id, _ = open_link(client, mailbox)
    mailbox.clear()
    answers = f"{sandbox.url}/careopinion/{story}/responses"

    put_on_site(answers, "We are sorry about the ambulance", organisation="RX6")
    tick()

    here = thread(client, conversation_id)
    assert "We are sorry about the ambulance" in here
    assert "from another organisation" in here
    assert "Ambulance Service" in here
    assert "posted on Care Opinion" not in here
    row = shown(app)["The ambulance was late"]
    assert (row.status, row.replied) == ("open", False)

    copied(client, conversation_id, here)
    put_on_site(answers)
    tick()
    put_on_site(answers, "One more thing about the ambulance", organisation="RX6")
    tick()

    row = shown(app, "closed")["The ambulance was late"]
    assert (row.status, row.replied) == ("closed", True)
    assert "One more thing" in thread(client, conversation_id)
    assert [mail for mail in mailbox.messages() if "/r/" in mail.text] == []
