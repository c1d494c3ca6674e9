"""What was sent is read in batches: nothing is lost, nothing counts twice, and nobody waits for a bad piece."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, select, update

from healthberry.connectors.base import Delivery, Page
from healthberry.connectors.errors import NotAuthorised, RateLimited, Rejected, Unavailable
from healthberry.core import channels, events, pushes, reading, unlinking
from healthberry.core.sweep import due_work
from healthberry.extensions import db
from healthberry.jobs import ingest
from healthberry.jobs import pushes as jobs
from healthberry.local.postgres import Database
from healthberry.models.activities import Activity
from healthberry.models.channels import Channel, QuarantinedItem
from healthberry.models.conversations import Message
from healthberry.models.organisations import Organisation
from healthberry.models.owned import now
from healthberry.models.pushes import PushDelivery
from healthberry.queues import queue
from tests.pushed import Pushed, at, item, pushed, use
from tests.world import World

__all__ = ["pushed"]


@pytest.fixture
def channel(world: World, pushed: Pushed) -> Channel:
    """Return a channel that is never asked."""
    channel = world.channel(world.organisation(), "pushed")
    channel.next_poll_at = None
    db.session.commit()
    return channel


def arrive(channel: Channel, *names: str) -> None:
    """Keep deliveries as the hook does."""
    sent = [Delivery(json.dumps({"id": name}), key=name) for name in names]
    pushes.keep(channel.organisation_id, channel.id, sent)
    events.commit()


def take(channel: Channel) -> None:
    """Read what waits, as a worker does, and look at the channel anew."""
    jobs.take(str(channel.organisation_id), str(channel.id))
    db.session.refresh(channel)


def waiting() -> list[str]:
    return list(db.session.scalars(select(PushDelivery.key).order_by(PushDelivery.id)))


def stored() -> list[str]:
    return sorted(db.session.scalars(select(Message.remote_id)))


def quarantined() -> list[tuple[str, str]]:
    found = select(QuarantinedItem.raw, QuarantinedItem.reason).order_by(QuarantinedItem.raw)
    return [(json.loads(raw)["id"], reason) for raw, reason in db.session.execute(found)]


def failing(pushed: Pushed, errors: dict[str, Exception]) -> list[str]:
    """Let these deliveries fail; return the list that fills with what is read."""
    asked: list[str] = []

    def read(body: str) -> Page:
        name = json.loads(body)["id"]
        asked.append(name)
        if name in errors:
            raise errors[name]
        return Page([item(json.loads(body))], None, more=False)

    pushed.reads = read
    return asked


def test_the_oldest_is_read_first(channel: Channel, pushed: Pushed) -> None:
    asked = failing(pushed, {})
    for name in "cab":
        arrive(channel, name)

    take(channel)

    assert asked == ["c", "a", "b"]
    assert channel.next_delivery_at <= now()


def test_what_can_never_be_read_is_kept_aside_with_its_reason(channel: Channel, pushed: Pushed) -> None:
    failing(pushed, {"b": Rejected("It is in no language we know."), "d": ValueError("bug")})
    arrive(channel, *"abcde")

    take(channel)

    assert stored() == ["a", "c", "e"]
    assert waiting() == []
    assert quarantined() == [("b", "It is in no language we know."), ("d", "It could not be read (ValueError).")]
    assert (channel.state, channel.items_quarantined) == ("active", 2)


def test_what_fails_for_the_moment_waits_and_its_neighbours_do_not(channel: Channel, pushed: Pushed) -> None:
    errors: dict[str, Exception] = {"b": Unavailable("Away.")}
    failing(pushed, errors)
    arrive(channel, *"abc")

    take(channel)

    assert (stored(), waiting()) == (["a", "c"], ["b"])
    assert now() < channel.next_delivery_at <= now() + timedelta(seconds=15)
    assert ("delivery", str(channel.id)) not in {(due.kind, due.id) for due in due_work()}
    errors.clear()
    channel.next_delivery_at = now()
    db.session.commit()
    take(channel)
    assert (stored(), waiting()) == (["a", "b", "c"], [])


def test_what_failed_for_the_moment_for_a_day_is_given_up(channel: Channel, pushed: Pushed) -> None:
    failing(pushed, {"b": Unavailable("Away.")})
    arrive(channel, *"ab")
    db.session.execute(update(PushDelivery).values(received_at=now() - timedelta(hours=25)))
    db.session.commit()

    take(channel)

    assert (stored(), waiting(), quarantined()) == (["a"], [], [("b", "Away.")])


def test_a_provider_that_asks_to_wait_is_left_alone_for_so_long(channel: Channel, pushed: Pushed) -> None:
    asked = failing(pushed, {"b": RateLimited("Slow down.", retry_after=300)})
    arrive(channel, *"abc")

    take(channel)

    assert asked == ["a", "b"]
    assert (stored(), waiting()) == (["a"], ["b", "c"])
    assert channel.next_delivery_at > now() + timedelta(seconds=290)
    assert channel.state == "active"


def test_a_provider_that_is_down_is_not_asked_for_every_piece(channel: Channel, pushed: Pushed) -> None:
    asked = failing(pushed, dict.fromkeys("abcdefgh", Unavailable("Away.")))
    arrive(channel, *"abcdefgh")

    take(channel)

    assert asked == ["a", "b", "c"]
    assert waiting() == list("abcdefgh")
    assert channel.failures_in_a_row == 1


def test_with_a_refused_token_everything_waits_until_somebody_connects_again(channel: Channel, pushed: Pushed) -> None:
    errors: dict[str, Exception] = {"a": NotAuthorised("Connect again.")}
    failing(pushed, errors)
    arrive(channel, *"ab")

    take(channel)

    assert (waiting(), stored()) == (["a", "b"], [])
    assert (channel.state, channel.trouble) == ("failing", "Connect again.")
    errors.clear()
    channel.next_delivery_at = now()
    db.session.commit()
    take(channel)
    assert (stored(), channel.state, channel.trouble) == (["a", "b"], "active", "")


def test_a_crash_between_reading_and_storing_changes_nothing_twice(channel: Channel, pushed: Pushed) -> None:
    arrive(channel, *"abc")

    with _dying_at("DELETE FROM deliveries"), pytest.raises(KeyboardInterrupt):
        take(channel)
    events.forget()
    assert (stored(), waiting()) == ([], list("abc"))

    take(channel)
    assert stored() == []
    channel.delivery_claimed_until = now()  # the claim of the worker that died runs out
    db.session.commit()
    take(channel)
    assert (stored(), waiting()) == (list("abc"), [])
    arrived = select(Activity).filter_by(kind="conversation_arrived")
    assert len(db.session.scalars(arrived).all()) == 3


@contextmanager
def _dying_at(words: str) -> Iterator[None]:
    """End the worker when it sends this statement to the database."""

    def die(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(words):
            raise KeyboardInterrupt

    event.listen(db.engine, "before_cursor_execute", die)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", die)


def test_two_workers_do_not_read_the_same_channel(channel: Channel, pushed: Pushed) -> None:
    arrive(channel, "a")
    reads = pushed.reads

    def meanwhile(body: str) -> Page:
        pushed.reads = reads
        jobs.take(str(channel.organisation_id), str(channel.id))
        assert waiting() == ["a"]
        return reads(body)

    pushed.reads = meanwhile

    take(channel)

    assert (stored(), waiting()) == (["a"], [])


def test_what_comes_while_the_last_batch_is_read_is_read_too(channel: Channel, pushed: Pushed) -> None:
    reads = pushed.reads

    def meanwhile(body: str) -> Page:
        pushed.reads = reads
        arrive(channel, "b")
        return reads(body)

    pushed.reads = meanwhile
    arrive(channel, "a")

    take(channel)

    assert (stored(), waiting()) == (["a", "b"], [])


def test_what_comes_too_late_for_an_unlinked_channel_is_forgotten(channel: Channel, pushed: Pushed) -> None:
    reads = pushed.reads

    def meanwhile(body: str) -> Page:
        db.session.execute(update(Channel).values(state="unlinked"))
        db.session.commit()
        return reads(body)

    pushed.reads = meanwhile
    arrive(channel, "a")

    take(channel)

    assert (stored(), waiting()) == ([], [])
    arrive(channel, "b")
    take(channel)
    assert waiting() == []


def test_what_is_off_keeps_what_was_sent_until_it_is_on_again(channel: Channel, pushed: Pushed) -> None:
    arrive(channel, "a")
    channel.state = "off"
    db.session.commit()
    take(channel)
    assert waiting() == ["a"]

    channel.state = "active"
    db.session.commit()
    take(channel)

    assert (stored(), waiting()) == (["a"], [])


def _polled(app: Flask, **more: int | None) -> Pushed:
    """Replace the kind by one that is also asked, every minute."""
    return use(app, Pushed(poll_seconds=60, **more))


def _hints(pushed: Pushed) -> None:
    pushed.reads = lambda body: Page([], None, more=False, poll_now=True)


def test_a_hint_has_the_channel_asked_at_once_and_once_for_a_burst(app: Flask, channel: Channel) -> None:
    _hints(_polled(app))
    later = now() + timedelta(minutes=1)
    channel.next_poll_at = later
    db.session.commit()
    arrive(channel, *"abc")

    take(channel)

    assert at(channel.next_poll_at) <= now()
    nudged = [job.func_name for job in queue("ingest", app.extensions["valkey_jobs"]).get_jobs()]
    assert nudged.count("healthberry.jobs.ingest.poll") == 1


def test_a_hint_for_a_channel_that_is_never_asked_asks_nobody(app: Flask, channel: Channel, pushed: Pushed) -> None:
    _hints(pushed)
    arrive(channel, "a")

    take(channel)

    assert channel.next_poll_at is None
    nudged = [job.func_name for job in queue("ingest", app.extensions["valkey_jobs"]).get_jobs()]
    assert "healthberry.jobs.ingest.poll" not in nudged


def test_a_hint_during_a_poll_is_followed_by_another_poll(app: Flask, channel: Channel) -> None:
    polled = _polled(app)
    channel.next_poll_at = now()
    db.session.commit()

    polled.meanwhile = _asked_now
    ingest.poll(str(channel.organisation_id), str(channel.id))

    polled.meanwhile = lambda: None
    db.session.refresh(channel)
    assert at(channel.next_poll_at) <= now()
    nudged = [job.func_name for job in queue("ingest", app.extensions["valkey_jobs"]).get_jobs()]
    assert "healthberry.jobs.ingest.poll" in nudged

    ingest.poll(str(channel.organisation_id), str(channel.id))
    db.session.refresh(channel)
    assert at(channel.next_poll_at) > now()


def _asked_now() -> None:
    db.session.execute(update(Channel).values(next_poll_at=now()))
    db.session.commit()


def test_the_last_days_are_read_again_by_the_clock_without_touching_the_cursor(app: Flask, channel: Channel) -> None:
    polled = _polled(app, reread_seconds=3600)
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
    polled = _polled(app, reread_seconds=3600)
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


def test_unlinking_forgets_what_waits(world: World, channel: Channel) -> None:
    member = world.member(db.session.get_one(Organisation, channel.organisation_id))
    arrive(channel, "a")

    unlinking.unlink(member, channel.id, erase=False)
    db.session.commit()

    assert waiting() == []


def test_a_page_that_is_being_stored_does_not_hold_up_what_is_sent_meanwhile(
    channel: Channel, database: Database
) -> None:
    assert not channels.is_unlinked(channel)  # as every store begins: it holds the channel to the end

    with psycopg.connect(database.owner_url) as other:
        other.execute("SET lock_timeout = '3s'")
        other.execute(
            "INSERT INTO deliveries (organisation_id, id, channel_id, key, body, received_at)"
            " VALUES (%s, %s, %s, 'a', '{}', now())",
            (channel.organisation_id, channel.id, channel.id),
        )
    db.session.rollback()

    assert waiting() == ["a"]
