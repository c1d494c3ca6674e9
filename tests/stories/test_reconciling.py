"""Counts beside those of the source: what a source forgot to serve once is noticed within a day, and comes in."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from healthberry.extensions import db
from healthberry.local.postgres import Database
from healthberry.models.channels import Channel
from healthberry.models.owned import now
from tests.sandbox_server import Sandbox
from tests.stories.days import change, later, what_shows
from tests.stories.google_account import link_google
from tests.stories.loop import TRUST, member

COMPARE = "UPDATE walks SET compare_at = now()"


def channel_page(client: FlaskClient, app: Flask, kind: str) -> str:
    """Return the words of the channel's page."""
    with app.app_context():
        member()
        channel_id = db.session.scalars(db.select(Channel.id).filter_by(kind=kind)).one()
    page = client.get(f"/channels/{channel_id}").text
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_review_that_google_forgot_to_serve_is_missed_by_count_and_read_by_going_through_all_again(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    database: Database,
    work: Callable[[], None],
    organisation: None,
) -> None:
    for days in (400, 300, 200, 900):
        posted_at = (now() - timedelta(days=days)).isoformat()
        sandbox.post("google", f"It was {days} days ago", ods_code=TRUST, rating=4, posted_at=posted_at)
    fault = {"channel": "google", "kind": "forgotten_item", "times": 2, "path": "/reviews"}
    sandbox.control("POST", "faults", json=fault)

    link_google(client, "google", TRUST, locations="")
    work()
    sandbox.control("DELETE", "faults")
    assert "It was 200 days ago" not in what_shows(app), "it was left out of the list"

    later(database, app, work, COMPARE)
    later(database, app, work)

    assert "It was 200 days ago" in what_shows(app)
    words = channel_page(client, app, "google")
    assert re.search(r"Google says \d+.* we hold \d+.*: nothing is missing", words), words
    assert "and found 1 that had been missed" in words


def test_what_stays_missing_is_said_and_all_is_read_again_once_a_day_at_most(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    database: Database,
    work: Callable[[], None],
    organisation: None,
) -> None:
    posted_at = (now() - timedelta(days=30)).isoformat()
    sandbox.post("google", "It was a month ago", ods_code=TRUST, rating=4, posted_at=posted_at)
    sandbox.control("POST", "faults", json={"channel": "google", "kind": "forgotten_item", "times": 1000})
    link_google(client, "google", TRUST, locations="")
    work()

    later(database, app, work, COMPARE)
    later(database, app, work)
    assert "1 missing" in channel_page(client, app, "google")

    before = sandbox.control("GET", "requests")
    later(database, app, work, COMPARE)
    assert "1 missing" in channel_page(client, app, "google")
    lists = [name for name in before["counts"] if "reviews" in name]
    after = sandbox.control("GET", "requests")
    assert all(after["counts"][name] - before["counts"][name] <= 2 for name in lists), "it is asked, not walked through"

    sandbox.control("DELETE", "faults")
    later(database, app, work, "UPDATE walks SET compare_at = now(), full_at = now() - interval '1 day'")
    later(database, app, work)
    assert "It was a month ago" in what_shows(app)


@pytest.mark.parametrize("day", ["2020-01-01", "2199-01-01", "nonsense", ""])
def test_a_day_that_nobody_can_read_again_is_refused_in_words(
    client: FlaskClient, app: Flask, sandbox: Sandbox, work: Callable[[], None], organisation: None, day: str
) -> None:
    work()
    with app.app_context():
        member()
        channel_id = db.session.scalars(db.select(Channel.id).filter_by(kind="nhsuk")).one()

    answer = client.post(f"/channels/{channel_id}/coverage", data={"day": day})

    assert answer.status_code == 422


def test_a_day_is_read_again_and_what_had_been_missed_appears_where_the_source_tells_no_total(
    client: FlaskClient,
    app: Flask,
    sandbox: Sandbox,
    database: Database,
    work: Callable[[], None],
    organisation: None,
) -> None:
    work()
    posted_at = now() - timedelta(days=100)
    sandbox.post("nhsuk", "Nobody saw this", ods_code=TRUST, rating=3, posted_at=posted_at.isoformat())
    change(database, "UPDATE channels SET next_poll_at = now() + interval '1 day'")
    with app.app_context():
        member()
        channel_id = db.session.scalars(db.select(Channel.id).filter_by(kind="nhsuk")).one()
    assert not any("Nobody saw this" in words for words in what_shows(app))

    day = posted_at.date().isoformat()
    answer = client.post(f"/channels/{channel_id}/coverage", data={"day": day}, follow_redirects=True)
    assert "is being read again" in answer.text
    work()

    assert any("Nobody saw this" in words for words in what_shows(app))
    page = client.get(f"/channels/{channel_id}/coverage?month={day[:7]}&day={day}").text
    assert "Read completely." in page
    assert "1 item of this day is here" in page
