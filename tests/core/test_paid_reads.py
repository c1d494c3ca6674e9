"""What X charges for is counted for the whole installation; near the limit polls slow down, at the limit they stop."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from healthberry.connectors.base import Page
from healthberry.core import paid_reads, push_batches, reading, rechecks, rereads
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.owned import now
from healthberry.models.paid_reads import PaidReads, PaidToday
from healthberry.settings import Settings
from tests.world import World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The settings of an installation that may read a hundred posts a month."""
    return replace(settings, x_monthly_reads=100, x_consumer_secret="told")


@pytest.fixture
def channel(world: World) -> Channel:
    """Return an account on X."""
    return world.channel(world.organisation(), "x", backfill_state="done")


def _read(channel: Channel, *numbers: int) -> None:
    reading.store_poll(channel, Page([], None, more=False, paid=[str(number) for number in numbers]))
    db.session.commit()


def _used() -> int:
    return (paid_reads.standing("x") or paid_reads.Standing(-1, None, now().date())).used


def test_an_item_counts_once_a_day_whoever_reads_it(world: World, channel: Channel) -> None:
    _read(channel, 1, 2, 2, 3)
    other = world.channel(world.organisation(), "x")
    _read(other, 2, 3, 4)
    assert _used() == 4


def test_another_day_counts_again_and_the_days_before_are_forgotten(channel: Channel) -> None:
    _read(channel, 1, 2)
    db.session.execute(update(PaidToday).values(day=now().date() - timedelta(days=1)))
    db.session.commit()
    _read(channel, 1)
    assert _used() == 3
    assert len(db.session.scalars(select(PaidToday)).all()) == 1


def test_a_kind_that_costs_nothing_is_not_counted(world: World) -> None:
    channel = world.channel(world.organisation(), "careopinion")
    _read(channel, 1)
    assert paid_reads.standing("careopinion") is None
    assert paid_reads.in_words("careopinion") == ""
    assert db.session.scalars(select(PaidReads)).all() == []


@pytest.mark.parametrize(("used", "times"), [(10, 1), (79, 1), (80, 4), (90, 10), (95, 20)])
def test_near_the_limit_polls_slow_down(channel: Channel, used: int, times: int) -> None:
    _read(channel, *range(used))
    wait = (channel.next_poll_at or now()) - now()
    assert timedelta(seconds=60 * times - 10) < wait <= timedelta(seconds=60 * times)
    assert ("more seldom" in paid_reads.in_words("x")) is (times > 1)


def test_at_the_limit_nothing_is_asked_and_the_channel_says_why(channel: Channel) -> None:
    _read(channel, *range(100))
    past = now() - timedelta(seconds=1)
    channel.next_poll_at = channel.recheck_at = channel.reread_at = channel.next_delivery_at = past
    db.session.commit()
    name = (channel.organisation_id, channel.id)

    assert rereads.claim(*name) is None
    assert reading.claim_poll(*name) is None
    assert push_batches.claim(*name) is None
    db.session.commit()

    assert channel.state == "failing"
    assert channel.trouble.startswith("This installation has read the 100 posts that it may read in a month.")
    assert min(channel.next_poll_at, channel.reread_at, channel.next_delivery_at) > now()
    assert paid_reads.in_words("x").endswith("nothing more is read this month")


def test_neither_history_nor_what_is_stored_is_read_at_the_limit(world: World) -> None:
    channel = world.channel(world.organisation(), "x", backfill_state="waiting")
    world.arrives(channel, world.item(posted_at=now() - timedelta(days=60)))
    _read(channel, *range(100))
    channel.recheck_at = now()
    db.session.commit()

    assert rechecks.claim(channel.organisation_id, channel.id) is None
    assert reading.claim_backfill(channel.organisation_id, channel.id) is None
    assert channel.backfill_next_at > now()


def test_a_new_month_goes_on_by_itself(channel: Channel) -> None:
    _read(channel, *range(100))
    assert reading.claim_poll(channel.organisation_id, channel.id) is None
    last = (now().date().replace(day=1) - timedelta(days=1)).replace(day=1)
    db.session.execute(update(PaidReads).values(month=last))
    db.session.commit()

    claimed = reading.claim_poll(channel.organisation_id, channel.id)

    assert claimed is not None
    _read(channel, 1)
    assert (channel.state, channel.trouble, _used()) == ("active", "", 0)


def test_looks_at_what_is_stored_count_too(world: World, channel: Channel) -> None:
    item = world.item(remote_id="7")
    world.arrives(channel, item)
    rechecks.store(channel, ["7"], [item])
    db.session.commit()
    assert _used() == 1
