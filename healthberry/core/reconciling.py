"""Comparing once a day what a source says it has with what we hold, and repairing a difference by reading it all again.

Where the source tells no total, everything is read again from time to time: what had been missed is counted then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from healthberry.connectors.errors import Permanent, Temporary
from healthberry.core import events, reading, shares, walks
from healthberry.core.channels import capabilities_of
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.coverage import Walk
from healthberry.models.owned import now

DAILY = timedelta(days=1)
_CLAIM, _LATER = timedelta(minutes=10), timedelta(hours=1)
_BETWEEN_WALKS = timedelta(hours=20)  # once a day at most, with room for a day that begins a little early


@dataclass(frozen=True)
class Standing:
    """What comparing came to. `told` is None where the source tells no total.

    `older` are those that the source has and we do not keep, `unread` those that lie in quarantine; `missing` is what
    is left, below 0 where we hold more than the source shows. `walked_at` is when all of it was last read again,
    `added` how many had been missed by then; `walking` that it is being read again now.
    """

    told: int | None
    held: int
    older: int
    unread: int
    missing: int
    compared_at: datetime | None
    walked_at: datetime | None
    added: int
    walking: bool


def kinds() -> list[str]:
    """Return the kinds of channels of which something can be compared."""
    return [one.kind for one in part("connectors") if _is_compared(one.kind)]


def standing(channel: Channel) -> Standing | None:
    """Return what comparing this channel came to; None where nothing was compared yet."""
    walk = walks.of(channel)
    if walk is None or not _is_compared(channel.kind) or (walk.compared_at is None and walk.full_at is None):
        return None
    return Standing(
        walk.told,
        walk.held or 0,
        walk.older,
        walk.unread,
        _missing(walk),
        walk.compared_at,
        walk.full_at,
        walk.added if walk.ended_at == walk.full_at else 0,
        walk.next_at is not None,
    )


def claim(organisation_id: UUID, channel_id: UUID) -> Channel | None:
    """Become the one who compares this channel; None when it is not its turn, it is off, or it is being read again."""
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None or channel.state != "active" or channel.backfill_state != "done":
        return None
    walk = walks.of(channel)
    if walk is None:
        walk = Walk(organisation_id=organisation_id, channel_id=channel_id)
        db.session.add(walk)
        db.session.flush()
    elif walk.compare_at > now():
        return None
    if walk.next_at is None and not shares.take(channel):
        return None
    walk.compare_at = now() + _CLAIM
    return channel if walk.next_at is None else None


def store(channel: Channel, told: int | None) -> None:
    """Keep what the source says and what we hold; where they differ, have everything read again, once a day at most."""
    walk = walks.of(channel)
    if walk is None:
        return
    days = capabilities_of(channel.kind).walk_days
    walk.compare_at = now() + DAILY
    if told is None:
        if days and _is_over(walk.full_at or channel.backfill_finished_at, timedelta(days=days)):
            walks.plan(channel, reading.backfill_since(channel), walks.REGULAR)
        return
    walk.told, walk.held, walk.unread, walk.compared_at = told, _held(channel), channel.items_quarantined, now()
    if _missing(walk) > 0 and _is_over(walk.full_at, _BETWEEN_WALKS):
        walks.plan(channel, walks.ALL, walks.DIFFERENCE)
    db.session.flush()
    events.record(channel.organisation_id, "counts_compared", channel_id=channel.id, missing=_missing(walk))


def failed(channel: Channel, error: Temporary | Permanent) -> None:
    """Ask again later: a source that does not tell now says nothing of what we hold."""
    if (walk := walks.of(channel)) is not None:
        wished = error.retry_after if isinstance(error, Temporary) else None
        walk.compare_at = now() + max(_LATER, timedelta(seconds=wished or 0))


def _is_compared(kind: str) -> bool:
    about = capabilities_of(kind)
    return about.tells_total or about.walk_days is not None


def _is_over(since: datetime | None, every: timedelta) -> bool:
    return since is None or since < now() - every


def _missing(walk: Walk) -> int:
    return walk.told - (walk.held or 0) - walk.older - walk.unread if walk.told is not None else 0


def _held(channel: Channel) -> int:
    """What its source may still show: not what it took down, nor what we had to forget."""
    mine = select(func.count()).where(
        Conversation.organisation_id == channel.organisation_id,
        Conversation.channel_id == channel.id,
        Conversation.withdrawn.is_(False),
        Conversation.expired_at.is_(None),
    )
    return db.session.scalar(mine) or 0
