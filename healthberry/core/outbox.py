"""The outbox: a mail is claimed, sent by whoever claimed it, and marked. The database remembers it until then.

queued → sending → sent | failed | skipped. A claim is committed before the mail server is spoken to. Mail is sent at
least once: after a crash between the server's taking and our marking, the same mail goes out again under the same
Message-ID, and the reader's program shows it once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, update

from healthberry.core import events
from healthberry.extensions import db
from healthberry.models.owned import now
from healthberry.models.replies import OutboxMail

MOVED = "alerts_moved"  # the kind of event that says so; without a conversation it is about a mail that tells of many
CLAIM_SECONDS = 120
BACKOFF_SECONDS = (30, 120, 600, 3600)
# Two days, hour by hour: a mail server may be away for a weekend, and an alert that is given up is silence.
MOST_ATTEMPTS = len(BACKOFF_SECONDS) + 48
MOST_INTERRUPTIONS = 5  # what kills whoever sends it must not do so for two days


@dataclass(frozen=True)
class Claimed:
    """A mail that this process may send now; `attempt` tells its marks from those of a later claim."""

    id: UUID
    organisation_id: UUID
    member_id: UUID | None
    conversation_id: UUID | None
    kind: str
    about: str
    message_id: str
    attempt: int


def claim(organisation_id: UUID, mail_id: UUID, *, clock: datetime | None = None) -> Claimed | None:
    """Take this mail for sending; None when it is sent, given up, not due yet, or with somebody else.

    One that has been "sending" for more than two minutes is taken again: its sender died. Commit before sending.
    """
    return _take(_due(organisation_id, clock).where(OutboxMail.id == mail_id), clock)


def claim_next(organisation_id: UUID, *, clock: datetime | None = None) -> Claimed | None:
    """Take the mail of this organisation that has been due longest; None when none is."""
    return _take(_due(organisation_id, clock).order_by(OutboxMail.next_attempt_at, OutboxMail.id), clock)


def mark_sent(mail: Claimed, *, clock: datetime | None = None) -> None:
    """Remember that the mail server took it; true whoever has claimed it meanwhile."""
    _mark(OutboxMail.id == mail.id, mail, state="sent", reason="", sent_at=clock or now())


def mark_failed(mail: Claimed, reason: str, *, for_good: bool = False, clock: datetime | None = None) -> None:
    """Remember why it did not go out, in words for people, and when to try again.

    That is after 30 s, 2 min, 10 min, then every hour; after two days, or at once with `for_good`, it is
    failed and stays so.
    """
    at = clock or now()
    if for_good or mail.attempt >= MOST_ATTEMPTS:
        _mark(_mine(mail), mail, state="failed", reason=reason)
        return
    delay = timedelta(seconds=BACKOFF_SECONDS[min(mail.attempt, len(BACKOFF_SECONDS)) - 1])
    _mark(_mine(mail), mail, state="queued", reason=reason, next_attempt_at=at + delay)


def skip(mail: Claimed, reason: str) -> None:
    """Remember that it need not go out any more, and why, in words for people."""
    _mark(_mine(mail), mail, state="skipped", reason=reason)


def _due(organisation_id: UUID, clock: datetime | None) -> Select[OutboxMail]:
    return select(OutboxMail).where(
        OutboxMail.organisation_id == organisation_id,
        OutboxMail.state.in_(("queued", "sending")),
        OutboxMail.next_attempt_at <= (clock or now()),
    )


def _take(which: Select[OutboxMail], clock: datetime | None) -> Claimed | None:
    statement = which.limit(1).with_for_update(skip_locked=True).execution_options(populate_existing=True)
    row = db.session.scalars(statement).first()
    if row is None:
        return None
    row.interruptions += row.state == "sending"
    if row.interruptions >= MOST_INTERRUPTIONS:
        row.state, row.reason = "failed", "Sending was interrupted too often."
        events.record(row.organisation_id, MOVED, conversation_id=row.conversation_id)
        return None
    row.state = "sending"
    row.attempts += 1
    row.next_attempt_at = (clock or now()) + timedelta(seconds=CLAIM_SECONDS)
    db.session.flush()
    return Claimed(
        id=row.id,
        organisation_id=row.organisation_id,
        member_id=row.member_id,
        conversation_id=row.conversation_id,
        kind=row.kind,
        about=row.about,
        message_id=row.message_id,
        attempt=row.attempts,
    )


def _mine(mail: Claimed) -> ColumnElement[bool]:
    return (OutboxMail.id == mail.id) & (OutboxMail.state == "sending") & (OutboxMail.attempts == mail.attempt)


def _mark(which: ColumnElement[bool], mail: Claimed, **values: object) -> None:
    statement = update(OutboxMail).where(OutboxMail.organisation_id == mail.organisation_id, which).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))
