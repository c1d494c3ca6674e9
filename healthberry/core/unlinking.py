"""Unlinking a channel: read no more, with what it brought kept, or erased part by part so that nobody waits for it."""

from uuid import UUID

from sqlalchemy import and_, delete, select

from healthberry.core import channels, copies, coverage, events, holds, pushes, revoking, sending
from healthberry.core.errors import Conflict
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Author, Channel, QuarantinedItem
from healthberry.models.conversations import Conversation
from healthberry.models.coverage import Walk
from healthberry.models.imports import Import
from healthberry.models.organisations import Member
from healthberry.models.owned import now
from healthberry.models.pushes import PushDelivery
from healthberry.models.replies import Reply

_AT_ONCE = 500
_LEAVING = ("queued", "sending", "unknown")
_ON_ITS_WAY = "A reply is still on its way there. Unlink the channel when it is out."
_UNSEEN = "The channel was unlinked before your reply was seen on the site."


def unlink(member: Member, channel_id: UUID, *, erase: bool) -> Channel:
    """Read this channel no more; what it brought stays, or is erased part by part.

    Its tokens are given back where the provider takes them (core.revoking), and forgotten in any case. Who unlinks does
    not wait for that. Again: it stays so.

    Replies that were to be seen on its site are given back to their writers. It does not come back by itself, however
    often channels are looked for.

    Raises: NotFound; NotAllowed; Conflict while a reply is on its way there, and, with `erase`, under a legal hold.
    """
    require(member, "manage")
    channel = channels.find(member.organisation_id, channel_id, lock=True)
    if erase:
        holds.refuse_erasing(channel)
    for reply in _underway(channel):
        if reply.state in _LEAVING:
            raise Conflict(_ON_ITS_WAY)
        sending.mark_failed(reply, _UNSEEN)
    channel.state, channel.trouble = "unlinked", ""
    channels.no_longer_watched(channel)
    revoking.begin(channel)
    channel.erase_at = now() if erase else channel.erase_at
    pushes.forget(channel.organisation_id, channel.id)
    db.session.flush()
    events.record(member.organisation_id, "channel_unlinked", channel_id=channel.id, member=member, erase=erase)
    return channel


def _underway(channel: Channel) -> list[Reply]:
    of_conversation = and_(
        Conversation.organisation_id == Reply.organisation_id, Conversation.id == Reply.conversation_id
    )
    statement = (
        select(Reply)
        .join(Conversation, of_conversation)
        .where(
            Reply.organisation_id == channel.organisation_id,
            Conversation.channel_id == channel.id,
            Reply.state.in_((*_LEAVING, "written", "copied")),
        )
        .with_for_update(of=Reply)
    )
    # What is leaving first: it stands in the way of all the rest.
    return sorted(db.session.scalars(statement), key=lambda reply: reply.state not in _LEAVING)


def erase_part(organisation_id: UUID, channel_id: UUID) -> bool:
    """Erase the next conversations of a channel, with all that belongs to them; at the end its authors and pieces.

    The channel itself stays as unlinked and empty, so that no look for channels brings it back. Return whether there is
    more to erase; where nothing is to be erased, nothing happens.
    """
    channel = db.session.get(Channel, (organisation_id, channel_id), with_for_update={"key_share": True})
    if channel is None or channel.erase_at is None or channel.state != "unlinked":
        return False
    of_channel = (Conversation.organisation_id == organisation_id, Conversation.channel_id == channel_id)
    ids = db.session.scalars(select(Conversation.id).where(*of_channel).limit(_AT_ONCE)).all()
    if ids:
        copies.forget(organisation_id, ids)
        db.session.execute(delete(Conversation).where(*of_channel, Conversation.id.in_(ids)))
        return True
    for model in (Author, QuarantinedItem, PushDelivery, Import, Walk):
        db.session.execute(
            delete(model).where(model.organisation_id == organisation_id, model.channel_id == channel_id)
        )
    channel.erase_at = channel.poll_cursor = channel.backfill_cursor = channel.backfill_finished_at = None
    coverage.forget(channel)
    channel.backfill_state, channel.items_loaded, channel.items_total, channel.items_quarantined = "waiting", 0, None, 0
    db.session.flush()
    events.record(organisation_id, "channel_erased", channel_id=channel_id)
    return False
