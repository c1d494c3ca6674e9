"""The audit log, verified: every entry sealed as it was, none missing, each behind the one before it.

Computed here once more, not asked of the database: whoever can change rows could change its functions too. The bytes
that are hashed are the fields in the order of `_FIELDS`, each as "length in bytes:text".
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from healthberry.models.audit import INSTALLATION

_FIELDS = (
    "organisation_id",
    "number",
    "at",
    "actor",
    "member_id",
    "name",
    "action",
    "object_kind",
    "object_id",
    "network",
    "request_id",
    "details",
    "previous_hash",
)
_KEPT = timedelta(days=6 * 365)
_CHAINS = text("""
SELECT ids.organisation_id, o.name, o.ods_code, o.created_at, c.last_number, c.last_hash, c.anchor_number, c.anchor_hash
  FROM (SELECT organisation_id FROM audit_chains UNION SELECT organisation_id FROM audit_entries) ids
  LEFT JOIN audit_chains c ON c.organisation_id = ids.organisation_id
  LEFT JOIN organisations o ON o.id = ids.organisation_id
 WHERE CAST(:code AS text) IS NULL OR o.ods_code = upper(:code) OR ids.organisation_id::text = lower(:code)
 ORDER BY o.name NULLS FIRST, ids.organisation_id
""")
_ENTRIES = text("""
SELECT organisation_id::text, number, at, actor, coalesce(member_id::text, '') AS member_id, name, action, object_kind,
       object_id, network, request_id, details::text AS details, previous_hash, hash
  FROM audit_entries WHERE organisation_id = :organisation_id ORDER BY number
""")


@dataclass(frozen=True)
class Verdict:
    """What became of one chain: `broken` says where it is broken first, "" where it is whole.

    `number` and `hash` are of its last entry: noted elsewhere, they show later that none was cut off since.
    """

    name: str
    entries: int
    number: int
    hash: str
    broken: str = ""


def verify(connection: Connection, code: str | None = None) -> list[Verdict]:
    """Walk all chains, or that of the organisation with this ODS code (or id). The role must see every row."""
    return [_walked(connection, chain) for chain in connection.execute(_CHAINS, {"code": code}).all()]


def sealed(entry: Any) -> bytes:
    """Return the hash that an entry should have; its fields as `_ENTRIES` reads them."""
    values = {name: getattr(entry, name) for name in _FIELDS}
    values["at"] = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    values["previous_hash"] = bytes(entry.previous_hash).hex()
    fields = (str(value).encode() for value in values.values())
    return hashlib.sha256(b"".join(b"%d:%s" % (len(field), field) for field in fields)).digest()


def _walked(connection: Connection, chain: Any) -> Verdict:
    installation = chain.organisation_id == INSTALLATION
    name = "The installation" if installation else chain.name or f"Organisation {chain.organisation_id}"
    count, number, last = 0, chain.anchor_number or 0, bytes(chain.anchor_hash or bytes(32))
    broken = _of_its_ends(chain)
    values = {"organisation_id": chain.organisation_id}
    with connection.execute(_ENTRIES, values, execution_options={"yield_per": 1000}) as entries:
        for entry in entries if not broken else ():
            if broken := _wrong(entry, number + 1, last):
                break
            count, number, last = count + 1, entry.number, bytes(entry.hash)
    if not broken and (number, last) != (chain.last_number, bytes(chain.last_hash)):
        broken = f"Entries are missing at the end: it ends with number {number}, and {chain.last_number} were written."
    return Verdict(name, count, number, last.hex(), broken)


def _of_its_ends(chain: Any) -> str:
    if chain.last_number is None:
        return "What says where this chain begins and ends is missing."
    young = chain.created_at is not None and chain.created_at > datetime.now(UTC) - _KEPT
    return "Entries are missing at the beginning: none is six years old yet." if chain.anchor_number and young else ""


def _wrong(entry: Any, number: int, last: bytes) -> str:
    if entry.number != number:
        return f"Entry {number} is missing."
    if bytes(entry.previous_hash) != last:
        return f"Entry {number} is not the one that was written behind entry {number - 1}."
    return "" if bytes(entry.hash) == sealed(entry) else f"Entry {number} was changed after it was written."
