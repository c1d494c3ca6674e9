"""Which channels are silent: told by the absence of success, never by what an error says.

A channel that is asked is stale when nothing was read from it for two of its intervals, whatever the reason: a refused
key, a provider that is away, a worker that stopped. While its history is loaded, each page of it is a success. One that
is only sent to has no interval, and its silence means nothing; it is stale while somebody is needed there. Of either,
what was sent and could not be read for ten minutes counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from healthberry.core import events, paid_reads, reading, silences
from healthberry.core.channels import capabilities_of
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.owned import now
from healthberry.models.pushes import PushDelivery

INTERVALS = 2
SLACK = timedelta(seconds=30)  # a job waits for its worker, and an answer for its provider
PATIENCE = timedelta(minutes=10)  # how long what was sent to us may wait to be read

_CHANGED = text(
    "SELECT organisation_id, id FROM changed_staleness("
    ":at, CAST(:kinds AS text[]), CAST(:silences AS interval[]), :sent_before)"
)


@dataclass(frozen=True)
class Stale:
    """A channel that is not read: `since` when, and `lasts` how long by now.

    `never`: not since it was linked or switched on. `sent`: what it sent since then could not be read. `trouble` is
    what somebody has to do about it, "" where that is not known.
    """

    channel_id: UUID
    kind: str
    label: str
    since: datetime
    lasts: timedelta
    never: bool = False
    sent: bool = False
    trouble: str = ""


def of_organisation(organisation_id: UUID, *, clock: datetime | None = None) -> list[Stale]:
    """Return the channels of an organisation that are stale now, those first that have been so for longest."""
    linked = select(Channel).where(Channel.organisation_id == organisation_id, Channel.state.in_(("active", "failing")))
    found = db.session.scalars(linked).all()
    waiting = _waiting(organisation_id) if any(capabilities_of(one.kind).push for one in found) else {}
    stale = [_stale(one, waiting.get(one.id), clock or now()) for one in found]
    return sorted((one for one in stale if one), key=lambda one: (one.since, one.channel_id))


def of_channel(channel: Channel, *, clock: datetime | None = None) -> Stale | None:
    """Return how stale this channel is now, None where it is not."""
    if not reading.is_read(channel):
        return None
    waiting = _waiting(channel.organisation_id) if capabilities_of(channel.kind).push else {}
    return _stale(channel, waiting.get(channel.id), clock or now())


def why_not_answered(channel: Channel, *, clock: datetime | None = None) -> str:
    """Say why nothing may be published on this channel now, "" where it may: nobody sees what was said there since."""
    stale = of_channel(channel, clock=clock)
    if stale is None:
        return ""
    name = capabilities_of(channel.kind).name
    return (
        f"{name} has not been read for {in_words(stale.lasts)}, so something newer may be missing here. "
        "This can be sent once it is read again."
    )


def in_words(lasts: timedelta) -> str:
    """Return "25 minutes", "3 hours", "2 days": in the unit that says enough, and never less than a minute."""
    seconds = max(lasts.total_seconds(), 60)
    size, unit = next(pair for pair in ((86_400, "day"), (3_600, "hour"), (60, "minute")) if seconds >= pair[0])
    count = int(seconds // size)
    return f"{count} {unit}{'' if count == 1 else 's'}"


def silence(kind: str) -> timedelta | None:
    """Return how long a channel of this kind may go without success; None for a kind that is never asked."""
    seconds = reading.poll_seconds_of(kind)
    return seconds and timedelta(seconds=seconds * paid_reads.slowness(kind)) * INTERVALS + SLACK  # type: ignore[return-value]


def changed(*, clock: datetime | None = None) -> Sequence[tuple[str, str]]:
    """Return organisation and channel, as text, of those that became stale or fresh and were not noticed yet.

    Of all organisations.
    """
    at = clock or now()
    silences = {one.kind: allowed for one in part("connectors") if (allowed := silence(one.kind))}
    asked = {"at": at, "kinds": list(silences), "silences": list(silences.values()), "sent_before": at - PATIENCE}
    return [(str(one.organisation_id), str(one.id)) for one in db.session.execute(_CHANGED, asked)]


def notice(organisation_id: UUID, channel_id: UUID, *, clock: datetime | None = None) -> None:
    """Remember, tell open pages and write to the administrators where this channel became stale, or fresh again.

    A second call changes nothing.
    """
    at = clock or now()
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None:
        return
    stale = of_channel(channel, clock=at)
    if stale and channel.stale_at is None:
        channel.stale_at = at
        db.session.flush()
        silences.begin(channel, stale.since, at)
        events.record(organisation_id, "channel_stale", channel_id=channel_id, since=stale.since.isoformat())
    elif not stale and channel.stale_at is not None:
        silences.end(channel, at)
        channel.stale_at = None
        db.session.flush()
        events.record(organisation_id, "channel_fresh_again", channel_id=channel_id)


def _stale(channel: Channel, sent_at: datetime | None, at: datetime) -> Stale | None:
    read_at, allowed = channel.last_success_at, silence(channel.kind)
    since = max(read_at or channel.watched_from, channel.watched_from)
    sent = sent_at is not None and sent_at < at - PATIENCE
    silent = since < at - allowed if allowed else channel.state == "failing"
    if not (sent or silent):
        return None
    since = sent_at if sent_at and not silent else since
    never = read_at is None or read_at < channel.watched_from
    return Stale(
        channel.id, channel.kind, channel.label, since, at - since, never and silent, not silent, channel.trouble
    )


def _waiting(organisation_id: UUID) -> Mapping[UUID, datetime]:
    """Since when the oldest delivery of each channel has waited."""
    oldest = select(PushDelivery.channel_id, func.min(PushDelivery.received_at)).where(
        PushDelivery.organisation_id == organisation_id
    )
    return dict(db.session.execute(oldest.group_by(PushDelivery.channel_id)).all())
