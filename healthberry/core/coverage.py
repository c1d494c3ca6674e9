"""What has been read of a channel, as stretches of time, and the gaps that its source no longer fills.

A poll goes on from the cursor of the last one, so one that comes to its end proves that all that was published until it
began has been read: nothing is stored for each day. After a silence that is longer than the source looks back, the
stretch between is a gap, and stays one until somebody reads those days again with success.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select

from healthberry.core.channels import capabilities_of
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message
from healthberry.models.coverage import Stretch

FIRST_LOOK = timedelta(days=2)  # a poll without a cursor looks back so far: connectors.base


def polled(channel: Channel, began_at: datetime) -> None:
    """Note that a poll which began at `began_at` came to its end."""
    if channel.read_to is None:
        _begin(channel, began_at - FIRST_LOOK, began_at)
        return
    reach = capabilities_of(channel.kind).reach_days
    if reach is not None and channel.read_to < (earliest := began_at - timedelta(days=reach)):
        _leave_behind(channel)
        _lose(channel, channel.read_to, earliest, _why_lost(channel))
        channel.read_from, channel.read_to = earliest, began_at
        return
    channel.read_to = max(channel.read_to, began_at)


def loaded(channel: Channel, since: datetime, began_at: datetime) -> None:
    """Note that history was read to its end, from the moment `began_at` back to `since`.

    Where the source does not serve all of its history, back to the oldest item that it served.
    """
    if not capabilities_of(channel.kind).serves_all:
        since = max(since, _oldest(channel) or began_at)
    if since < began_at:
        read(channel, since, began_at)


def read(channel: Channel, from_at: datetime, to_at: datetime) -> None:
    """Note that all that was published between these moments has been read; gaps there are closed."""
    _close_gaps(channel, from_at, to_at)
    for known in _stretches(channel, "read"):
        if known.from_at <= to_at and from_at <= known.to_at:
            from_at, to_at = min(from_at, known.from_at), max(to_at, known.to_at)
            db.session.delete(known)
    if channel.read_from and channel.read_to and channel.read_from <= to_at and from_at <= channel.read_to:
        channel.read_from = min(channel.read_from, from_at)
    else:
        _add(channel, from_at, to_at, "read")
    db.session.flush()


def forget(channel: Channel) -> None:
    """Forget what was read: all of it has been erased, and will be read anew."""
    for known in _stretches(channel, "read", "gap"):
        db.session.delete(known)
    channel.read_from = channel.read_to = channel.catch_up_at = channel.backfill_began_at = None


def stretches(channel: Channel) -> Sequence[Stretch]:
    """Return what lies before the channel's own stretch: what was read, and gaps, the oldest first."""
    return _stretches(channel, "read", "gap")


def _begin(channel: Channel, from_at: datetime, to_at: datetime) -> None:
    """The first poll: what a backfill read before it belongs to it, unless days lie between."""
    channel.read_from, channel.read_to = from_at, to_at
    before = _stretches(channel, "read")
    if before and before[-1].to_at < from_at:
        _lose(channel, before[-1].to_at, from_at, _why_lost(channel))
    for known in reversed(before):
        if known.to_at >= channel.read_from:
            channel.read_from = min(channel.read_from, known.from_at)
            db.session.delete(known)


def _why_lost(channel: Channel) -> str:
    if channel.read_to is not None and channel.watched_from > channel.read_to:
        return "The channel was switched off, for longer than is served afterwards."
    return "The channel could not be read, for longer than is served afterwards."


def _leave_behind(channel: Channel) -> None:
    if channel.read_from is not None and channel.read_to is not None:
        _add(channel, channel.read_from, channel.read_to, "read")


def _lose(channel: Channel, from_at: datetime, to_at: datetime, reason: str) -> None:
    _add(channel, from_at, to_at, "gap", reason)


def _close_gaps(channel: Channel, from_at: datetime, to_at: datetime) -> None:
    for gap in _stretches(channel, "gap"):
        begins, ends = max(gap.from_at, from_at), min(gap.to_at, to_at)
        if begins >= ends:
            continue
        if gap.from_at < begins:
            _add(channel, gap.from_at, begins, "gap", gap.reason)
        if ends < gap.to_at:
            _add(channel, ends, gap.to_at, "gap", gap.reason)
        db.session.delete(gap)


def _add(channel: Channel, from_at: datetime, to_at: datetime, state: str, reason: str = "") -> None:
    db.session.add(
        Stretch(
            organisation_id=channel.organisation_id,
            channel_id=channel.id,
            from_at=from_at,
            to_at=to_at,
            state=state,
            reason=reason,
        )
    )


def _stretches(channel: Channel, *states: str) -> Sequence[Stretch]:
    statement = select(Stretch).where(
        Stretch.organisation_id == channel.organisation_id,
        Stretch.channel_id == channel.id,
        Stretch.state.in_(states),
    )
    return db.session.scalars(statement.order_by(Stretch.from_at, Stretch.id)).all()


def _oldest(channel: Channel) -> datetime | None:
    """When the oldest was posted of what is stored; what a provider dates ahead proves nothing."""
    oldest = select(func.min(Message.posted_at)).where(
        Message.organisation_id == channel.organisation_id,
        Message.channel_id == channel.id,
        Message.direction == "inbound",
    )
    return db.session.scalar(oldest)
