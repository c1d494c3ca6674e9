"""Two readers of one channel know its items by different ids: what the lesser one brings gets the id that is stored.

The better reader's items say by `also` what the lesser one calls them; the lesser one's items are `provisional`. What
was stored under such an id before its better one was known is renamed (core.aliases).
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from healthberry.connectors.base import InboundItem
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Message


def unify(channel: Channel, items: Sequence[InboundItem]) -> list[InboundItem]:
    """Return the items, the provisional ones under the ids that are stored, where there are any; found by an index."""
    names = {one for item in items if item.provisional for one in (item.remote_id, item.thread_id)}
    if not names:
        return list(items)
    statement = select(Message.also_id, Message.remote_id).where(
        Message.organisation_id == channel.organisation_id, Message.channel_id == channel.id, Message.also_id.in_(names)
    )
    known = {str(also): remote_id for also, remote_id in db.session.execute(statement)}
    return [_called(item, known) if item.provisional else item for item in items]


def _called(item: InboundItem, known: dict[str, str]) -> InboundItem:
    return replace(
        item,
        remote_id=known.get(item.remote_id, item.remote_id),
        thread_id=known.get(item.thread_id, item.thread_id),
        in_reply_to=known.get(item.in_reply_to, item.in_reply_to) if item.in_reply_to else None,
    )
