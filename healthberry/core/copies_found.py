"""Whether a new conversation is here from another site already.

It is by the sites' own key, or because the texts are near-identical within 30 days.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from healthberry.connectors.base import InboundItem
from healthberry.core import likeness
from healthberry.core.bulk import insert_unknown
from healthberry.core.channels import capabilities_of
from healthberry.core.copies import MOST_CANDIDATES, WINDOW, Known, openings, tie
from healthberry.core.ingest_rows import not_in_future
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, CopyPrint

_KINDS: Final = ("first", "second", "third", "fourth")
_MOST_ALIKE: Final = 100  # of one key or print: what more than these share is a set phrase

# One by one, in the order of an index that holds just this: no other serves it, whatever the planner knows of a table
# that has just grown. Asked for all of them at once, it looked at every conversation of the organisation.
_OF_KEY = """
SELECT found.id FROM unnest(CAST(:keys AS varchar[])) AS given (key)
  JOIN LATERAL (
       SELECT id FROM conversations
        WHERE organisation_id = :organisation_id AND syndication_key >= given.key AND syndication_key <= given.key
          AND channel_id <> :channel_id
        ORDER BY syndication_key LIMIT :most) AS found ON true"""
_OF_PRINT = """
SELECT found.id FROM unnest(CAST(:{kind} AS bigint[])) AS given (print)
  JOIN LATERAL (
       SELECT conversation_id AS id FROM copy_prints
        WHERE organisation_id = :organisation_id AND {kind} >= given.print AND {kind} <= given.print
          AND started_at BETWEEN :earliest AND :latest AND channel_id <> :channel_id
        ORDER BY {kind}, started_at LIMIT :most) AS found ON true"""
_SAME = text(" UNION ".join([_OF_KEY, *(_OF_PRINT.replace("{kind}", kind) for kind in _KINDS)]))


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
            "channel_id": channel.id,
            "started_at": not_in_future(begun[conversation_id].posted_at),
            **dict(zip(_KINDS, prints, strict=True)),
        }
        for conversation_id, prints in marks.items()
    ]
    insert_unknown(CopyPrint, rows)
    return joined


def _candidates(channel: Channel, begun: Mapping[UUID, InboundItem], marks: Sequence[likeness.Prints]) -> list[Known]:
    moments = [item.posted_at for item in begun.values()]
    earliest, latest = min(moments) - WINDOW, max(moments) + WINDOW
    given: dict[str, list[Any]] = {kind: [] for kind in _KINDS}
    if marks:
        given = {kind: sorted(set(prints)) for kind, prints in zip(_KINDS, zip(*marks, strict=True), strict=True)}
    given["keys"] = sorted({item.syndication_key for item in begun.values() if item.syndication_key})
    mine = {"organisation_id": channel.organisation_id, "channel_id": channel.id}
    within = {"earliest": earliest, "latest": latest, "most": _MOST_ALIKE}
    ids = db.session.scalars(_SAME, {**mine, **given, **within}).all()
    if not ids:
        return []
    statement = (
        openings(channel.organisation_id)
        .where(
            Conversation.id.in_(ids),
            Conversation.channel_id != channel.id,
            Conversation.withdrawn.is_(False),
            Conversation.copy_parted.is_(False),
            Conversation.started_at.between(earliest, latest),
        )
        .order_by(Conversation.arrived_at, Conversation.id)
        .limit(MOST_CANDIDATES)
    )
    return [Known(*row) for row in db.session.execute(statement)]


def _join_first(channel: Channel, conversation_id: UUID, item: InboundItem, known: Sequence[Known]) -> bool:
    for one in known:
        by_key = item.syndication_key is not None and one.key == item.syndication_key
        near = abs(item.posted_at - one.started_at) <= WINDOW and likeness.prints(item.text) is not None
        if by_key or (near and likeness.alike(item.text, one.text)):
            tie(channel.organisation_id, conversation_id, one.shown_id)
            return True
    return False
