"""What was erased on request does not come back, however often its source serves it.

Kept are keyed hashes of the source's ids, never the ids: whoever has the database and not the installation's keys can't
even ask whether a certain person is among them. Each organisation has a key of its own, sealed like a channel's tokens.
A page costs one look-up, and none on a channel where nothing was erased.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, any_, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.connectors.base import BadItem, InboundItem
from healthberry.core import organisations
from healthberry.core.vault import Vault
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.keeping import Suppression
from healthberry.models.organisations import OrganisationDetails

What = Literal["item", "author", "thread"]
Effect = Literal["erased", "restricted"]
ERASED = "erased:"

_keys: dict[UUID, bytes] = {}


@dataclass(frozen=True)
class Name:
    """One of the source's ids; of an author, only what is from `before` that moment is meant."""

    what: What
    remote_id: str
    before: datetime | None = None


@dataclass(frozen=True)
class Sifted:
    """What of a page may be stored, and the remote ids of its authors whose words are restricted."""

    items: Sequence[InboundItem]
    restricted: Collection[str] = field(default=())


def add(channel: Channel, names: Collection[Name], effect: Effect = "erased") -> None:
    """Let what these ids stand for be left out, or be restricted, from now on. The same again changes nothing.

    The caller holds the channel's row, so that no page is stored meanwhile.
    """
    key = _made_key(channel.organisation_id)
    rows = {
        _mark(key, channel, name.what, name.remote_id): {
            "organisation_id": channel.organisation_id,
            "channel_id": channel.id,
            "effect": effect,
            "before": name.before,
        }
        for name in names
    }
    if rows:
        statement = insert(Suppression)
        keys = ["organisation_id", "channel_id", "mark", "effect"]
        later = statement.on_conflict_do_update(
            index_elements=keys, set_={"before": func.greatest(Suppression.before, statement.excluded.before)}
        )
        db.session.execute(later, [{**row, "mark": mark} for mark, row in rows.items()])
        channel.suppresses = True


def remove(channel: Channel, names: Collection[Name], effect: Effect) -> None:
    """Let these ids have no such effect any more."""
    key = _made_key(channel.organisation_id)
    marks = [_mark(key, channel, name.what, name.remote_id) for name in names]
    mine = select(Suppression).where(
        Suppression.organisation_id == channel.organisation_id,
        Suppression.channel_id == channel.id,
        Suppression.mark.in_(marks),
        Suppression.effect == effect,
    )
    for row in db.session.scalars(mine):
        db.session.delete(row)
    db.session.flush()


def renamed(channel: Channel, what: What, remote_id: str) -> str:
    """Return under which id a tombstone stands instead of the source's own, which may hold a name."""
    if remote_id.startswith(ERASED):
        return remote_id
    return ERASED + _mark(_made_key(channel.organisation_id), channel, what, remote_id).hex()[:32]


def sift(channel: Channel, items: Sequence[InboundItem]) -> Sifted:
    """Return what of a page may be stored: without the erased, and for threads that were renamed under their new id.

    Raises: VaultError where the installation's keys do not open this organisation's. Better nothing than the erased.
    """
    if not channel.suppresses or not items:
        return Sifted(items)
    key = _key(channel.organisation_id)
    names = {item.remote_id: _names_of(item) for item in items}
    marks = {name: _mark(key, channel, name.what, name.remote_id) for some in names.values() for name in some}
    found = _look_up(channel, set(marks.values()))
    hits = {name: found[mark] for name, mark in marks.items() if mark in found}
    left = [_placed(channel, item, hits) for item in items if not _is_erased(item, names[item.remote_id], hits)]
    return Sifted(left, {item.author.remote_id or "" for item in left if _is_restricted(item, hits)})


def not_erased(channel: Channel, bad: Sequence[BadItem]) -> Sequence[BadItem]:
    """Return the pieces that could not be read, without those that were erased under their ids."""
    if not channel.suppresses:
        return bad
    key = _key(channel.organisation_id)
    marks = {one.remote_id: _mark(key, channel, "item", one.remote_id) for one in bad if one.remote_id}
    found = _look_up(channel, set(marks.values()))
    return [one for one in bad if "erased" not in found.get(marks.get(one.remote_id or "", b""), {})]


