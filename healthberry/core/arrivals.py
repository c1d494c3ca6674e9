"""What follows at once, in the same transaction, when something new arrives."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text, update

from healthberry.core import alerts, events
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation
from healthberry.models.owned import now


def announce(channel: Channel, new: Collection[UUID], returned: Collection[UUID]) -> None:
    """Mark them unread for everybody; put alerts in the outbox.

    What its author came back to is open again, on top of the list; what is new was stored there.
    """
    organisation_id = channel.organisation_id
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


def _reopen(organisation_id: UUID, ids: Collection[UUID]) -> None:
    if not ids:
        return
    open_again = {"status": "open", "closed_reason": None, "snoozed_until": None, "historic": False}
    db.session.execute(
        update(Conversation)
        .where(Conversation.organisation_id == organisation_id, Conversation.id.in_(ids))
        .values(**open_again, last_activity_at=now())
        .execution_options(synchronize_session="fetch")
    )


_UNREAD = text("""
INSERT INTO unread (organisation_id, member_id, conversation_id)
SELECT members.organisation_id, members.id, new.id
  FROM members, unnest(CAST(:ids AS uuid[])) AS new (id)
 WHERE members.organisation_id = :organisation_id AND members.left_at IS NULL
ON CONFLICT DO NOTHING
""")


def _unread(organisation_id: UUID, ids: Collection[UUID]) -> None:
    if ids:
        db.session.execute(_UNREAD, {"organisation_id": organisation_id, "ids": list(ids)})
