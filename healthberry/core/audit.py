"""The audit log, written: who did what to which object, from where. In the transaction of what was done.

Every change that a member makes comes here by itself, from `events.record`. What changes nothing (a sign-in, a
restricted conversation read, an export) is written down where it happens. The database numbers, dates and seals the
entries, and lets nobody change them (migration 0025); reading them is core/audit_log.py.
"""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select, text

from healthberry.core import origin
from healthberry.extensions import db
from healthberry.models.audit import INSTALLATION, AuditEntry
from healthberry.models.organisations import Member
from healthberry.models.owned import now

# Without an answer: nobody reads back what the installation's own chain says.
_WRITE = text("""
INSERT INTO audit_entries (organisation_id, actor, member_id, name, action, object_kind, object_id, network, request_id,
                           details)
VALUES (:organisation_id, :actor, :member_id, :name, :action, :object_kind, :object_id, :network, :request_id,
        CAST(:details AS jsonb))
""")
# What no member did, and somebody answers for all the same.
BY_ITSELF = frozenset({"erasure_finished", "member_lapsed", "breach_removed"})
_LONGEST_NAME = 200
_READ_AGAIN = timedelta(hours=1)
_PROVIDER_READ_AGAIN = timedelta(days=1)


def did(member: Member, action: str, kind: str = "", about: object = "", **details: Any) -> None:
    """Write down what a member did to an object, given by its kind and id. Call it late, like `events.record`."""
    _write(member.organisation_id, "member", action, (kind, str(about)), details, member.name, member.id)


def happened(organisation_id: UUID, action: str, kind: str = "", about: object = "", **details: Any) -> None:
    """Write down what an organisation's data went through without any member; the organisation must be entered."""
    _write(organisation_id, "system", action, (kind, str(about)), details)


def operated(
    action: str, name: str, kind: str = "", about: object = "", organisation_id: UUID = INSTALLATION, **details: Any
) -> None:
    """Write down what an operator did: to the installation, or to an organisation, which must be entered then.

    `name` is the operator's address, "" at the command line.
    """
    _write(organisation_id, "operator", action, (kind, str(about)), details, name or "Command line")


def is_kept() -> bool:
    """Say whether the database has the audit log already: not before its tables are those of this version."""
    return bool(db.session.scalar(text("SELECT to_regclass('audit_entries') IS NOT NULL")))


def read(member: Member, kind: str, about: UUID) -> None:
    """Write down that a member read something restricted: once for each member, object and hour."""
    _read(member, "restricted_read", (kind, about), _READ_AGAIN)


def read_provider(member: Member, provider_id: UUID, name: str) -> None:
    """Write down that a commissioner read a provider's figures and words: once for each member, provider and day.

    The words change by the day, and all of them are public: whoever pages through them is one reader, not twenty.
    """
    _read(member, "provider_read", ("provider", provider_id), _PROVIDER_READ_AGAIN, provider=name)


def _read(member: Member, action: str, about: tuple[str, UUID], again: timedelta, **details: Any) -> None:
    recently = exists().where(
        AuditEntry.organisation_id == member.organisation_id,
        AuditEntry.object_id == str(about[1]),
        AuditEntry.action == action,
        AuditEntry.member_id == member.id,
        AuditEntry.at > now() - again,
    )
    if not db.session.scalar(select(recently)):
        did(member, action, *about, **details)


def count(organisation_id: UUID, action: str, since: datetime, *, by: UUID | None = None) -> int:
    """Return how often something was done since then, in the whole organisation or by one member."""
    done = [AuditEntry.organisation_id == organisation_id, AuditEntry.action == action, AuditEntry.at > since]
    if by is not None:
        done.append(AuditEntry.member_id == by)
    return db.session.scalar(select(func.count()).select_from(AuditEntry).where(*done)) or 0


def nobody_did(organisation_id: UUID, action: str, kind: str = "", about: object = "", **details: Any) -> None:
    """Write down what somebody tried who did not say, or did not prove, who they are."""
    _write(organisation_id, "nobody", action, (kind, str(about)), details)


def _write(
    organisation_id: UUID,
    actor: str,
    action: str,
    about: tuple[str, str],
    details: dict[str, Any],
    name: str = "",
    member_id: UUID | None = None,
) -> None:
    whence = origin.present()
    kind, object_id = about
    values = {
        "organisation_id": organisation_id,
        "actor": actor,
        "member_id": member_id,
        "name": name[:_LONGEST_NAME],
        "action": action,
        "object_kind": kind,
        "object_id": object_id,
        "network": whence.network,
        "request_id": whence.request_id,
        "details": json.dumps(details, default=str),
    }
    db.session.flush()
    db.session.execute(_WRITE, values)
