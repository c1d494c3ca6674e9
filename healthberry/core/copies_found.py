"""Whether a new conversation is here from another site already.

It is by the sites' own key, or because the texts are near-identical within 30 days.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from healthberry.connectors.base import InboundItem
from healthberry.core import likeness
from healthberry.core.bulk import insert_unknown
from healthberry.core.channels import capabilities_of
from healthberry.core.copies import MOST_CANDIDATES, WINDOW, Known, openings, tie
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, CopyPrint


def note(channel: Channel, begun: Mapping[UUID, InboundItem]) -> set[UUID]:
    """Remember how these new conversations begin, and join those that are here from another site already.

    Return the joined ones. Private channels are left out: what was said in confidence is not said "also" elsewhere.
    """
    if not begun or capabilities_of(channel.kind).private:
        return set()
    marks = {conversation_id: likeness.prints(item.text) for conversation_id, item in begun.items()}
    known = _candidates(channel, begun, {one for prints in marks.values() for one in prints})
    joined = {
        conversation_id for conversation_id, item in begun.items() if _join_first(channel, conversation_id, item, known)
    }
    rows = [
        {"organisation_id": channel.organisation_id, "conversation_id": conversation_id, "print": one}
        for conversation_id, prints in marks.items()
        for one in prints
    ]
    insert_unknown(CopyPrint, rows)
    return joined


def _candidates(channel: Channel, begun: Mapping[UUID, InboundItem], prints: Collection[int]) -> Sequence[Known]:
    keys = {item.syndication_key for item in begun.values() if item.syndication_key}
    if not keys and not prints:
        return ()
    org = channel.organisation_id
    same: list[ColumnElement[bool]] = []
    if keys:
        same.append(Conversation.syndication_key.in_(keys))
    if prints:
        alike = select(CopyPrint.conversation_id).where(CopyPrint.organisation_id == org, CopyPrint.print.in_(prints))
        same.append(Conversation.id.in_(alike))
    moments = [item.posted_at for item in begun.values()]
    statement = (
        openings(org)
        .where(
            or_(*same),
            Conversation.channel_id != channel.id,
            Conversation.withdrawn.is_(False),
            Conversation.copy_parted.is_(False),
            Conversation.started_at.between(min(moments) - WINDOW, max(moments) + WINDOW),
        )
        .order_by(Conversation.arrived_at, Conversation.id)
        .limit(MOST_CANDIDATES)
    )
    return [Known(*row) for row in db.session.execute(statement)]


def _join_first(channel: Channel, conversation_id: UUID, item: InboundItem, known: Sequence[Known]) -> bool:
    for one in known:
        by_key = item.syndication_key is not None and one.key == item.syndication_key
        near = abs(item.posted_at - one.started_at) <= WINDOW and likeness.prints(item.text)
        if by_key or (near and likeness.alike(item.text, one.text)):
            tie(channel.organisation_id, conversation_id, one.shown_id)
            return True
    return False
