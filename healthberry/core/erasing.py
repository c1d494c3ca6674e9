"""Erasing all that an unlinked channel brought, part by part, so that nobody waits for it."""

from uuid import UUID

from sqlalchemy import delete, select

from healthberry.core import events
from healthberry.extensions import db
from healthberry.models.channels import Author, Channel, QuarantinedItem
from healthberry.models.conversations import Conversation

_AT_ONCE = 500


def erase_part(organisation_id: UUID, channel_id: UUID) -> bool:
    """Erase the next conversations of a channel, with all that belongs to them; at the end its authors and pieces.

    The channel itself stays as unlinked and empty, so that no look for channels brings it back. Return whether there is
    more to erase; where nothing is to be erased, nothing happens.
    """
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update=True)
    if channel is None or channel.erase_at is None or channel.state != "unlinked":
        return False
    of_channel = (Conversation.organisation_id == organisation_id, Conversation.channel_id == channel_id)
    ids = db.session.scalars(select(Conversation.id).where(*of_channel).limit(_AT_ONCE)).all()
    if ids:
        db.session.execute(delete(Conversation).where(*of_channel, Conversation.id.in_(ids)))
        return True
    for model in (Author, QuarantinedItem):
        db.session.execute(
            delete(model).where(model.organisation_id == organisation_id, model.channel_id == channel_id)
        )
    channel.erase_at = channel.poll_cursor = channel.backfill_cursor = channel.backfill_finished_at = None
    channel.backfill_state, channel.items_loaded, channel.items_total, channel.items_quarantined = "waiting", 0, None, 0
    events.record(organisation_id, "channel_erased", channel_id=channel_id)
    return False
