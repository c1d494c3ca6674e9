"""A source that stops is noticed by its silence: on time, once, and whatever it says."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from healthberry.connectors.base import Delivery, Page
from healthberry.connectors.errors import NotAuthorised, Unavailable
from healthberry.core import channels, events, outbox, pushes, reading, silences, staleness
from healthberry.core.alerts import NotNeeded
from healthberry.extensions import db
from healthberry.models.activities import Activity
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.replies import OutboxMail
from tests.pushed import Pushed, pushed
from tests.world import World

__all__ = ["pushed"]

FIVE = timedelta(minutes=5)  # how often NHS.UK is asked


@pytest.fixture
def organisation(world: World) -> Organisation:
    """Return an organisation without people."""
    return world.organisation()


@pytest.fixture
def channel(world: World, organisation: Organisation) -> Channel:
    """Return reviews of NHS.UK, read a moment ago."""
    return world.channel(organisation, "nhsuk", last_success_at=now(), watched_from=now() - timedelta(days=1))


def stale_at(channel: Channel, at: datetime) -> bool:
    return [one.channel_id for one in staleness.of_organisation(channel.organisation_id, clock=at)] == [channel.id]


def noticed(channel: Channel, at: datetime) -> bool:
    """Sweep at this moment; return whether something was to be noticed."""
    found = staleness.changed(clock=at)
    for organisation_id, channel_id in found:
        assert (organisation_id, channel_id) == (str(channel.organisation_id), str(channel.id))
        staleness.notice(channel.organisation_id, channel.id, clock=at)
    events.commit()
    return bool(found)


def recorded() -> list[str]:
    kinds = ("channel_stale", "channel_fresh_again")
    return list(db.session.scalars(select(Activity.kind).where(Activity.kind.in_(kinds)).order_by(Activity.number)))


def mails() -> list[tuple[str, str]]:
    found = select(OutboxMail.kind, OutboxMail.state).order_by(OutboxMail.queued_at, OutboxMail.id)
    return list(db.session.execute(found).all())


def sent(channel: Channel, at: datetime) -> list[str]:
    """Send every mail that is due at this moment; return their kinds."""
    kinds = []
    while (mail := outbox.claim_next(channel.organisation_id, clock=at)) is not None:
        try:
            silences.load(mail)
        except NotNeeded as reason:
            outbox.skip(mail, str(reason))
        else:
            outbox.mark_sent(mail)
            kinds.append(mail.kind)
    events.commit()
    return kinds


def test_two_intervals_without_success_are_noticed_and_one_and_a_half_are_not(channel: Channel) -> None:
    read_at = channel.last_success_at or now()

    assert not stale_at(channel, read_at + FIVE * 1.5)
    assert stale_at(channel, read_at + FIVE * 2 + timedelta(minutes=1))
    assert not noticed(channel, read_at + FIVE * 1.5)
    assert noticed(channel, read_at + FIVE * 2 + timedelta(minutes=1))


@pytest.mark.parametrize("error", [Unavailable("It is away."), NotAuthorised("It refused the key."), None])
def test_it_is_the_silence_that_counts_whatever_a_poll_said(channel: Channel, error: Exception | None) -> None:
    read_at = channel.last_success_at or now()
    if isinstance(error, Unavailable | NotAuthorised):
        reading.poll_failed(channel, error)

    assert not stale_at(channel, read_at + FIVE)
    assert stale_at(channel, read_at + FIVE * 3)


def test_a_channel_never_read_since_it_was_linked_is_stale_after_two_intervals_too(
    world: World, organisation: Organisation
) -> None:
    channel = world.channel(organisation, "nhsuk", backfill_state="waiting")

    assert not stale_at(channel, channel.watched_from + FIVE)
    (found,) = staleness.of_organisation(organisation.id, clock=channel.watched_from + FIVE * 3)
    assert found.never


def test_a_history_that_is_still_loading_and_makes_progress_is_no_silence(
    world: World, organisation: Organisation
) -> None:
    long_ago = now() - timedelta(hours=3)
    channel = world.channel(organisation, "nhsuk", backfill_state="running", watched_from=long_ago)
    assert stale_at(channel, now())

    reading.store_backfill(channel, Page([world.item()], "2", more=True))

    assert not stale_at(channel, now())


def test_a_channel_that_was_off_has_its_two_intervals_again_and_while_off_it_is_not_silent(
    world: World, organisation: Organisation, channel: Channel
) -> None:
    member = world.member(organisation)
    channel.last_success_at = now() - timedelta(days=9)
    assert noticed(channel, now())

    channels.switch(member, channel.id, on=False)
    db.session.commit()
    assert not stale_at(channel, now())
    assert not noticed(channel, now())

    channels.switch(member, channel.id, on=True)
    db.session.commit()
    assert not stale_at(channel, now())
    assert stale_at(channel, now() + FIVE * 3)


def test_the_change_is_recorded_and_mailed_to_administrators_once_and_once_when_it_is_over(
    world: World, organisation: Organisation, channel: Channel
) -> None:
    world.member(organisation, wants_alerts=False)
    world.member(organisation, role="responder")
    begins = now() + FIVE * 3

    for seconds in (0, 5, 10):
        noticed(channel, begins + timedelta(seconds=seconds))
    assert recorded() == ["channel_stale"]
    assert mails() == [("channel_stale", "queued")]
    assert sent(channel, begins + timedelta(seconds=20)) == [], "it may pass"
    assert sent(channel, begins + timedelta(seconds=40)) == ["channel_stale"]

    channel.last_success_at = begins + timedelta(minutes=1)
    for seconds in (60, 65):
        noticed(channel, begins + timedelta(seconds=seconds))
    assert recorded() == ["channel_stale", "channel_fresh_again"]
    assert sent(channel, begins + timedelta(minutes=2)) == ["channel_fresh_again"]
    assert len(mails()) == 2

    again = begins + FIVE * 4
    noticed(channel, again)
    assert sent(channel, again + timedelta(minutes=1)) == ["channel_stale"], "another outage is told anew"


def test_a_hiccup_that_is_over_before_the_mail_went_out_is_mailed_to_nobody(
    world: World, organisation: Organisation, channel: Channel
) -> None:
    world.member(organisation)
    begins = now() + FIVE * 3
    noticed(channel, begins)

    channel.last_success_at = begins
    noticed(channel, begins + timedelta(seconds=10))

    assert sent(channel, begins + timedelta(minutes=1)) == []
    assert mails() == [("channel_stale", "skipped")]


def test_reading_it_says_at_once_that_it_is_fresh_again(channel: Channel, world: World) -> None:
    channel.last_success_at = now() - timedelta(hours=1)
    noticed(channel, now())
    told: list[str] = []
    events.set_subscribers({"channel_read": [lambda event: told.append(event.kind)]})

    reading.store_poll(channel, Page([], "1", more=False))
    events.commit()

    assert told == ["channel_read"]
    assert noticed(channel, now())
    assert channel.stale_at is None


@pytest.fixture
def sent_to(world: World, organisation: Organisation, pushed: Pushed) -> Channel:
    """Return a channel that is only sent to, silent for a month."""
    long_ago = now() - timedelta(days=30)
    return world.channel(organisation, "pushed", next_poll_at=None, last_success_at=long_ago, watched_from=long_ago)


def test_a_channel_that_is_only_sent_to_may_be_silent_for_ever(sent_to: Channel) -> None:
    assert not stale_at(sent_to, now())
    assert not noticed(sent_to, now())


def test_what_was_sent_and_cannot_be_read_counts_after_ten_minutes(sent_to: Channel) -> None:
    pushes.keep(sent_to.organisation_id, sent_to.id, [Delivery("{}", key="a")])
    db.session.commit()

    assert not stale_at(sent_to, now() + timedelta(minutes=9))
    (found,) = staleness.of_organisation(sent_to.organisation_id, clock=now() + timedelta(minutes=11))
    assert found.sent
    assert found.lasts < timedelta(minutes=12), "since it was sent, not since the last success"
    assert noticed(sent_to, now() + timedelta(minutes=11))


def test_a_channel_that_is_only_sent_to_counts_while_somebody_is_needed_there(sent_to: Channel) -> None:
    reading.delivery_failed(sent_to, NotAuthorised("Somebody has to sign in again."))
    db.session.commit()

    assert stale_at(sent_to, now())
    assert noticed(sent_to, now())


def test_one_organisation_hears_nothing_of_the_silence_of_another(world: World, channel: Channel) -> None:
    other = world.member(world.organisation())
    at = now() + FIVE * 3

    noticed(channel, at)

    assert staleness.of_organisation(other.organisation_id, clock=at) == []


def test_two_intervals_are_those_of_the_kind_and_a_kind_that_is_never_asked_has_none(world: World) -> None:
    assert staleness.silence("nhsuk") == FIVE * 2 + staleness.SLACK
    assert staleness.silence("paper") is None


def test_administrators_who_join_later_are_not_told_that_it_is_over(
    world: World, organisation: Organisation, channel: Channel
) -> None:
    begins = now() + FIVE * 3
    noticed(channel, begins)
    late: Member = world.member(organisation)

    channel.last_success_at = begins + timedelta(minutes=1)
    noticed(channel, begins + timedelta(minutes=1))

    assert late.id not in db.session.scalars(select(OutboxMail.member_id)).all()
