"""What a source says beside what we hold: when it is asked, what explains a difference, when all is read again."""

from datetime import timedelta

import pytest
from flask import Flask

from healthberry.connectors.base import BadItem, Page
from healthberry.connectors.errors import Unavailable
from healthberry.core import quarantine, reconciling, sweep, walks
from healthberry.extensions import db
from healthberry.jobs import walks as jobs
from healthberry.models.channels import Channel
from healthberry.models.coverage import Walk
from healthberry.models.owned import now
from tests.pushed import Pushed, use
from tests.world import World


class Telling(Pushed):
    """Says how many it has."""

    def __init__(self) -> None:
        super().__init__(poll_seconds=60, tells_total=True)
        self.says: int | Exception | None = None
        self.asked_for_total = 0
        self.pages: list[Page] = []

    def total(self, access: object) -> int | None:
        """Return what the test says."""
        self.asked_for_total += 1
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def backfill(self, access: object, since: object, cursor: str | None) -> Page:
        """Return the next page."""
        return self.pages.pop(0) if self.pages else Page([], cursor, more=False)


@pytest.fixture
def source(app: Flask) -> Telling:
    """A source that the test speaks for."""
    made = Telling()
    use(app, made)
    return made


@pytest.fixture
def channel(world: World, source: Telling) -> Channel:
    """Return a channel of it, with two reviews."""
    made = world.channel(world.organisation(), "pushed", backfill_finished_at=now(), last_success_at=now())
    world.arrives(made, world.item(), world.item())
    return made


def due() -> list[str]:
    return sorted(one.kind for one in sweep.due_work() if one.kind in ("walk", "compare"))


def compare(channel: Channel) -> Walk:
    """Compare now, as a worker does once a day."""
    if (known := walks.of(channel)) is not None:
        known.compare_at = now()
        db.session.commit()
    jobs.compare(str(channel.organisation_id), str(channel.id))
    walk = walks.of(channel)
    assert walk is not None
    return walk


def missing(channel: Channel) -> int:
    standing = reconciling.standing(channel)
    assert standing is not None
    return standing.missing


def test_where_counts_agree_nothing_is_read_again_and_nobody_is_asked_for_a_day(
    channel: Channel, source: Telling
) -> None:
    source.says = 2
    assert due() == ["compare"]

    compare(channel)
    jobs.compare(str(channel.organisation_id), str(channel.id))

    assert source.asked_for_total == 1
    assert due() == []
    assert missing(channel) == 0


def test_what_lies_in_quarantine_and_what_was_taken_down_explain_a_difference(
    channel: Channel, source: Telling, world: World
) -> None:
    item = world.item()
    world.arrives(channel, item)
    world.arrives(channel, world.item("", remote_id=item.remote_id, thread_id=item.thread_id, change="withdrawn"))
    quarantine.keep(channel, [BadItem("<bad>", "It has no id.")])
    db.session.commit()
    source.says = 3

    compare(channel)

    assert missing(channel) == 0
    assert due() == []


def test_a_difference_has_everything_read_again_once_a_day_at_most(
    channel: Channel, source: Telling, world: World
) -> None:
    source.says = 3
    source.pages = [Page([world.item(posted_at=now() - timedelta(hours=20))], "1", more=False)]
    channel.read_to = now()
    compare(channel)
    assert missing(channel) == 1
    assert due() == ["walk"]

    jobs.walk(str(channel.organisation_id), str(channel.id))
    walk = compare(channel)
    assert missing(channel) == 0
    assert walk.added == 1

    source.says = 4
    compare(channel)
    assert missing(channel) == 1
    assert "walk" not in due(), "it was read again less than a day ago"
    walk.full_at = now() - timedelta(days=1)
    compare(channel)
    assert "walk" in due()


def test_what_the_source_has_and_we_do_not_keep_is_counted_while_going_through_all_of_it(
    channel: Channel, source: Telling, world: World
) -> None:
    source.says = 3
    source.pages = [Page([world.item(posted_at=now() - timedelta(days=3000))], "1", more=False)]
    compare(channel)

    jobs.walk(str(channel.organisation_id), str(channel.id))
    compare(channel)

    standing = reconciling.standing(channel)
    assert standing is not None
    assert (standing.older, standing.held, standing.missing) == (1, 2, 0)


def test_holding_more_than_the_source_shows_is_no_reason_to_read_again(channel: Channel, source: Telling) -> None:
    source.says = 1

    compare(channel)

    assert missing(channel) == -1
    assert due() == []


def test_a_source_that_is_away_is_asked_again_in_an_hour(channel: Channel, source: Telling) -> None:
    source.says = Unavailable("It is away.")

    walk = compare(channel)

    assert walk.told is None
    assert timedelta(minutes=50) < walk.compare_at - now() < timedelta(minutes=70)


def test_where_no_total_is_told_everything_is_read_again_once_a_week(world: World) -> None:
    fresh = world.channel(world.organisation(), "nhsuk", backfill_finished_at=now() - timedelta(days=6))
    compare(fresh)
    assert "walk" not in due()

    fresh.backfill_finished_at = now() - timedelta(days=8)
    db.session.commit()
    compare(fresh)
    assert "walk" in due()


def test_a_walk_that_fails_goes_on_from_where_it_was_and_says_nothing_of_the_channel(
    channel: Channel, source: Telling, world: World
) -> None:
    walks.plan(channel, walks.ALL, walks.DIFFERENCE)
    db.session.commit()
    claimed = walks.claim(channel.organisation_id, channel.id)
    assert claimed is not None
    _, walk = claimed
    assert walks.claim(channel.organisation_id, channel.id) is None, "somebody is at it"
    walks.store(channel, walk, Page([world.item()], "2", more=True))

    walks.failed(walk, Unavailable("It is away."))
    db.session.commit()

    assert (walk.cursor, channel.failures_in_a_row, channel.state) == ("2", 0, "active")
    assert walk.next_at is not None
    assert walk.next_at > now()
