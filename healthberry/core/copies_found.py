"""Whether a new conversation is here from another site already.

It is by the sites' own key, or because the texts are near-identical within 30 days.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ColumnElement, CompoundSelect, any_, literal, or_, select, union

from healthberry.connectors.base import InboundItem
from healthberry.core import likeness
from healthberry.core.bulk import insert_unknown
from healthberry.core.channels import capabilities_of
from healthberry.core.copies import MOST_CANDIDATES, WINDOW, Known, openings, tie
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, CopyPrint

_KINDS: Final = ("first", "second", "third", "fourth")


def note(channel: Channel, begun: Mapping[UUID, InboundItem]) -> set[UUID]:
    """Remember how these new conversations begin, and join those that are here from another site already.

    Return the joined ones. Private channels are left out: what was said in confidence is not said "also" elsewhere.
    """
    if not begun or capabilities_of(channel.kind).private:
        return set()
    marks = {one: prints for one, item in begun.items() if (prints := likeness.prints(item.text)) is not None}
    known = _candidates(channel, begun, list(marks.values()))
    joined = {
        conversation_id for conversation_id, item in begun.items() if _join_first(channel, conversation_id, item, known)
    }
    rows = [
        {
            "organisation_id": channel.organisation_id,
            "conversation_id": conversation_id,
            **dict(zip(_KINDS, prints, strict=True)),
        }
        for conversation_id, prints in marks.items()
    ]
    insert_unknown(CopyPrint, rows)
    return joined


def _candidates(channel: Channel, begun: Mapping[UUID, InboundItem], marks: Sequence[likeness.Prints]) -> list[Known]:
    keys = {item.syndication_key for item in begun.values() if item.syndication_key}
    if not keys and not marks:
        return []
    org = channel.organisation_id
    same: list[ColumnElement[bool]] = []
    if keys:
        same.append(Conversation.syndication_key.in_(keys))
    if marks:
        same.append(Conversation.id.in_(_alike(org, marks)))
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


def _alike(organisation_id: UUID, marks: Sequence[likeness.Prints]) -> CompoundSelect[tuple[UUID]]:
    """Select the conversations that share a print with one of these."""
    return union(
        *(
            select(CopyPrint.conversation_id).where(
                CopyPrint.organisation_id == organisation_id,
                getattr(CopyPrint, name) == any_(literal(list(prints), ARRAY(BigInteger))),
            )
            for name, prints in zip(_KINDS, zip(*marks, strict=True), strict=True)
        )
    )


def _join_first(channel: Channel, conversation_id: UUID, item: InboundItem, known: Sequence[Known]) -> bool:
    for one in known:
        by_key = item.syndication_key is not None and one.key == item.syndication_key
        near = abs(item.posted_at - one.started_at) <= WINDOW and likeness.prints(item.text) is not None
        if by_key or (near and likeness.alike(item.text, one.text)):
            tie(channel.organisation_id, conversation_id, one.shown_id)
            return True
    return False
