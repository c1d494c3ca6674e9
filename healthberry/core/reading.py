"""Reading a channel, page by page: who reads it now, what a page changed, what to do when it fails.

A claim is a time until which nobody else reads the same channel; a worker that dies loses it by waiting.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from healthberry.connectors.base import Page
from healthberry.connectors.errors import Gone, NotAuthorised, Permanent, RateLimited, Temporary
from healthberry.core import channels, coverage, events, ingest, paid_reads, quarantine, rechecks, shares
from healthberry.core.channels import capabilities_of, is_unlinked
from healthberry.core.errors import Conflict
from healthberry.core.events import Event
from healthberry.core.permissions import require
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member
from healthberry.models.owned import now

BACKFILL_DAYS = 730  # NHS.UK keeps reviews for two years; older experience says little about today's service
_CLAIM = timedelta(seconds=120)
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 900.0
_TROUBLE_AFTER = 3
_BETWEEN_WISHES = timedelta(seconds=10)


@dataclass(frozen=True)
class Failure:
    """When to try again, in seconds, and what to tell people ("" while it may still pass unnoticed)."""

    pause_seconds: float
    trouble: str


def claim_backfill(organisation_id: UUID, channel_id: UUID) -> Channel | None:
    """Become the one who loads this channel's history; None when it is loaded, off, or somebody else does.

    None also where enough is read of its kind or organisation already: the sweep brings it again.
    """
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None or not is_read(channel) or channel.backfill_state == "done":
        return None
    if channel.backfill_claimed_until is not None and channel.backfill_claimed_until > now():
        return None
    if (spent := paid_reads.spent(channel.kind)) is not None:
        backfill_failed(channel, spent)
        return None
    if not shares.take(channel, history=True):
        return None
    channel.backfill_claimed_until = now() + _CLAIM
    channel.backfill_state = "running"
    channel.backfill_began_at = channel.backfill_began_at or now()
    return channel


def store_backfill(channel: Channel, page: Page) -> None:
    """Store one page of history and the cursor after it, in the caller's transaction; nothing once it is unlinked."""
    if is_unlinked(channel):
        return
    stored = ingest.store_page(channel, page.items, backfill=True)
    quarantine.keep(channel, page.bad)
    paid_reads.count(channel.kind, page.paid)
    channel.items_loaded += stored.messages
    channel.items_total = page.total if page.total is not None else channel.items_total
    channel.backfill_cursor = page.cursor
    channel.backfill_claimed_until = now() + _CLAIM
    _succeeded(channel)
    if not page.more:
        channel.backfill_state, channel.backfill_finished_at = "done", now()
        channel.backfill_claimed_until = None
        coverage.loaded(channel, backfill_since(channel), channel.backfill_began_at or now())
        channel.reread_at = channel.reread_at or next_reread(channel)
    if stored.messages or not page.more:
        events.record(channel.organisation_id, "backfill_progress", channel_id=channel.id, items=channel.items_loaded)


def backfill_since(channel: Channel) -> datetime:
    """Return how far back the history of this channel is loaded."""
    return channel.created_at - timedelta(days=BACKFILL_DAYS)


def release_backfill(channel: Channel) -> None:
    """Let another worker go on with the rest."""
    channel.backfill_claimed_until = None


def give_back(organisation_id: UUID, channel_id: UUID, claim: str) -> None:
    """Let another worker take up what the present one was told to leave; `claim` is the column that holds its claim."""
    channel = db.session.get(
        Channel, (organisation_id, channel_id), with_for_update={"key_share": True}, populate_existing=True
    )
    if channel is not None:
        setattr(channel, claim, None)


def backfill_failed(channel: Channel, error: Temporary | Permanent) -> Failure:
    """Note the failure; the page is read again after a pause. Return the pause."""
    failure = _failed(channel, error)
    channel.backfill_claimed_until = None
    channel.backfill_next_at = now() + timedelta(seconds=failure.pause_seconds)
    events.record(channel.organisation_id, "backfill_progress", channel_id=channel.id, items=channel.items_loaded)
    return failure


def claim_poll(organisation_id: UUID, channel_id: UUID) -> Channel | None:
    """Become the one who polls this channel now; None when it is off or somebody else does.

    None also where enough is read of its kind or organisation already: it stays due.
    """
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None or not is_read(channel):
        return None
    if channel.claimed_until is not None and channel.claimed_until > now():
        return None
    if (spent := paid_reads.spent(channel.kind)) is not None:
        poll_failed(channel, spent)
        return None
    if not shares.take(channel):
        return None
    channel.claimed_until = now() + _CLAIM
    return channel


def store_poll(channel: Channel, page: Page, begun_at: datetime | None = None) -> "ingest.Stored":
    """Store one page of news and the cursor after it, in the caller's transaction; nothing once it is unlinked.

    `begun_at` is when this poll began: where somebody has asked for a poll since, its turn comes at once.
    """
    if is_unlinked(channel):
        return ingest.Stored()
    stored = ingest.store_page(channel, page.items, backfill=False)
    quarantine.keep(channel, page.bad)
    paid_reads.count(channel.kind, page.paid)
    channel.items_loaded += stored.messages
    channel.poll_cursor = page.cursor
    # A catch-up may be cut off and go on in another poll: only what was published before it began is surely read.
    channel.catch_up_at = channel.catch_up_at or begun_at or now()
    _succeeded(channel)
    if page.more:
        channel.claimed_until = now() + _CLAIM
    else:
        channel.claimed_until = None
        coverage.polled(channel, channel.catch_up_at)
        channel.catch_up_at = None
        if not _asked_since(channel, begun_at):
            channel.next_poll_at = next_poll(channel)
    return stored


