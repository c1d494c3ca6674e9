"""What each success proves to have been read, the gaps that stay, and the days of the calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest

from healthberry.connectors.base import Page
from healthberry.connectors.errors import Unavailable
from healthberry.core import calendar_days, coverage, reading, walks
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.coverage import Stretch
from healthberry.models.owned import now
from tests.world import World

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def channel(world: World) -> Channel:
    """Return reviews of NHS.UK that were never read."""
    return world.channel(world.organisation(), "nhsuk", backfill_state="waiting", created_at=now() - timedelta(days=9))


def read_spans(channel: Channel) -> tuple[datetime | None, datetime | None]:
    return channel.read_from, channel.read_to


def gaps() -> list[tuple[datetime, datetime]]:
    db.session.flush()
    found = db.session.scalars(db.select(Stretch).where(Stretch.state == "gap").order_by(Stretch.from_at))
    return [(one.from_at, one.to_at) for one in found]


def poll(channel: Channel, began_at: datetime, *, more: bool = False) -> None:
    reading.store_poll(channel, Page([], "cursor", more=more), began_at)
    db.session.commit()


def test_a_poll_that_comes_to_its_end_proves_what_was_published_until_it_began(channel: Channel) -> None:
    at = now()
    poll(channel, at - HOUR)
    assert read_spans(channel) == (at - HOUR - 2 * DAY, at - HOUR)

    poll(channel, at)
    assert read_spans(channel) == (at - HOUR - 2 * DAY, at)


def test_a_catch_up_in_two_polls_proves_what_was_published_before_the_first(channel: Channel) -> None:
    at = now()
    poll(channel, at - 3 * HOUR)
    poll(channel, at - 2 * HOUR, more=True)
    reading.poll_failed(channel, Unavailable("It is away."))
    assert channel.read_to == at - 3 * HOUR

    poll(channel, at)

    assert channel.read_to == at - 2 * HOUR, "a page of it was read then and may lack what came later"


def test_after_any_silence_a_source_that_looks_back_as_far_leaves_no_gap(channel: Channel) -> None:
    at = now()
    poll(channel, at - 30 * DAY)
    poll(channel, at)

    assert read_spans(channel) == (at - 32 * DAY, at)
    assert gaps() == []


def test_a_silence_that_is_longer_than_the_source_looks_back_leaves_a_gap(world: World) -> None:
    channel = world.channel(world.organisation(), "x", watched_from=now() - 20 * DAY)
    at = now()
    poll(channel, at - 12 * DAY)

    poll(channel, at)

    assert gaps() == [(at - 12 * DAY, at - 7 * DAY)]
    assert read_spans(channel) == (at - 7 * DAY, at)
    lost = calendar_days.days(channel, (at - 10 * DAY).date(), (at - 10 * DAY).date(), clock=at)
    assert [(one.state, one.reason) for one in lost] == [
        ("missing", "The channel could not be read, for longer than is served afterwards.")
    ]


def test_a_channel_that_was_off_for_longer_than_the_source_looks_back_says_so(world: World) -> None:
    channel = world.channel(world.organisation(), "x")
    at = now()
    poll(channel, at - 12 * DAY)
    channel.watched_from = at - HOUR
    db.session.commit()

    poll(channel, at)

    db.session.flush()
    (gap,) = [one for one in coverage.stretches(channel) if one.state == "gap"]
    assert gap.reason == "The channel was switched off, for longer than is served afterwards."


def test_reading_those_days_again_closes_a_gap_or_the_part_of_it_that_was_read(channel: Channel) -> None:
    at = now()
    poll(channel, at)
    lost = {"from_at": at - 20 * DAY, "to_at": at - 10 * DAY, "state": "gap", "reason": "Lost."}
    db.session.add(Stretch(organisation_id=channel.organisation_id, channel_id=channel.id, **lost))

    coverage.read(channel, at - 17 * DAY, at - 15 * DAY)
    assert gaps() == [(at - 20 * DAY, at - 17 * DAY), (at - 15 * DAY, at - 10 * DAY)]

    coverage.read(channel, at - 30 * DAY, at)
    assert gaps() == []
    assert read_spans(channel) == (at - 30 * DAY, at)


def test_a_history_loaded_to_its_end_joins_what_polls_have_read(channel: Channel, world: World) -> None:
    at = now()
    poll(channel, at - HOUR)
    began = reading.claim_backfill(channel.organisation_id, channel.id)
    assert began is not None

    reading.store_backfill(channel, Page([world.item()], "1", more=True))
    assert channel.read_from == at - HOUR - 2 * DAY, "not before its end"
    db.session.commit()
    reading.store_backfill(channel, Page([], "2", more=False))

    assert channel.read_from == reading.backfill_since(channel)


def test_of_a_source_that_serves_only_the_newest_nothing_is_claimed_before_the_oldest_of_them(world: World) -> None:
    channel = world.channel(world.organisation(), "x", backfill_state="waiting")
    poll(channel, now())
    reading.claim_backfill(channel.organisation_id, channel.id)
    oldest = now() - 40 * DAY

    reading.store_backfill(channel, Page([world.item(posted_at=oldest)], "1", more=False))

    assert channel.read_from == oldest
    day = (now() - 60 * DAY).date()
    (before,) = calendar_days.days(channel, day, day)
    assert before.state == "missing"
    assert "the newest 800 mentions" in before.reason


def test_days_are_complete_partly_read_or_missing_with_how_many_came(channel: Channel, world: World) -> None:
    at = datetime(2026, 6, 10, 12, tzinfo=UTC)
    channel.created_at = datetime(2026, 6, 8, 10, tzinfo=UTC)
    channel.read_from, channel.read_to = datetime(2026, 6, 6, 10, tzinfo=UTC), at
    world.arrives(channel, world.item(posted_at=datetime(2026, 6, 7, 9, tzinfo=UTC)), world.item(posted_at=at))

    found = calendar_days.days(channel, date(2026, 6, 5), date(2026, 6, 11), clock=at)

    assert [(one.day.day, one.state, one.count) for one in found] == [
        (5, "missing", 0),
        (6, "partly", 0),
        (7, "complete", 1),
        (8, "complete", 0),
        (9, "complete", 0),
        (10, "partly", 1),
        (11, "later", 0),
    ]
    assert found[0].reason == "Its history is still being loaded."
    assert found[5].reason == "The day is not over."


def test_today_is_missing_in_part_for_a_reason_when_it_is_no_longer_read(channel: Channel) -> None:
    at = datetime(2026, 6, 10, 20, tzinfo=UTC)
    channel.read_from, channel.read_to = at - 30 * DAY, at - 6 * HOUR
    channel.state, channel.trouble = "failing", "NHS.UK refused the key."

    (today,) = calendar_days.days(channel, date(2026, 6, 10), date(2026, 6, 10), clock=at)

    assert (today.state, today.reason) == ("partly", "NHS.UK refused the key.")


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_is_as_long_as_it_is_in_london(channel: Channel, day: date, hours: int) -> None:
    begins = walks.begin_of(day)
    channel.read_from, channel.read_to = begins, begins + timedelta(hours=hours)
    at = begins + 5 * DAY

    (whole,) = calendar_days.days(channel, day, day, clock=at)
    assert whole.state == "complete"

    channel.read_to = begins + timedelta(hours=hours - 1)
    (almost,) = calendar_days.days(channel, day, day, clock=at)
    assert almost.state == "partly"


def test_what_came_in_the_hour_that_the_clocks_repeat_is_counted_once_on_its_day(
    channel: Channel, world: World
) -> None:
    first, second = datetime(2025, 10, 26, 0, 30, tzinfo=UTC), datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
    late = datetime(2025, 10, 26, 23, 30, tzinfo=UTC)
    world.arrives(channel, *[world.item(posted_at=at) for at in (first, second, late)])

    found = calendar_days.days(channel, date(2025, 10, 25), date(2025, 10, 27))

    assert [one.count for one in found] == [0, 3, 0]


def test_what_a_provider_dates_ahead_counts_on_the_day_on_which_we_got_it(channel: Channel, world: World) -> None:
    world.arrives(channel, world.item(posted_at=now() + 40 * DAY))
    today = now().astimezone(walks.LONDON).date()

    found = calendar_days.days(channel, today - DAY, today + 60 * DAY)

    assert {one.day: one.count for one in found if one.count} == {today: 1}
