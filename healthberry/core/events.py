"""Changes: recorded with a number, committed, then told to whoever follows.

`record` writes the activity in the same transaction as the change. `commit`, called once at the edge (view, job,
command), commits and then hands each event (ids only) to the subscribers that `reactions.py` has set. A subscriber
that fails is logged and forgotten: the minute's sweep does again whatever was missed.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, text
from sqlalchemy.dialects.postgresql import JSONB

from healthberry.core import audit
from healthberry.extensions import db
from healthberry.models.organisations import ActivityCounter, Member
from healthberry.models.owned import now

log = logging.getLogger(__name__)

_PENDING = "pending_events"


@dataclass(frozen=True)
class Event:
    """One committed change. `number` grows by one per organisation; 0 for an event that is not an activity."""

    organisation_id: UUID
    number: int
    kind: str
    conversation_id: UUID | None = None
    channel_id: UUID | None = None
    subject_id: UUID | None = None


Subscriber = Callable[[Event], None]
_subscribers: dict[str, Sequence[Subscriber]] = {}


def set_subscribers(table: Mapping[str, Sequence[Subscriber]]) -> None:
    """Replace the table "event kind -> what follows"; "*" follows every event."""
    _subscribers.clear()
    _subscribers.update(table)


def record(
    organisation_id: UUID,
    kind: str,
    *,
    conversation_id: UUID | None = None,
    channel_id: UUID | None = None,
    subject_id: UUID | None = None,
    member: Member | None = None,
    **details: Any,
) -> None:
    """Write one numbered change, and remember it for `commit`. What a member did goes into the audit log with it.

    `details` are ids and small facts, never words that a patient or a member wrote (but for one: core.guarded).
    Holds the organisation's counter row until the transaction ends, so call it late.
    """
    values = {
        "organisation_id": organisation_id,
        "kind": kind,
        "conversation_id": conversation_id,
        "channel_id": channel_id,
        "member_id": member.id if member else None,
        "member_name": member.name if member else "",
        "details": details,
        "at": now(),
    }
    number = db.session().execute(_RECORD, values).scalar_one()
    change = Event(organisation_id, number, kind, conversation_id, channel_id, subject_id)
    _audit(change, member, details)
    tell(change)


def _audit(change: Event, member: Member | None, details: Mapping[str, Any]) -> None:
    """Write it into the audit log where a member did it: to the conversation, else the channel, else the member."""
    ids = {"conversation": change.conversation_id, "channel": change.channel_id, "member": change.subject_id}
    kind, about = next(((kind, one) for kind, one in ids.items() if one is not None), ("", ""))
    kept = dict(details)
    if change.kind == "guard_overridden":
        del kept["reason"]  # the one free text stays where it can be erased: from the audit log nothing can be
    if member is not None:
        audit.did(member, change.kind, kind, about, **kept)
    elif change.kind in audit.BY_ITSELF:
        audit.happened(change.organisation_id, change.kind, kind, about, **kept)


def tell(event: Event) -> None:
    """Remember an event for `commit` that is not an activity of its own (number 0)."""
    db.session().info.setdefault(_PENDING, []).append(event)


def commit() -> None:
    """Commit, then hand each event to its subscribers. Called once, at the edge."""
    session = db.session()
    session.commit()
    for event in session.info.pop(_PENDING, []):
        for subscriber in (*_subscribers.get(event.kind, ()), *_subscribers.get("*", ())):
            try:
                subscriber(event)
            except Exception:
                log.exception("subscriber_failed", extra={"fields": {"kind": event.kind, "number": event.number}})


def forget() -> None:
    """Roll back, and forget what was to be told."""
    session = db.session()
    session.info.pop(_PENDING, None)
    session.rollback()


@contextmanager
def savepoint() -> Iterator[None]:
    """Do a part of the transaction that may fail alone: then it takes back what was changed and told within.

    Rows loaded in this session are read anew after a failure, for they may show what was taken back.
    """
    session = db.session()
    told = len(session.info.get(_PENDING, ()))
    try:
        with session.begin_nested():
            yield
    except BaseException:
        del session.info.get(_PENDING, [])[told:]
        session.expire_all()
        raise


# One statement, for every change needs it.
_RECORD = text("""
WITH counted AS (
    INSERT INTO activity_counters (organisation_id, last_number) VALUES (:organisation_id, 1)
    ON CONFLICT (organisation_id) DO UPDATE SET last_number = activity_counters.last_number + 1
    RETURNING last_number
)
INSERT INTO activities
       (organisation_id, number, kind, conversation_id, channel_id, member_id, member_name, details, at)
SELECT CAST(:organisation_id AS uuid), last_number, :kind, CAST(:conversation_id AS uuid), CAST(:channel_id AS uuid),
       CAST(:member_id AS uuid), :member_name, :details, CAST(:at AS timestamptz)
  FROM counted
RETURNING number
""").bindparams(bindparam("details", type_=JSONB))


def last_number(organisation_id: UUID) -> int:
    """Return the number of the newest change of this organisation, 0 before the first."""
    return int(db.session().execute(db.select(last_number_of(organisation_id))).scalar_one())


def last_number_of(organisation_id: UUID) -> ColumnElement[int]:
    """Return `last_number` as a column, for whoever asks for something else at the same time."""
    highest = db.select(func.max(ActivityCounter.last_number)).filter_by(organisation_id=organisation_id)
    return func.coalesce(highest.scalar_subquery(), 0)