def release_poll(channel: Channel) -> None:
    """Let another worker go on with the catch-up, which stays due."""
    channel.claimed_until = None


def _asked_since(channel: Channel, begun_at: datetime | None) -> bool:
    return begun_at is not None and channel.next_poll_at is not None and begun_at < channel.next_poll_at <= now()


def ask_now(organisation_id: UUID, channel_id: UUID) -> bool:
    """Let this channel's turn to be polled come at once; False where it is off, gone, or never asked."""
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None or not is_read(channel) or not poll_seconds(channel):
        return False
    channel.next_poll_at = now()
    return True


def poll_failed(channel: Channel, error: Temporary | Permanent) -> Failure:
    """Note the failure; what was missed is read at the next poll. Return the pause."""
    failure = _failed(channel, error)
    channel.claimed_until = None
    channel.next_poll_at = now() + timedelta(seconds=max(failure.pause_seconds, poll_seconds(channel) or 0))
    return failure


def want_poll(member: Member, channel_id: UUID) -> bool:
    """Have this channel read now, and what is newest looked at for edits and removals.

    Return whether that begins: not where it was read within seconds.

    Raises: NotFound; NotAllowed; Conflict where it is off, or where there is nobody to ask.
    """
    if not channels.may_switch(member):
        require(member, "manage")
    channel = channels.find(member.organisation_id, channel_id, lock=True)
    if not is_read(channel):
        raise Conflict("Switch this channel on, and then it is read.")
    if poll_seconds(channel) is None:
        raise Conflict("There is nothing to ask: what comes here is sent, entered or uploaded.")
    if channel.rechecked_at is None or now() - channel.rechecked_at >= _BETWEEN_WISHES:
        rechecks.want(channel)
    if channel.last_success_at is not None and now() - channel.last_success_at < _BETWEEN_WISHES:
        return False
    channel.next_poll_at = channel.backfill_next_at = now()
    events.record(member.organisation_id, "channel_wanted", channel_id=channel.id, member=member)
    return True


def delivery_failed(channel: Channel, error: Temporary | Permanent) -> Failure:
    """Note that what was sent to us can't be read now; it waits. Return the pause."""
    failure = _failed(channel, error)
    channel.delivery_claimed_until = None
    channel.next_delivery_at = now() + timedelta(seconds=failure.pause_seconds)
    return failure


def delivery_read(channel: Channel) -> None:
    """Note that what was sent could be read; of a channel that is also asked, only asking says that it is well."""
    if poll_seconds(channel) is None:
        _succeeded(channel)


def is_read(channel: Channel) -> bool:
    """Say whether anything is read from this channel."""
    return channel.state in ("active", "failing")


def poll_seconds(channel: Channel) -> int | None:
    """Return how often this channel is polled: as its kind asks, unless the settings say otherwise; None: never."""
    return poll_seconds_of(channel.kind)


def poll_seconds_of(kind: str) -> int | None:
    """Return how often channels of this kind are polled; None: never."""
    wished: int | None = part("settings").poll_seconds
    usual = capabilities_of(kind).poll_seconds
    return usual and (wished or usual)


def next_poll(channel: Channel) -> datetime | None:
    """Return when this channel is polled again; None where there is nothing to ask."""
    seconds = poll_seconds(channel)
    return now() + timedelta(seconds=seconds * paid_reads.slowness(channel.kind)) if seconds else None


def next_reread(channel: Channel) -> datetime | None:
    """Return when the last days are read again; None where push is not what the channel is read by."""
    seconds = capabilities_of(channel.kind).reread_seconds
    return now() + timedelta(seconds=seconds) if seconds else None


def _succeeded(channel: Channel) -> None:
    channel.last_success_at, channel.failures_in_a_row = now(), 0
    if channel.state == "failing":
        channel.state, channel.trouble = "active", ""
        events.record(channel.organisation_id, "channel_recovered", channel_id=channel.id)
    if channel.stale_at is not None:
        events.tell(Event(channel.organisation_id, 0, "channel_read", channel_id=channel.id))


def _failed(channel: Channel, error: Temporary | Permanent) -> Failure:
    channel.failures_in_a_row += 1
    pause = min(_FIRST_PAUSE * 2 ** min(channel.failures_in_a_row - 1, 20), _LONGEST_PAUSE)
    if isinstance(error, Temporary) and error.retry_after is not None:
        pause = min(max(error.retry_after, 1.0), _LONGEST_PAUSE)
    serious = isinstance(error, NotAuthorised | Gone | paid_reads.Spent) or (
        channel.failures_in_a_row >= _TROUBLE_AFTER and not isinstance(error, RateLimited)
    )
    if serious and channel.state == "active":
        channel.state = "failing"
        events.record(channel.organisation_id, "channel_failing", channel_id=channel.id)
    if serious:
        channel.trouble = error.reason
    return Failure(pause, channel.trouble)