def rotate(details: OrganisationDetails) -> None:
    """Seal the organisation's key with the installation's newest. Raises: VaultError."""
    if details.suppression_key is not None:
        vault: Vault = part("vault")
        details.suppression_key = vault.rotate(details.suppression_key)


Hits = dict[Name, dict[str, datetime | None]]


def _names_of(item: InboundItem) -> list[Name]:
    ids = [item.remote_id, *item.aliases, *([item.also] if item.also else [])]
    names = [Name("item", one) for one in ids]
    names.append(Name("thread", item.thread_id))
    return [*names, Name("author", item.author.remote_id)] if item.author.remote_id else names


def _is_erased(item: InboundItem, names: Sequence[Name], hits: Hits) -> bool:
    hit = [
        name.what for name in names if "erased" in hits.get(name, {}) and _is_from_before(item, hits[name]["erased"])
    ]
    if "item" in hit or "author" in hit:
        return True
    # In a thread of somebody who was erased, what nobody signed is taken for theirs.
    return "thread" in hit and item.direction == "inbound" and item.author.remote_id is None


def _is_from_before(item: InboundItem, before: datetime | None) -> bool:
    return before is None or item.posted_at <= before


def _is_restricted(item: InboundItem, hits: Hits) -> bool:
    return "restricted" in hits.get(Name("author", item.author.remote_id or ""), {})


def _placed(channel: Channel, item: InboundItem, hits: Hits) -> InboundItem:
    """What others say in a renamed thread joins it, without what it quotes."""
    if "erased" not in hits.get(Name("thread", item.thread_id), {}):
        return item
    source = {name: value for name, value in item.source.items() if name != "quoted"}
    return replace(item, thread_id=renamed(channel, "thread", item.thread_id), source=source)


def _look_up(channel: Channel, marks: Collection[bytes]) -> dict[bytes, dict[str, datetime | None]]:
    statement = select(Suppression.mark, Suppression.effect, Suppression.before).where(
        Suppression.organisation_id == channel.organisation_id,
        Suppression.channel_id == channel.id,
        Suppression.mark == any_(literal(list(marks), ARRAY(LargeBinary))),
    )
    found: dict[bytes, dict[str, datetime | None]] = {}
    for mark, effect, before in db.session.execute(statement):
        found.setdefault(mark, {})[effect] = before
    return found


def _mark(key: bytes, channel: Channel, what: str, remote_id: str) -> bytes:
    return hmac.digest(key, f"{channel.id}:{what}:{remote_id}".encode("utf-8", "replace"), hashlib.sha256)


def _key(organisation_id: UUID) -> bytes:
    """Return the key of an organisation that has one; opened once in each process."""
    if organisation_id not in _keys:
        _keys[organisation_id] = _opened(organisations.details_of(organisation_id).suppression_key)
    return _keys[organisation_id]


def _made_key(organisation_id: UUID) -> bytes:
    """Return the key, made where there is none; not remembered, for this transaction may come to nothing."""
    kept = organisations.details_of(organisation_id).suppression_key
    if kept is not None:
        return _opened(kept)
    vault: Vault = part("vault")
    fresh = vault.seal({"key": secrets.token_hex(32)})
    changes: dict[str, Any] = {"suppression_key": fresh}
    statement = insert(OrganisationDetails).values(organisation_id=organisation_id, **changes)
    first = func.coalesce(OrganisationDetails.suppression_key, statement.excluded.suppression_key)
    statement = statement.on_conflict_do_update(index_elements=["organisation_id"], set_={"suppression_key": first})
    returned = statement.returning(OrganisationDetails).execution_options(populate_existing=True)
    return _opened(db.session.scalars(returned).one().suppression_key)


def _opened(sealed: bytes | None) -> bytes:
    vault: Vault = part("vault")
    return bytes.fromhex(vault.open(sealed)["key"])
