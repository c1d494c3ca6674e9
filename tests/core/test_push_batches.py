"""What was sent is read in batches: nothing is lost, nothing counts twice, and nobody waits for a bad piece."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import select, update

from healthberry.connectors.base import Page
from healthberry.connectors.errors import NotAuthorised, RateLimited, Rejected, Unavailable
from healthberry.core import channels, events, unlinking
from healthberry.core.sweep import due_work
from healthberry.extensions import db, part
from healthberry.jobs import pushes as jobs
from healthberry.local.postgres import Database
from healthberry.models.activities import Activity
from healthberry.models.channels import Channel
from healthberry.models.organisations import Organisation
from healthberry.models.owned import now
from healthberry.models.pushes import PushDelivery
from tests.core.batches import (
    arrive,
    channel,
    dying_at,
    failing,
    quarantined,
    stored,
    take,
    waiting,
)
from tests.pushed import Pushed, pushed
from tests.world import World

__all__ = ["channel", "pushed"]


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

    with dying_at("DELETE FROM deliveries"), pytest.raises(KeyboardInterrupt):
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


def test_what_comes_while_the_last_batch_is_read_is_read_next(channel: Channel, pushed: Pushed) -> None:
    reads = pushed.reads

    def meanwhile(body: str) -> Page:
        pushed.reads = reads
        arrive(channel, "b")
        return reads(body)

    pushed.reads = meanwhile
    arrive(channel, "a")

    take(channel)

    assert (stored(), waiting()) == (["a"], ["b"])
    valkey = part("valkey")
    assert valkey.zpopmin("hb:batch:delivery")[0][0].decode() == f"{channel.organisation_id}:{channel.id}"
    take(channel)
    assert (stored(), waiting()) == (["a", "b"], [])
    assert valkey.zcard("hb:batch:delivery") == 0


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
