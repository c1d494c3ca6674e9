"""What follows at once, in the same transaction, when something new arrives."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import update

from healthberry.core import alerts, events
from healthberry.core.bulk import insert_unknown
from healthberry.extensions import db
from healthberry.models.activities import Unread
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member
from healthberry.models.owned import now


def announce(channel: Channel, new: Collection[UUID], returned: Collection[UUID]) -> None:
    """Mark them unread for everybody, on top of the list.

    Reopen what its author came back to; put alerts in the outbox.
    """
    organisation_id = channel.organisation_id
    _to_the_top(organisation_id, [*new, *returned])
    _reopen(organisation_id, returned)
    _unread(organisation_id, [*new, *returned])
    alerts.queue_for_new(organisation_id, new)
    for conversation_id in sorted(new):
        events.record(organisation_id, "conversation_arrived", conversation_id=conversation_id, channel_id=channel.id)
    for conversation_id in sorted(returned):
        events.record(organisation_id, "author_returned", conversation_id=conversation_id, channel_id=channel.id)


def announce_closed(channel: Channel, closed: Collection[UUID]) -> None:
    """Write down that an answer given on the site closed these."""
    for conversation_id in sorted(closed):
        events.record(
            channel.organisation_id,
            "closed",
            conversation_id=conversation_id,
            channel_id=channel.id,
            reason="answered",
        )


def announce_changes(channel: Channel, changed: Collection[UUID]) -> None:
    """Say that these were edited, withdrawn or answered at the source."""
    for conversation_id in sorted(changed):
        events.record(channel.organisation_id, "source_changed", conversation_id=conversation_id, channel_id=channel.id)


def _to_the_top(organisation_id: UUID, ids: Collection[UUID]) -> None:
    if ids:
        _set(organisation_id, ids, last_activity_at=now())


def _reopen(organisation_id: UUID, ids: Collection[UUID]) -> None:
    if ids:
        _set(organisation_id, ids, status="open", closed_reason=None, snoozed_until=None, historic=False)


def _set(organisation_id: UUID, ids: Collection[UUID], **values: object) -> None:
    db.session.execute(
        update(Conversation)
        .where(Conversation.organisation_id == organisation_id, Conversation.id.in_(ids))
        .values(**values)
        .execution_options(synchronize_session="fetch")
    )


def _unread(organisation_id: UUID, ids: Collection[UUID]) -> None:
    if not ids:
        return
    members = db.session.scalars(
        db.select(Member.id).where(Member.organisation_id == organisation_id, Member.left_at.is_(None))
    ).all()
    rows = [
        {"organisation_id": organisation_id, "member_id": member_id, "conversation_id": conversation_id}
        for member_id in members
        for conversation_id in ids
    ]
    insert_unknown(Unread, rows)
