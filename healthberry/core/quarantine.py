"""Pieces that could not be read or stored: kept raw with their reason, blocking nobody, to be looked at."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, StatementError

from healthberry.connectors.base import BadItem, InboundItem
from healthberry.connectors.reading import bad_item
from healthberry.core import channels, events, suppression
from healthberry.core.permissions import may
from healthberry.extensions import db
from healthberry.models.channels import Channel, QuarantinedItem
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now
from healthberry.version import VERSION

SHOWN = 100
OLD = timedelta(days=1)  # what nobody has dealt with by then is told on every page
_SHOWN_CHARACTERS = 2_000

# Classes of SQLSTATE that speak of the values that were given, whatever the driver calls the error.
_REASONS = {
    "21": "It holds values that our database refuses.",
    "22": "It holds characters or values that our database refuses.",
    "23": "It lacks something that our database asks for.",
    "54": "It is larger than our database takes.",
}


@dataclass(frozen=True)
class Piece:
    """One quarantined piece as a page shows it; `raw` is its beginning, "" for members who may not see it.

    `handled`: people have dealt with it.
    """

    received_at: datetime
    reason: str
    raw: str
    handled: bool


@dataclass(frozen=True)
class Neglected:
    """How many pieces of one channel have waited for longer than a day, and since when the oldest has."""

    channel_id: UUID
    kind: str
    count: int
    since: datetime


def keep(channel: Channel, bad: Sequence[BadItem], *, is_delivery: bool = False) -> int:
    """Keep pieces that could not be read, with their reason; return how many are new. The same piece again is one.

    `is_delivery`: each is all that one delivery held.
    """
    bad = suppression.not_erased(channel, bad)
    if not bad:
        return 0
    at = now()
    rows = [
        {
            "organisation_id": channel.organisation_id,
            "id": new_id(),
            "channel_id": channel.id,
            "fingerprint": hashlib.sha256(piece.raw.encode("utf-8", "replace")).hexdigest(),
            "remote_id": _name_of(piece),
            "raw": _storable(piece.raw),
            "reason": piece.reason,
            "received_at": at,
            "seen_at": at,
            "is_delivery": is_delivery,
            "tried_with": VERSION,
        }
        for piece in bad
    ]
    statement = insert(QuarantinedItem).on_conflict_do_nothing().returning(QuarantinedItem.id)
    added = len(db.session.execute(statement, rows).all())
    if added < len(rows):
        _seen_again(channel, {str(row["fingerprint"]) for row in rows}, at)
    if added:
        # Counted by the database: a backfill and a poll may keep something of the same channel at once.
        channel.items_quarantined = Channel.items_quarantined + added
        db.session.flush()
        events.record(channel.organisation_id, "items_quarantined", channel_id=channel.id, items=added)
    return added


def _seen_again(channel: Channel, fingerprints: Collection[str], at: datetime) -> None:
    known = update(QuarantinedItem).where(
        QuarantinedItem.organisation_id == channel.organisation_id,
        QuarantinedItem.channel_id == channel.id,
        QuarantinedItem.fingerprint.in_(fingerprints),
    )
    db.session.execute(known.values(seen_at=at, tried_with=VERSION))


def forget(channel: Channel, remote_ids: Collection[str]) -> None:
    """Delete what is kept of items that their source took down: their words go, wherever they are."""
    if not remote_ids:
        return
    statement = delete(QuarantinedItem).where(
        QuarantinedItem.organisation_id == channel.organisation_id,
        QuarantinedItem.channel_id == channel.id,
        QuarantinedItem.remote_id.in_(remote_ids),
    )
    count_gone(channel, len(db.session.execute(statement.returning(QuarantinedItem.id)).all()))


def count_gone(channel: Channel, count: int) -> None:
    """Count that pieces of this channel have left."""
    if count:
        channel.items_quarantined = Channel.items_quarantined - count
        db.session.flush()
        events.record(channel.organisation_id, "quarantine_handled", channel_id=channel.id, items=count)


def forget_unseen(channel: Channel, since: datetime) -> None:
    """Forget what its source did not serve again in a form that can't be read, though all of it was walked through.

    It could be read by then, or it is there no more. What was sent to us is served once, and stays.
    """
    mine = (QuarantinedItem.organisation_id == channel.organisation_id, QuarantinedItem.channel_id == channel.id)
    unseen = delete(QuarantinedItem).where(*mine, QuarantinedItem.seen_at < since, ~QuarantinedItem.is_delivery)
    count_gone(channel, len(db.session.execute(unseen.returning(QuarantinedItem.id)).all()))


def listed(member: Member, channel_id: UUID) -> tuple[Channel, Sequence[Piece]]:
    """Return the channel and its newest quarantined pieces, at most `SHOWN`. Raises: NotFound.

    Raw pieces may hold anything: only who manages channels sees them.
    """
    channel = channels.find(member.organisation_id, channel_id)
    raw = func.left(QuarantinedItem.raw, _SHOWN_CHARACTERS)
    statement = (
        select(QuarantinedItem.received_at, QuarantinedItem.reason, raw, QuarantinedItem.handled_at)
        .where(QuarantinedItem.organisation_id == member.organisation_id, QuarantinedItem.channel_id == channel_id)
        .order_by(QuarantinedItem.received_at.desc(), QuarantinedItem.id.desc())
        .limit(SHOWN)
    )
    sees_raw = may(member, "manage")
    rows = db.session.execute(statement)
    return channel, [
        Piece(at, reason, text if sees_raw else "", handled is not None) for at, reason, text, handled in rows
    ]


def neglected(organisation_id: UUID, *, clock: datetime | None = None) -> list[Neglected]:
    """Return, by channel, the pieces that nobody has dealt with for a day; those of unlinked channels too."""
    waiting = (
        select(QuarantinedItem.channel_id, func.count().label("count"), func.min(QuarantinedItem.received_at))
        .where(QuarantinedItem.organisation_id == organisation_id, QuarantinedItem.handled_at.is_(None))
        .where(QuarantinedItem.received_at < (clock or now()) - OLD)
        .group_by(QuarantinedItem.channel_id)
    )
    rows = db.session.execute(waiting).all()
    kinds = channels.kinds(organisation_id, [row[0] for row in rows]) if rows else {}
    return [Neglected(channel_id, kinds[channel_id], count, since) for channel_id, count, since in rows]


def of_organisation(organisation_id: UUID) -> Sequence[Row[datetime, UUID, UUID, str, str]]:
    """Return received_at, id, channel_id, kind and reason of every piece, the oldest first: nothing of the piece."""
    of_channel = and_(Channel.organisation_id == organisation_id, Channel.id == QuarantinedItem.channel_id)
    columns = (QuarantinedItem.received_at, QuarantinedItem.id, QuarantinedItem.channel_id, Channel.kind)
    statement = select(*columns, QuarantinedItem.reason).join(Channel, of_channel)
    statement = statement.where(QuarantinedItem.organisation_id == organisation_id)
    return db.session.execute(statement.order_by(QuarantinedItem.received_at, QuarantinedItem.id)).all()


def as_bad(item: InboundItem, reason: str) -> BadItem:
    """Return an item that could be read, but not stored, as a piece to keep."""
    return bad_item(asdict(item), reason, item.remote_id)


def reason_of(error: StatementError | UnicodeError) -> str | None:
    """Say for people what the database found wrong with what it was given; None where that was not the trouble."""
    if isinstance(error, UnicodeError):
        return _REASONS["22"]
    state = getattr(error.orig, "sqlstate", None) or ""
    if state[:2] in _REASONS:
        return _REASONS[state[:2]]
    # The driver refuses NUL before the server sees it.
    return _REASONS["22"] if isinstance(error, DataError) else None


def _name_of(piece: BadItem) -> str | None:
    """Return the id without what was broken on the way: under it the whole piece comes with a later reading."""
    return _storable((piece.remote_id or "").replace("\ufffd", "")) or None


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
