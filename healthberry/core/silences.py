"""Who is told by e-mail that a channel is not read, and that it is read again: administrators, once each.

Both go by the outbox, in the transaction that notices, so a crash loses neither and doubles neither. These are no
alerts: nobody can turn them off, for whoever manages a channel has to know that it is silent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from healthberry.core import events, members
from healthberry.core.alerts import NotNeeded, fresh
from healthberry.core.bulk import insert_unknown
from healthberry.core.events import Event
from healthberry.core.outbox import Claimed
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id
from healthberry.models.replies import OutboxMail

BEGUN, OVER = "channel_stale", "channel_fresh_again"
KINDS = (BEGUN, OVER)
HOLD = timedelta(seconds=30)  # a hiccup that is over by then is told to nobody


@dataclass(frozen=True)
class Outage:
    """All that such a mail says. `until` is None while it lasts; `trouble` is what somebody has to do, or ""."""

    member: Member
    organisation_name: str
    channel_id: UUID
    kind: str
    label: str
    trouble: str
    since: datetime
    until: datetime | None


def begin(channel: Channel, since: datetime, at: datetime) -> None:
    """Put a mail for each administrator into the outbox. A second call about the same outage adds nothing."""
    about = f"{channel.id}:{since.timestamp():.0f}:{at.timestamp():.0f}"
    people = [one.id for one in members.administrators(channel.organisation_id)]
    _queue(channel, BEGUN, about, people, at + HOLD)


def end(channel: Channel, at: datetime) -> None:
    """Put a mail into the outbox for each administrator who was, or is being, told that the outage began."""
    if channel.stale_at is None:
        return
    told = select(OutboxMail).where(
        OutboxMail.organisation_id == channel.organisation_id,
        OutboxMail.kind == BEGUN,
        OutboxMail.about.like(f"{channel.id}:%:{channel.stale_at.timestamp():.0f}"),
        OutboxMail.state.in_(("sending", "sent")),
    )
    for mail in db.session.scalars(told):
        _queue(channel, OVER, mail.about, [mail.member_id] if mail.member_id else [], at)


def load(mail: Claimed) -> Outage:
    """Load what the claimed mail is about. Raises: NotNeeded when nobody needs to be told any more."""
    channel_id, since, _ = mail.about.split(":")
    member = db.session.get(Member, (mail.organisation_id, mail.member_id), populate_existing=True)
    channel = db.session.get(Channel, (mail.organisation_id, UUID(channel_id)), populate_existing=True)
    if member is None or channel is None or member.left_at is not None:
        raise NotNeeded("They have left the organisation.")
    if mail.kind == BEGUN and channel.stale_at is None:
        raise NotNeeded("It was read again before the e-mail went out.")
    row = db.session.get_one(OutboxMail, (mail.organisation_id, mail.id))
    return Outage(
        member,
        db.session.get_one(Organisation, mail.organisation_id).name,
        channel.id,
        channel.kind,
        channel.label,
        channel.trouble,
        datetime.fromtimestamp(int(since), UTC),
        row.queued_at if mail.kind == OVER else None,
    )


def _queue(channel: Channel, kind: str, about: str, member_ids: list[UUID], at: datetime) -> None:
    rows: list[dict[str, Any]] = [
        {
            "organisation_id": channel.organisation_id,
            "id": new_id(),
            "member_id": member_id,
            "conversation_id": None,
            "kind": kind,
            "about": about,
            **fresh(),
            "next_attempt_at": at,
        }
        for member_id in member_ids
    ]
    for queued in insert_unknown(OutboxMail, rows, "id"):
        events.tell(Event(channel.organisation_id, 0, "mail_queued", subject_id=queued.id))
