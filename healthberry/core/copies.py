"""The same story on two sites: shown once, counted once, parted and joined by hand.

Of two conversations that say the same, the one that was here first is shown; the other one has the status `copy` and
points at it. Each keeps its own thread, for an answer on one site does not appear on the other. Which ones are the same
is found in copies_found.py, and decided by people in copies_by_hand.py.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, text, update

from healthberry.core import concern_copies, events, places, summaries
from healthberry.extensions import db
from healthberry.models.conversations import Conversation, CopyPrint, Message
from healthberry.models.organisations import Member

WINDOW = timedelta(days=30)
MOST_CANDIDATES = 2_000


class Known(NamedTuple):
    """A conversation on another site that may be the same."""

    id: UUID
    shown_id: UUID  # itself, or the one that it is a copy of
    key: str | None
    started_at: datetime
    text: str


class Elsewhere(NamedTuple):
    """The same story on another site, as a page shows it."""

    id: UUID
    channel_kind: str
    url: str | None
    replied: bool
    withdrawn: bool


def openings(organisation_id: UUID) -> Any:
    """Select `Known`: each conversation with the first thing that was said in it."""
    opening = (
        select(Message.text)
        .where(
            Message.organisation_id == organisation_id,
            Message.conversation_id == Conversation.id,
            Message.direction == "inbound",
        )
        .order_by(Message.posted_at, Message.id)
        .limit(1)
        .scalar_subquery()
    )
    shown = func.coalesce(Conversation.copy_of, Conversation.id)
    return select(
        Conversation.id, shown, Conversation.syndication_key, Conversation.started_at, func.coalesce(opening, "")
    ).where(Conversation.organisation_id == organisation_id)


def tie(organisation_id: UUID, copy_id: UUID, shown_id: UUID) -> None:
    """Let one conversation, and all copies of it, be copies of the other."""
    of_copy = or_(Conversation.id == copy_id, Conversation.copy_of == copy_id)
    _set(organisation_id, of_copy, status="copy", closed_reason=None, snoozed_until=None, copy_of=shown_id, also_on=[])
    _recount(organisation_id, [shown_id])
    _refresh(organisation_id, concern_copies.spread(organisation_id, shown_id))
    events.record(organisation_id, "joined", conversation_id=shown_id, copy_id=str(copy_id))


def untie(organisation_id: UUID, which: ColumnElement[bool], shown_id: UUID) -> set[UUID]:
    """Let those copies of a conversation stand for themselves, and never be joined by themselves; return them.

    Again: nothing, and none are returned.
    """
    copies = and_(which, Conversation.status == "copy")
    parted = _set(organisation_id, copies, status="open", copy_of=None, copy_parted=True)
    if parted:
        summaries.settle(organisation_id, parted)
        _recount(organisation_id, [shown_id])
    return parted


def elsewhere(member: Member, conversation: Conversation) -> Sequence[Elsewhere]:
    """Return the same story on other sites, as far as the member sees it: the one shown first, then by age."""
    shown_id = conversation.copy_of or conversation.id
    statement = select(
        Conversation.id, Conversation.channel_kind, Conversation.url, Conversation.replied, Conversation.withdrawn
    ).where(
        Conversation.organisation_id == conversation.organisation_id,
        or_(Conversation.id == shown_id, Conversation.copy_of == shown_id),
        Conversation.id != conversation.id,
        *places.seen(member),
    )
    ordered = statement.order_by(Conversation.copy_of.is_not(None), Conversation.arrived_at, Conversation.id)
    return [Elsewhere(*row) for row in db.session.execute(ordered)]


def promote(organisation_id: UUID, changed: Collection[UUID], *, anyway: bool = False) -> set[UUID]:
    """Let a copy take the place of each that was taken down (`anyway`: of each); return those that are shown instead.

    What people did with it (status, owner) goes over; the one that is gone is the copy from now on, and counts once.
    """
    if not changed:
        return set()
    values = {"organisation_id": organisation_id, "ids": list(changed), "anyway": anyway}
    heirs = db.session.execute(_HEIRS, values).all()
    for old_id, new_id in heirs:
        copies = and_(Conversation.copy_of == old_id, Conversation.id != new_id)
        old = db.session.get_one(Conversation, (organisation_id, old_id))
        state = {
            "status": old.status,
            "closed_reason": old.closed_reason,
            "snoozed_until": old.snoozed_until,
            "assignee_id": old.assignee_id,
        }
        _set(organisation_id, Conversation.id == new_id, copy_of=None, **state)
        _set(organisation_id, copies, copy_of=new_id)
        _set(organisation_id, Conversation.id == old_id, status="copy", copy_of=new_id, also_on=[], snoozed_until=None)
        _recount(organisation_id, [new_id])
    return {new_id for _, new_id in heirs}


# Of each that is gone and has copies, the oldest copy that still shows its words.
_HEIRS = text("""
SELECT DISTINCT ON (old.id) old.id, heir.id
  FROM conversations old
  JOIN conversations heir ON heir.organisation_id = old.organisation_id AND heir.copy_of = old.id AND NOT heir.withdrawn
 WHERE old.organisation_id = :organisation_id AND old.id = ANY(:ids) AND (old.withdrawn OR :anyway)
 ORDER BY old.id, heir.arrived_at, heir.id
""")


def _recount(organisation_id: UUID, shown: Collection[UUID]) -> None:
    """Write into what is shown on which other kinds of channel it is too."""
    db.session.flush()
    db.session.execute(_RECOUNT, {"organisation_id": organisation_id, "ids": list(shown)})
    _refresh(organisation_id, shown)


_RECOUNT = text("""
UPDATE conversations shown
   SET also_on = ARRAY(SELECT DISTINCT c.channel_kind FROM conversations c
                        WHERE c.organisation_id = shown.organisation_id AND c.copy_of = shown.id
                          AND NOT c.withdrawn ORDER BY 1),
       version = shown.version + 1
 WHERE shown.organisation_id = :organisation_id AND shown.id = ANY(:ids)
""")


def _set(organisation_id: UUID, which: ColumnElement[bool], **values: Any) -> set[UUID]:
    statement = update(Conversation).where(Conversation.organisation_id == organisation_id, which).values(**values)
    ids = set(db.session.scalars(statement.returning(Conversation.id)))
    _refresh(organisation_id, ids)
    return ids


def _refresh(organisation_id: UUID, ids: Collection[UUID]) -> None:
    for conversation_id in ids:
        summaries.forget_loaded(organisation_id, conversation_id)


def forget(organisation_id: UUID, ids: Collection[UUID]) -> None:
    """Before conversations are erased: let their copies stand for themselves."""
    promote(organisation_id, ids, anyway=True)
    statement = delete(CopyPrint).where(
        CopyPrint.organisation_id == organisation_id, CopyPrint.conversation_id.in_(ids)
    )
    db.session.execute(statement)
