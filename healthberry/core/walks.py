"""Reading a channel again, back to a day: to close a gap, because somebody wants it, or because counts differ.

Nothing that is stored already changes; what had been missed comes in as it would have. Polls go on beside it. One walk
at a time for each channel: a claim is a time until which nobody else goes on with it.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from healthberry.connectors.base import InboundItem, Page
from healthberry.connectors.errors import Permanent, Temporary
from healthberry.core import channels, coverage, events, ingest, paid_reads, quarantine, reading, shares
from healthberry.core.bulk import look_up
from healthberry.core.channels import capabilities_of, is_unlinked
from healthberry.core.errors import Conflict, Invalid
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.coverage import Walk
from healthberry.models.organisations import Member
from healthberry.models.owned import now

LONDON: Final = ZoneInfo("Europe/London")
ALL: Final = datetime(2000, 1, 1, tzinfo=UTC)  # as far back as anything goes
DAY, DIFFERENCE, UNREAD, REGULAR = "day", "difference", "unread", "regular"  # why it is read again

_CLAIM = timedelta(minutes=5)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)


def of(channel: Channel) -> Walk | None:
    """Return what is known of this channel's being read again, None where it never was."""
    return db.session.get(Walk, (channel.organisation_id, channel.id))


def can(channel: Channel) -> bool:
    """Say whether this channel can be read again: it is on, its history is loaded, and its source serves it anew."""
    about = capabilities_of(channel.kind)
    return (
        reading.is_read(channel) and about.backfills and bool(about.poll_seconds) and channel.backfill_state == "done"
    )


def want(member: Member, channel_id: UUID, day: date) -> None:
    """Have everything read again that was published from this day (London's) on.

    Raises: NotFound; NotAllowed; Conflict where the channel can't be read again; Invalid for a day that is still to
    come, or from before what we keep.
    """
    if not channels.may_switch(member):
        require(member, "manage")
    channel = channels.find(member.organisation_id, channel_id, lock=True)
    if not can(channel):
        raise Conflict("This channel can't be read again: it is off, its history is still loading, or it serves none.")
    since = begin_of(day)
    if since > now():
        raise Invalid("This day is still to come.", "day")
    if begin_of(day + timedelta(days=1)) <= reading.backfill_since(channel):
        raise Invalid("We do not go back so far.", "day")
    plan(channel, since, DAY)
    events.record(member.organisation_id, "walk_wanted", channel_id=channel.id, member=member, day=day.isoformat())


def begin_of(day: date) -> datetime:
    """Return when a day begins in London; on nights when the clocks change, a day has 23 or 25 hours."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)


def plan(channel: Channel, since: datetime, reason: str) -> Walk:
    """Have the channel read again from now on, back to `since`; one that is under way goes as far back as either."""
    walk = of(channel)
    if walk is None:
        walk = Walk(organisation_id=channel.organisation_id, channel_id=channel.id)
        db.session.add(walk)
    if walk.next_at is not None and walk.since is not None:
        since = min(since, walk.since)
        if since == walk.since:
            return walk
    walk.since, walk.reason, walk.next_at, walk.cursor = since, reason, now(), None
    walk.began_at, walk.added, walk.failures_in_a_row = None, 0, 0
    walk.older = 0 if since == ALL else walk.older
    db.session.flush()
    return walk


def claim(organisation_id: UUID, channel_id: UUID) -> tuple[Channel, Walk] | None:
    """Become the one who goes on with this walk; None when it is not its turn, or the channel is off or failing.

    None also where enough is read of its kind or organisation already: it stays due.
    """
    walk = db.session.get(Walk, (organisation_id, channel_id), with_for_update=True)
    if walk is None or walk.next_at is None or walk.next_at > now():
        return None
    channel = channels.find(organisation_id, channel_id)
    if channel.state != "active" or (spent := paid_reads.spent(channel.kind)) is not None:
        walk.next_at = now() + (_LONGEST_PAUSE if channel.state == "active" and spent else _FIRST_PAUSE)
        return None
    if not shares.take(channel):
        return None
    walk.next_at = now() + _CLAIM
    walk.began_at = walk.began_at or now()
    return channel, walk


def give_back(organisation_id: UUID, channel_id: UUID) -> None:
    """Let another worker go on with what the present one was told to leave."""
    walk = db.session.get(Walk, (organisation_id, channel_id), with_for_update=True, populate_existing=True)
    if walk is not None:
        release(walk)


def store(channel: Channel, walk: Walk, page: Page) -> bool:
    """Store one page in the caller's transaction; return whether to go on. Nothing once it is unlinked."""
    if is_unlinked(channel):
        walk.next_at = None
        return False
    items = _kept(channel, walk, page)
    walk.added += _missed(channel, items)
    stored = ingest.store_page(channel, items, backfill=True)
    quarantine.keep(channel, page.bad)
    paid_reads.count(channel.kind, page.paid)
    channel.items_loaded += stored.messages
    walk.failures_in_a_row, walk.cursor, walk.next_at = 0, page.cursor, now() + _CLAIM
    if not page.more:
        _end(channel, walk)
    return page.more and channel.state == "active"


def release(walk: Walk) -> None:
    """Let another worker go on with the rest."""
    if walk.next_at is not None:
        walk.next_at = now()


def failed(walk: Walk, error: Temporary | Permanent) -> None:
    """Go on after a pause, ever longer; a walk that fails says nothing of the channel."""
    walk.failures_in_a_row += 1
    pause = _FIRST_PAUSE * 2 ** min(walk.failures_in_a_row - 1, 12)
    if isinstance(error, Temporary) and error.retry_after is not None:
        pause = max(pause, timedelta(seconds=error.retry_after))
    walk.next_at = now() + min(pause, _LONGEST_PAUSE)


def _end(channel: Channel, walk: Walk) -> None:
    began_at, since = walk.began_at or now(), walk.since or now()
    keeps = reading.backfill_since(channel)
    coverage.loaded(channel, max(since, keeps), began_at)
    walk.next_at = walk.cursor = None
    walk.ended_at = now()
    if since <= keeps:
        walk.full_at = walk.ended_at
        quarantine.forget_unseen(channel, began_at)
    if since == ALL:
        walk.compare_at = now()  # what was different may be so no more
    db.session.flush()
    events.record(channel.organisation_id, "walk_ended", channel_id=channel.id, added=walk.added)


def _kept(channel: Channel, walk: Walk, page: Page) -> list[InboundItem]:
    """Leave out what is older than we keep and not stored; where everything is walked through, count it."""
    keeps = reading.backfill_since(channel)
    old = {one.thread_id for one in page.items if one.direction == "inbound" and one.posted_at < keeps}
    if not old:
        return list(page.items)
    thread = Conversation.remote_thread_id
    old -= {row.remote_thread_id for row in look_up(channel, thread, old, thread)}
    if walk.since == ALL:
        walk.older += len(old)
    return [one for one in page.items if one.thread_id not in old]


def _missed(channel: Channel, items: list[InboundItem]) -> int:
    """Count what should have been stored by now and is not; what was published since the last poll is only new."""
    read_to = channel.read_to or channel.created_at
    due = {one.remote_id for one in items if one.direction == "inbound" and one.posted_at < read_to}
    known = {row.remote_id for row in look_up(channel, Message.remote_id, due, Message.remote_id)} if due else set()
    return len(due - known)
