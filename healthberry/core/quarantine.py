"""Pieces that could not be read or stored: kept raw with their reason, blocking nobody, to be looked at."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, and_, delete, func, select
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

SHOWN = 100
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
    """One quarantined piece as a page shows it; `raw` is its beginning, "" for members who may not see it."""

    received_at: datetime
    reason: str
    raw: str


def keep(channel: Channel, bad: Sequence[BadItem]) -> int:
    """Keep pieces that could not be read, with their reason; return how many are new. The same piece again is one."""
    bad = suppression.not_erased(channel, bad)
    if not bad:
        return 0
    rows = [
        {
            "organisation_id": channel.organisation_id,
            "id": new_id(),
            "channel_id": channel.id,
            "fingerprint": hashlib.sha256(piece.raw.encode("utf-8", "replace")).hexdigest(),
            "remote_id": _storable(piece.remote_id) if piece.remote_id else None,
            "raw": _storable(piece.raw),
            "reason": piece.reason,
            "received_at": now(),
        }
        for piece in bad
    ]
    statement = insert(QuarantinedItem).on_conflict_do_nothing().returning(QuarantinedItem.id)
    added = len(db.session.execute(statement, rows).all())
    if added:
        # Counted by the database: a backfill and a poll may keep something of the same channel at once.
        channel.items_quarantined = Channel.items_quarantined + added
        db.session.flush()
        events.record(channel.organisation_id, "items_quarantined", channel_id=channel.id, items=added)
    return added


def forget(channel: Channel, remote_ids: Collection[str]) -> None:
    """Delete what is kept of items that their source took down: their words go, wherever they are."""
    if not remote_ids:
        return
    statement = delete(QuarantinedItem).where(
        QuarantinedItem.organisation_id == channel.organisation_id,
        QuarantinedItem.channel_id == channel.id,
        QuarantinedItem.remote_id.in_(remote_ids),
    )
    gone = len(db.session.execute(statement.returning(QuarantinedItem.id)).all())
    if gone:
        channel.items_quarantined = Channel.items_quarantined - gone
        db.session.flush()


def listed(member: Member, channel_id: UUID) -> tuple[Channel, Sequence[Piece]]:
    """Return the channel and its newest quarantined pieces, at most `SHOWN`. Raises: NotFound.

    Raw pieces may hold anything: only who manages channels sees them.
    """
    channel = channels.find(member.organisation_id, channel_id)
    raw = func.left(QuarantinedItem.raw, _SHOWN_CHARACTERS)
    statement = (
        select(QuarantinedItem.received_at, QuarantinedItem.reason, raw)
        .where(QuarantinedItem.organisation_id == member.organisation_id, QuarantinedItem.channel_id == channel_id)
        .order_by(QuarantinedItem.received_at.desc(), QuarantinedItem.id.desc())
        .limit(SHOWN)
    )
    sees_raw = may(member, "manage")
    return channel, [Piece(at, reason, text if sees_raw else "") for at, reason, text in db.session.execute(statement)]


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


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()
