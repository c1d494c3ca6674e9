"""When stored messages are looked at again, and what follows from it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from healthberry.connectors.base import About, Capabilities, InboundItem
from healthberry.connectors.errors import NotAuthorised, RateLimited, Unavailable
from healthberry.core import rechecks
from healthberry.core.channels import capabilities_of
from healthberry.core.recheck_times import next_recheck
from healthberry.core.sweep import due_work
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.owned import now
from tests.world import World

RULES = Capabilities("", "", "", "", "api", 60, "key", About("", "", ""), recheck_seconds=20 * 3600, recheck_days=90)


@pytest.fixture
def channel(world: World) -> Channel:
    """Return a channel of stories."""
    return world.channel(world.organisation(), "careopinion")


def _all_due(channel: Channel) -> None:
    past = now() - timedelta(minutes=1)
    db.session.execute(update(Message).where(Message.recheck_at.is_not(None)).values(recheck_at=past))
    channel.recheck_at = past
    db.session.commit()


def _planned() -> dict[str, datetime | None]:
    return dict(db.session.execute(select(Message.remote_id, Message.recheck_at)).all())


def _taken(channel: Channel) -> list[str]:
    claimed = rechecks.claim(channel.organisation_id, channel.id)
    db.session.commit()
    return claimed[1] if claimed else []


def test_new_messages_are_looked_at_often_older_ones_daily_and_ancient_ones_never() -> None:
    at = now()
    assert next_recheck(RULES, at - timedelta(hours=1), at) == at + timedelta(hours=5)
    assert next_recheck(RULES, at - timedelta(days=10), at) == at + timedelta(hours=20)
    assert next_recheck(RULES, at - timedelta(days=91), at) is None
    kept = replace(RULES, recheck_days=None)
    assert next_recheck(kept, at - timedelta(days=900), at) == at + timedelta(hours=20)


def test_every_post_on_x_is_looked_at_within_a_day_however_old(world: World) -> None:
    channel = world.channel(world.organisation(), "x")

    world.arrives(channel, world.item(posted_at=now() - timedelta(days=700)), world.item())

    assert all(at is not None and at < now() + timedelta(hours=24) for at in _planned().values())


def test_what_is_newest_is_looked_at_at_once_where_somebody_wants_it(world: World, channel: Channel) -> None:
    batch = capabilities_of(channel.kind).recheck_batch
    old = [world.item(posted_at=now() - timedelta(days=9, minutes=number)) for number in range(batch)]
    world.arrives(channel, *old, world.item(remote_id="new"))
    assert _taken(channel) == [], "all of it has its turn later"

    rechecks.want(channel)
    db.session.commit()

    taken = _taken(channel)
    assert "new" in taken
    assert len(taken) == batch, "one batch, however much there is"


def test_nothing_is_looked_at_out_of_turn_where_each_look_costs_money(world: World) -> None:
    channel = world.channel(world.organisation(), "x")
    world.arrives(channel, world.item())

    rechecks.want(channel)
    db.session.commit()

    assert _taken(channel) == []


def test_answers_and_what_is_withdrawn_are_not_looked_at(world: World, channel: Channel) -> None:
    story, gone = world.item(), world.item()
    answer = world.item(thread_id=story.thread_id, direction="outbound")
    world.arrives(channel, story, gone, answer)

    world.arrives(channel, world.item("", remote_id=gone.remote_id, change="withdrawn"))

    planned = _planned()
    assert planned[story.remote_id] is not None
    assert planned[answer.remote_id] is planned[gone.remote_id] is None


def test_one_batch_at_a_time_those_that_waited_longest_first(world: World, channel: Channel) -> None:
    world.arrives(channel, *[world.item(remote_id=f"s{number}") for number in range(25)])
    _all_due(channel)
    longest = update(Message).where(Message.remote_id == "s7").values(recheck_at=now() - timedelta(days=1))
    db.session.execute(longest)

    asked = _taken(channel)

    assert len(asked) == 20
    assert asked[0] == "s7"
    assert _taken(channel) == []  # it is somebody's


def test_after_a_batch_the_next_one_is_due_soon_and_after_the_last_the_channel_rests(
    world: World, channel: Channel
) -> None:
    items = [world.item() for _ in range(25)]
    world.arrives(channel, *items)
    _all_due(channel)
    by_id = {item.remote_id: item for item in items}

    for soon in (True, False):
        asked = _taken(channel)
        rechecks.store(channel, asked, [by_id[one] for one in asked])
        db.session.commit()
        assert (channel.recheck_at < now() + timedelta(minutes=1)) is soon
        channel.recheck_at = now()

    assert _taken(channel) == []
    assert all(at and at > now() + timedelta(hours=4) for at in _planned().values())


def test_edits_and_withdrawals_are_followed_and_what_was_not_said_is_asked_again_in_an_hour(
    world: World, channel: Channel
) -> None:
    edited, gone, silent = world.item("Befor"), world.item("Private"), world.item("Still")
    world.arrives(channel, edited, gone, silent)
    _all_due(channel)
    asked = _taken(channel)
    stranger = world.item("Never asked for")

    found: list[InboundItem] = [
        replace(edited, text="Before", change="edited"),
        world.item("", remote_id=gone.remote_id, change="withdrawn"),
        stranger,
    ]
    rechecks.store(channel, asked, found)
    db.session.commit()

    texts = dict(db.session.execute(select(Message.remote_id, Message.text)).all())
    assert texts == {edited.remote_id: "Before", gone.remote_id: "", silent.remote_id: "Still"}
    planned = _planned()
    assert planned[gone.remote_id] is None
    assert (planned[edited.remote_id] or now()) > now() + timedelta(hours=4)
    assert timedelta(minutes=50) < (planned[silent.remote_id] or now()) - now() < timedelta(minutes=70)


def test_a_failed_look_says_nothing_of_the_channel_and_lets_others_go_first(world: World, channel: Channel) -> None:
    world.arrives(channel, world.item())
    for _ in range(4):
        _all_due(channel)
        asked = _taken(channel)
        rechecks.failed(channel, asked, NotAuthorised("Care Opinion rejected our key."))
        db.session.commit()

    assert (channel.state, channel.trouble, channel.failures_in_a_row) == ("active", "", 0)
    (at,) = _planned().values()
    assert at is not None
    assert at > now() + timedelta(minutes=50)


def test_who_asks_us_to_wait_gets_the_same_batch_after_that_time(world: World, channel: Channel) -> None:
    world.arrives(channel, world.item())
    _all_due(channel)
    asked = _taken(channel)

    rechecks.failed(channel, asked, RateLimited("Slow down.", retry_after=1800))
    db.session.commit()

    assert timedelta(minutes=29) < channel.recheck_at - now() <= timedelta(minutes=30)
    channel.recheck_at = now()
    assert _taken(channel) == asked


def test_a_site_that_does_not_answer_is_left_alone_for_a_while(world: World, channel: Channel) -> None:
    world.arrives(channel, world.item())
    _all_due(channel)

    rechecks.failed(channel, _taken(channel), Unavailable("Care Opinion did not answer."))

    assert channel.recheck_at > now() + timedelta(minutes=14)


@pytest.mark.parametrize(("state", "due"), [("active", True), ("off", False), ("failing", False)])
def test_the_sweep_nudges_active_channels_only(world: World, channel: Channel, state: str, due: bool) -> None:
    world.arrives(channel, world.item())
    _all_due(channel)
    channel.state = state
    db.session.commit()

    assert ("recheck" in [work.kind for work in due_work()]) is due
    assert bool(_taken(channel)) is due
