"""What providers send by themselves: whose channel it is for, and keeping it raw until a worker reads it.

Whoever sends is no member of anything: SQL functions say, in ids only, whose channel is meant. No row is written to by
every delivery, so a burst waits for nothing. Reading what is kept: push_batches.py.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection, delete, select, text

from healthberry.connectors.base import Access, Connector, Delivery
from healthberry.core import channels, events, scope
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.owned import new_id, now
from healthberry.models.pushes import PushDelivery

_LONGEST_KEY = 200
_REMEMBER_SECONDS = 5.0
_ASK_SECONDS = 1.0  # so long one asks while the others go by what was known
_MOST_REMEMBERED = 10_000

_BY_ACCOUNT = text("SELECT organisation_id, id FROM channels_called(:kind, :remote_id)")
_LISTENING = text("SELECT organisation_id, id FROM listening_channels(:kinds)")
_KEEP = text("SELECT keep_deliveries(:organisation_id, :channel_id, CAST(:rows AS json))")
_BY_ID = text("SELECT channel_owner(:kind, :id)")


@dataclass(frozen=True)
class Called:
    """A linked channel that a request is for, and how it is reached."""

    organisation_id: UUID
    channel_id: UUID
    access: Access = field(repr=False)


_remembered: dict[tuple[str, UUID], tuple[float, list[Called]]] = {}


def called_by_id(kind: str, channel_id: UUID) -> list[Called]:
    """Return the channel with this id, unless it is of another kind, off or unlinked.

    What was found is remembered for five seconds: in a burst, looking it up takes as long as all the rest. Whoever
    comes first after them asks anew, and those who come meanwhile go by what was known. Whoever changes a channel says
    so by `forget_called`; other processes learn of it within those seconds.
    """
    known = _remembered.get((kind, channel_id))
    if known is not None:
        until, before = known
        moment = time.monotonic()
        if moment < until:
            return before
        if moment < until + _ASK_SECONDS:
            _remembered[kind, channel_id] = (until + _ASK_SECONDS, before)
    found = [reach(owner, channel_id) for owner in db.session.scalars(_BY_ID, {"kind": kind, "id": channel_id})]
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[kind, channel_id] = (time.monotonic() + _REMEMBER_SECONDS, found)
    return found


def prepare(connection: Connection) -> None:
    """Ask what a delivery asks, for nobody: what a connection works out at its first question of a kind is known then.

    Changes nothing.
    """
    nobody, values = new_id(), {"kind": "", "id": new_id()}
    connection.execute(_BY_ID, values)
    connection.execute(select(Channel).where(Channel.organisation_id == nobody, Channel.id == nobody))
    connection.execute(_KEEP, {"organisation_id": nobody, "channel_id": nobody, "rows": "[]"})
    connection.rollback()


def forget_called(channel_id: UUID) -> None:
    """Look this channel up anew at its next delivery: it was switched, unlinked, or got another secret."""
    for kind, known in list(_remembered):
        if known == channel_id:
            _remembered.pop((kind, known), None)


def called(kind: str, remote_id: str) -> list[Called]:
    """Return each organisation's channel that the provider knows by this id."""
    return [reach(*ids) for ids in ids_called(kind, remote_id)]


def reach(organisation_id: UUID, channel_id: UUID) -> Called:
    """Enter the organisation of a channel and say how it is reached. Raises: NotFound."""
    scope.enter(organisation_id)
    return Called(organisation_id, channel_id, channels.access_of(channels.find(organisation_id, channel_id)))


def ids_called(kind: str, remote_id: str) -> list[tuple[UUID, UUID]]:
    """Return organisation and channel of each that the provider knows by this id; off and unlinked ones are not."""
    found = db.session.execute(_BY_ACCOUNT, {"kind": kind, "remote_id": remote_id.replace("\x00", "")})
    return [(row.organisation_id, row.id) for row in found]


def listening(kinds: Sequence[str]) -> dict[tuple[UUID, UUID], str]:
    """Return the active channels of these kinds, of all organisations: organisation and channel, with the kind."""
    found: dict[tuple[UUID, UUID], str] = {}
    for kind in kinds:
        found |= {(row.organisation_id, row.id): kind for row in db.session.execute(_LISTENING, {"kinds": [kind]})}
    return found


def installed_access(connector: Connector) -> Access:
    """Return what a request that names no channel is verified with: the keys of this installation."""
    return Access({}, connector.installed_access())


def keep(organisation_id: UUID, channel_id: UUID, deliveries: Sequence[Delivery]) -> None:
    """Keep verified pieces until a worker reads them, and tell that they came; one that still waits is not doubled.

    They are kept when this returns, whatever becomes of the caller's transaction: the same again changes nothing, and a
    burst pays for one statement each.
    """
    if not deliveries:
        return
    at = now().isoformat()
    rows = [
        {"id": str(new_id()), "key": _key(delivery), "body": _storable(delivery.body), "received_at": at}
        for delivery in deliveries
    ]
    values = {"organisation_id": organisation_id, "channel_id": channel_id, "rows": json.dumps(rows)}
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(_KEEP, values)
    events.tell(events.Event(organisation_id, 0, "delivery_kept", channel_id=channel_id))


def keep_addressed(kind: str, deliveries: Sequence[Delivery]) -> int:
    """Keep each piece for every channel that it names; return how many name none that is linked here."""
    by_account: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        by_account.setdefault(delivery.account, []).append(delivery)
    nobodys = 0
    for account, pieces in sorted(by_account.items()):
        ids = ids_called(kind, account) if account else []
        for organisation_id, channel_id in ids:
            keep(organisation_id, channel_id, pieces)
        nobodys += 0 if ids else len(pieces)
    return nobodys


def forget(organisation_id: UUID, channel_id: UUID) -> None:
    """Delete what waits to be read of a channel."""
    mine = (PushDelivery.organisation_id == organisation_id, PushDelivery.channel_id == channel_id)
    db.session.execute(delete(PushDelivery).where(*mine))


def _key(delivery: Delivery) -> str:
    """The provider's own name for the piece where it has one, else what is in it."""
    key = _storable(delivery.key)
    if 0 < len(key) <= _LONGEST_KEY:
        return key
    return hashlib.sha256((key or delivery.body).encode("utf-8", "replace")).hexdigest()


def _storable(words: str) -> str:
    return words.replace("\x00", "").encode("utf-8", "replace").decode()
