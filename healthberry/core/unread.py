"""Dealing with what could not be read: tried again after an upgrade or on request, and marked as dealt with by people.

What was sent to us is read again from here; what has a name is asked for by it; for the rest, the channel is walked
through once more. What can be read then comes in as it would have, and leaves the quarantine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Update, delete, select, update

from healthberry.connectors.base import InboundItem, Page
from healthberry.core import channels, events, ingest, paid_reads, quarantine, reading, shares, walks
from healthberry.core.channels import capabilities_of, is_unlinked
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel, QuarantinedItem
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.version import VERSION

PAUSE = timedelta(minutes=15)
AT_ONCE = 50


@dataclass(frozen=True)
class Waiting:
    """A piece that is to be tried; `remote_id` is "" where it has no name that its source could be asked by."""

    id: UUID
    raw: str = field(repr=False)
    remote_id: str
    is_delivery: bool

    @property
    def is_named(self) -> bool:
        """Whether its source can be asked for it."""
        return bool(self.remote_id) and not self.is_delivery


def handle(member: Member, channel_id: UUID) -> None:
    """Note that people have dealt with all that lies in this channel's quarantine; it stays there, and warns no more.

    Raises: NotFound; NotAllowed.
    """
    require(member, "manage")
    channel = channels.find(member.organisation_id, channel_id)
    waiting = _of(channel).where(QuarantinedItem.handled_at.is_(None))
    db.session.execute(waiting.values(handled_at=now()))
    events.record(member.organisation_id, "quarantine_handled", channel_id=channel_id, member=member)


def want(member: Member, channel_id: UUID) -> None:
    """Have all that lies in this channel's quarantine tried again now. Raises: NotFound; NotAllowed."""
    require(member, "manage")
    channel = channels.find(member.organisation_id, channel_id)
    db.session.execute(_of(channel).values(tried_with="", tried_at=None))
    events.record(member.organisation_id, "quarantine_wanted", channel_id=channel_id, member=member)


def claim(organisation_id: UUID, channel_id: UUID, *, version: str = VERSION) -> tuple[Channel, list[Waiting]] | None:
    """Become the one who tries the next pieces of this channel; None when it is off or failing, or nothing is due."""
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None or channel.state != "active" or paid_reads.spent(channel.kind) is not None:
        return None
    item = QuarantinedItem
    due = (
        select(item.id, item.raw, item.remote_id, item.is_delivery)
        .where(item.organisation_id == organisation_id, item.channel_id == channel_id, item.tried_with != version)
        .where(item.tried_at.is_(None) | (item.tried_at < now() - PAUSE))
        .order_by(item.received_at, item.id)
        .limit(AT_ONCE)
    )
    found = [Waiting(row.id, row.raw, row.remote_id or "", row.is_delivery) for row in db.session.execute(due)]
    if not found or not shares.take(channel):
        return None
    db.session.execute(_of(channel).where(item.id.in_([one.id for one in found])).values(tried_at=now()))
    return channel, found


def store_delivery(channel: Channel, piece: Waiting, page: Page | None) -> None:
    """Store what a delivery says now that it can be read; None: it still can't, until the next version."""
    if is_unlinked(channel):
        return
    if page is None:
        _tried(channel, [piece.id])
        return
    stored = ingest.store_page(channel, page.items, backfill=False)
    quarantine.keep(channel, page.bad)
    channel.items_loaded += stored.messages
    _leave(channel, [piece.id])


def store_named(channel: Channel, named: Sequence[Waiting], found: Sequence[InboundItem]) -> None:
    """Store what the source says of those with names; what it says nothing of waits for the next version."""
    if not named or is_unlinked(channel):
        return
    began_at = now()
    stored = ingest.store_page(channel, found, backfill=False)
    channel.items_loaded += stored.messages
    names = {item.remote_id for item in found}
    # Whatever of it can't be stored even now lies here anew, under what it is now.
    _leave(channel, [one.id for one in named if one.remote_id in names], seen_before=began_at)
    _tried(channel, [one.id for one in named])


def plan_for_the_rest(channel: Channel, waiting: Sequence[Waiting]) -> None:
    """Have the channel walked through once more for pieces without a name, where that costs nothing."""
    nameless = [one.id for one in waiting if not one.is_delivery and not one.is_named]
    if nameless and walks.can(channel) and not capabilities_of(channel.kind).paid_reads:
        walks.plan(channel, reading.backfill_since(channel), walks.UNREAD)
    _tried(channel, nameless)


def _tried(channel: Channel, ids: Sequence[UUID]) -> None:
    db.session.execute(_of(channel).where(QuarantinedItem.id.in_(ids)).values(tried_with=VERSION, tried_at=now()))


def _leave(channel: Channel, ids: Sequence[UUID], seen_before: datetime | None = None) -> None:
    item = QuarantinedItem
    gone = delete(item).where(item.organisation_id == channel.organisation_id, item.id.in_(ids))
    if seen_before is not None:
        gone = gone.where(item.seen_at < seen_before)
    quarantine.count_gone(channel, len(db.session.execute(gone.returning(item.id)).all()))


def _of(channel: Channel) -> Update:
    mine = update(QuarantinedItem).where(
        QuarantinedItem.organisation_id == channel.organisation_id, QuarantinedItem.channel_id == channel.id
    )
    return mine.execution_options(synchronize_session=False)
