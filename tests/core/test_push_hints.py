"""What is sent may only hint: the channel is asked then; and the last days are read again, for what push missed."""

from datetime import timedelta

import pytest
from flask import Flask

from healthberry.connectors.base import Page
from healthberry.connectors.errors import RateLimited, Unavailable
from healthberry.core import channels, reading
from healthberry.core.sweep import due_work
from healthberry.extensions import db
from healthberry.jobs import ingest
from healthberry.jobs import pushes as jobs
from healthberry.models.channels import Channel
from healthberry.models.owned import now
from healthberry.queues import queue
from tests.core.batches import (
    always_asked,
    arrive,
    asked_now,
    channel,
    hints,
    stored,
    take,
)
from tests.pushed import Pushed, at, item, pushed, use

__all__ = ["channel", "pushed"]


def test_a_hint_has_the_channel_asked_at_once_and_once_for_a_burst(app: Flask, channel: Channel) -> None:
    hints(always_asked(app))
    later = now() + timedelta(minutes=1)
    channel.next_poll_at = later
    db.session.commit()
    arrive(channel, *"abc")

    take(channel)

    assert at(channel.next_poll_at) <= now()
    nudged = [job.func_name for job in queue("ingest", app.extensions["valkey_jobs"]).get_jobs()]
    assert nudged.count("healthberry.jobs.ingest.poll") == 1


def test_a_hint_for_a_channel_that_is_never_asked_asks_nobody(app: Flask, channel: Channel, pushed: Pushed) -> None:
    hints(pushed)
    arrive(channel, "a")

    take(channel)

    assert channel.next_poll_at is None
    nudged = [job.func_name for job in queue("ingest", app.extensions["valkey_jobs"]).get_jobs()]
    assert "healthberry.jobs.ingest.poll" not in nudged


def test_a_hint_during_a_poll_is_followed_by_another_poll(app: Flask, channel: Channel) -> None:
    polled = always_asked(app)
    channel.next_poll_at = now()
    db.session.commit()

    polled.meanwhile = asked_now
    ingest.poll(str(channel.organisation_id), str(channel.id))

    polled.meanwhile = lambda: None
    db.session.refresh(channel)
    assert at(channel.next_poll_at) <= now()
    nudged = [job.func_name for job in queue("ingest", app.extensions["valkey_jobs"]).get_jobs()]
    assert "healthberry.jobs.ingest.poll" in nudged

    ingest.poll(str(channel.organisation_id), str(channel.id))
    db.session.refresh(channel)
    assert at(channel.next_poll_at) > now()


def test_the_last_days_are_read_again_by_the_clock_without_touching_the_cursor(app: Flask, channel: Channel) -> None:
    polled = always_asked(app, reread_seconds=3600)
    first, second = Page([item({"id": "a"})], "one", more=True), Page([item({"id": "b"})], "two", more=False)
    polled.polls = [first, second]
    channel.poll_cursor, channel.reread_at = "where polls are", now()
    db.session.commit()
    assert ("reread", str(channel.id)) in {(due.kind, due.id) for due in due_work()}

    jobs.reread(str(channel.organisation_id), str(channel.id))

    db.session.refresh(channel)
    assert polled.asked == [None, "one"]
    assert stored() == ["a", "b"]
    assert channel.poll_cursor == "where polls are"
    assert at(channel.reread_at) > now() + timedelta(minutes=59)
    jobs.reread(str(channel.organisation_id), str(channel.id))
    assert polled.asked == [None, "one"]


def test_a_reread_that_fails_comes_back_and_says_nothing_of_the_channel(app: Flask, channel: Channel) -> None:
    polled = always_asked(app, reread_seconds=3600)
    for error, least in ((Unavailable("Away."), 590), (RateLimited("Slow down.", retry_after=1800), 1790)):
        polled.polls = [error]
        channel.reread_at = now()
        db.session.commit()

        jobs.reread(str(channel.organisation_id), str(channel.id))

        db.session.refresh(channel)
        assert at(channel.reread_at) > now() + timedelta(seconds=least)
        assert (channel.state, channel.failures_in_a_row) == ("active", 0)


@pytest.mark.parametrize(("seconds", "planned"), [(3600, True), (None, False)])
def test_when_history_is_loaded_the_first_reread_is_planned_where_the_kind_wants_it(
    app: Flask, channel: Channel, seconds: int | None, planned: bool
) -> None:
    use(app, Pushed(poll_seconds=60, reread_seconds=seconds))
    channel.backfill_state = "running"
    assert channels.capabilities_of("pushed").reread_seconds == seconds

    reading.store_backfill(channel, Page([], None, more=False))

    assert (channel.reread_at is not None) is planned
