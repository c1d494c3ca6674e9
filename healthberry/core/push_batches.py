"""Reading what was sent: a batch of deliveries is stored as one page and deleted in the same transaction.

A claim is a time until which nobody else reads the same channel's deliveries; a worker that dies loses it by waiting.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, select

from healthberry.connectors.base import BadItem, InboundItem, Page
from healthberry.connectors.errors import Permanent, Temporary
from healthberry.connectors.text import clean
from healthberry.core import channels, ingest, paid_reads, pushes, quarantine, reading, shares
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.owned import now
from healthberry.models.pushes import PushDelivery

BATCH = 200
_CLAIM = timedelta(seconds=120)
_LATER = timedelta(seconds=15)
_GIVEN_UP = timedelta(days=1)
_LONGEST_RAW = 20_000


@dataclass(frozen=True)
class Waiting:
    """A delivery as a worker reads it; `old` ones are given up when they can't be read for the moment."""

    id: UUID
    body: str = field(repr=False)
    old: bool = False
    key: str = ""  # the provider's own name for it, or what is made of what it says: the same again is the same


@dataclass
class Read:
    """What a batch of deliveries says, put together: of the same item only the last word counts.

    `bad` are pieces of deliveries, `given_up` whole ones.
    `done` are the deliveries that were read, or never will be; `kept` counts those to be read later. `error` is why
    nothing more can be read of this channel now.
    """

    items: dict[str, InboundItem] = field(default_factory=dict)
    bad: list[BadItem] = field(default_factory=list)
    given_up: list[BadItem] = field(default_factory=list)
    paid: list[str] = field(default_factory=list)
    done: list[UUID] = field(default_factory=list)
    kept: int = 0
    poll_now: bool = False
    error: Temporary | Permanent | None = None

    def add(self, delivery: Waiting, page: Page) -> None:
        """Take in what one delivery says."""
        for item in page.items:
            self.items.pop(item.remote_id, None)
            self.items[item.remote_id] = item
        self.bad += page.bad
        self.paid += page.paid
        self.poll_now = self.poll_now or page.poll_now
        self.done.append(delivery.id)

    def quarantine(self, delivery: Waiting, reason: str) -> None:
        """Give a delivery up, with the reason for people."""
        self.given_up.append(BadItem(clean(delivery.body, _LONGEST_RAW), reason))
        self.done.append(delivery.id)

    def put_back(self, delivery: Waiting, error: Temporary) -> None:
        """Leave a delivery for later; one that is a day old is given up."""
        if delivery.old:
            self.quarantine(delivery, error.reason)
        else:
            self.kept += 1


def claim(organisation_id: UUID, channel_id: UUID) -> Channel | None:
    """Become the one who reads this channel's deliveries; None when it is off or somebody else does.

    None also where enough is read of its kind or organisation already. What still waits for an unlinked channel is
    forgotten.
    """
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is not None and channel.state == "unlinked":
        pushes.forget(organisation_id, channel_id)
    if channel is None or not reading.is_read(channel) or channel.next_delivery_at > now():
        return None
    if channel.delivery_claimed_until is not None and channel.delivery_claimed_until > now():
        return None
    if (spent := paid_reads.spent(channel.kind)) is not None:
        reading.delivery_failed(channel, spent)
        return None
    if not shares.take(channel):
        return None
    channel.delivery_claimed_until = now() + _CLAIM
    return channel


def waiting(channel: Channel, after: UUID | None = None) -> list[Waiting]:
    """Return the next deliveries, the oldest first, at most `BATCH`, those after `after`."""
    statement = select(PushDelivery.id, PushDelivery.body, PushDelivery.received_at, PushDelivery.key).where(
        PushDelivery.organisation_id == channel.organisation_id, PushDelivery.channel_id == channel.id
    )
    if after is not None:
        statement = statement.where(PushDelivery.id > after)
    given_up = now() - _GIVEN_UP
    rows = db.session.execute(statement.order_by(PushDelivery.id).limit(BATCH))
    return [Waiting(row.id, row.body, row.received_at < given_up, row.key) for row in rows]


def is_all(looked_at: Sequence[Waiting], last: UUID) -> bool:
    """Say whether nothing waited beyond these, the last of which that was read is `last`."""
    return len(looked_at) < BATCH and looked_at[-1].id == last


def any_waiting(channel: Channel) -> bool:
    """Say whether something waits to be read and may be read now."""
    mine = (PushDelivery.organisation_id == channel.organisation_id, PushDelivery.channel_id == channel.id)
    return channel.next_delivery_at <= now() and bool(db.session.scalar(select(exists().where(*mine))))


def store(channel: Channel, read: Read) -> bool:
    """Store what a batch said and delete it, in the caller's transaction; False once the channel is unlinked."""
    if channels.is_unlinked(channel):
        pushes.forget(channel.organisation_id, channel.id)
        return False
    _delete(channel, read.done)
    stored = ingest.store_page(channel, list(read.items.values()), backfill=False)
    quarantine.keep(channel, read.bad)
    quarantine.keep(channel, read.given_up, is_delivery=True)
    paid_reads.count(channel.kind, read.paid)
    channel.items_loaded += stored.messages
    channel.delivery_claimed_until = now() + _CLAIM
    if read.poll_now and reading.poll_seconds(channel):
        channel.next_poll_at = now()
    if read.done:
        channel.last_delivery_at = now()
        reading.delivery_read(channel)
    return True


def release(channel: Channel, error: Temporary | Permanent | None, kept: int) -> None:
    """Let another worker read what comes next: at once, or after a pause where something could not be read now."""
    if error is not None:
        reading.delivery_failed(channel, error)
    else:
        channel.delivery_claimed_until = None
        channel.next_delivery_at = now() + (_LATER if kept else timedelta())


def _delete(channel: Channel, ids: Collection[UUID]) -> None:
    mine = (PushDelivery.organisation_id == channel.organisation_id, PushDelivery.id.in_(ids))
    db.session.execute(delete(PushDelivery).where(*mine))
