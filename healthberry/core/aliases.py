"""One item under several ids: what is stored under another of its names gets the name that it has now.

Some sites give each version of a post an id of its own. The first one is the item's. What was read by older versions of
a connector, or from an answer that left the earlier ids out, may stand under a later one: it is renamed before anything
is inserted, so that it never comes a second time.
"""

from collections.abc import Container, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, delete, exists, select, update

from healthberry.connectors.base import InboundItem
from healthberry.core.bulk import look_up
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, Message
from healthberry.models.replies import Reply


def settle(channel: Channel, items: Sequence[InboundItem], there: Container[str]) -> bool:
    """Rename what is stored under other names of these items, and their threads; a second call changes nothing.

    `there` are the names, of all that the items have, under which something is stored. Return whether there was any.
    """
    aliased = {alias: item for item in items for alias in item.aliases if alias != item.remote_id}
    named = {alias: item for alias, item in aliased.items() if alias in there}
    if not named:
        return False
    names = {*named, *(item.remote_id for item in named.values())}
    columns = (Message.id, Message.remote_id, Message.conversation_id, Message.posted_at)
    stored = look_up(channel, Message.remote_id, names, *columns)
    rows = sorted(stored, key=lambda row: (row.posted_at, row.id))
    taken = {row.remote_id for row in rows}
    for row in rows:
        if (item := named.get(row.remote_id)) is None:
            continue
        if item.remote_id in taken:
            _drop(channel, row)
            continue
        taken.add(item.remote_id)
        _rename(channel, row.id, item.remote_id)
        _rename_thread(channel, row.conversation_id, item)
    return True


def _rename(channel: Channel, message_id: UUID, remote_id: str) -> None:
    mine = (Message.organisation_id == channel.organisation_id, Message.id == message_id)
    db.session.execute(update(Message).where(*mine).values(remote_id=remote_id))


def _drop(channel: Channel, row: Row[Any]) -> None:
    """Delete the second copy of a message, unless it is answered or stands alone: then people decide."""
    mine = (Message.organisation_id == channel.organisation_id, Message.id == row.id)
    answered = exists().where(Reply.organisation_id == channel.organisation_id, Reply.target_id == row.id)
    beside = exists().where(
        Message.organisation_id == channel.organisation_id,
        Message.conversation_id == row.conversation_id,
        Message.id != row.id,
    )
    if db.session.scalar(select(and_(beside, ~answered))):
        db.session.execute(delete(Message).where(*mine))


def _rename_thread(channel: Channel, conversation_id: UUID, item: InboundItem) -> None:
    """Where the thread had the name of a later version, it gets the one that its next messages will name."""
    mine = (Conversation.organisation_id == channel.organisation_id, Conversation.channel_id == channel.id)
    free = ~exists().where(*mine, Conversation.remote_thread_id == item.thread_id)
    renamed = (
        update(Conversation)
        .where(*mine, Conversation.id == conversation_id, Conversation.remote_thread_id.in_(item.aliases))
        .values(remote_thread_id=item.thread_id)
    )
    if db.session.scalar(select(free)):
        db.session.execute(renamed)
