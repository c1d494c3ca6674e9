"""The same story on two sites: shown once, counted once, parted and joined by hand.

Of two conversations that say the same, the one that was here first is shown; the other one has the status `copy` and
points at it. They are the same by the sites' own key, or because the texts are near-identical within 30 days. Each
keeps its own thread, for an answer on one site does not appear on the other.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, text, update

from healthberry.connectors.base import InboundItem
from healthberry.core import conversations, events, likeness, summaries
from healthberry.core.bulk import insert_unknown
from healthberry.core.channels import capabilities_of
from healthberry.core.errors import Invalid
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.channels import Channel
from healthberry.models.conversations import Conversation, CopyPrint, Message
from healthberry.models.organisations import Member

WINDOW = timedelta(days=30)
_MOST_CANDIDATES = 2_000
_OFFERED = 10
_OFFERED_LIKENESS = 40.0


class _Known(NamedTuple):
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


class Offer(NamedTuple):
    """A conversation that may be the same story: for people to decide."""

    id: UUID
    channel_kind: str
    screen_name: str
    title: str
    first_words: str
    started_at: datetime


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


def _candidates(channel: Channel, begun: Mapping[UUID, InboundItem], prints: Collection[int]) -> Sequence[_Known]:
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
        _openings(org)
        .where(
            or_(*same),
            Conversation.channel_id != channel.id,
            Conversation.withdrawn.is_(False),
            Conversation.copy_parted.is_(False),
            Conversation.started_at.between(min(moments) - WINDOW, max(moments) + WINDOW),
        )
        .order_by(Conversation.arrived_at, Conversation.id)
        .limit(_MOST_CANDIDATES)
    )
    return [_Known(*row) for row in db.session.execute(statement)]


def _openings(organisation_id: UUID) -> Any:
    """Select `_Known`: each conversation with the first thing that was said in it."""
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


def _join_first(channel: Channel, conversation_id: UUID, item: InboundItem, known: Sequence[_Known]) -> bool:
    for one in known:
        by_key = item.syndication_key is not None and one.key == item.syndication_key
        near = abs(item.posted_at - one.started_at) <= WINDOW and likeness.prints(item.text)
        if by_key or (near and likeness.alike(item.text, one.text)):
            _join(channel.organisation_id, conversation_id, one.shown_id)
            return True
    return False


def _join(organisation_id: UUID, copy_id: UUID, shown_id: UUID) -> None:
    """Let one conversation, and all copies of it, be copies of the other."""
    of_copy = or_(Conversation.id == copy_id, Conversation.copy_of == copy_id)
    _set(organisation_id, of_copy, status="copy", closed_reason=None, snoozed_until=None, copy_of=shown_id, also_on=[])
    _recount(organisation_id, [shown_id])
    events.record(organisation_id, "joined", conversation_id=shown_id, copy_id=str(copy_id))


def elsewhere(conversation: Conversation) -> Sequence[Elsewhere]:
    """Return the same story on other sites: the one that is shown first, then the copies by their age."""
    shown_id = conversation.copy_of or conversation.id
    statement = select(
        Conversation.id, Conversation.channel_kind, Conversation.url, Conversation.replied, Conversation.withdrawn
    ).where(
        Conversation.organisation_id == conversation.organisation_id,
        or_(Conversation.id == shown_id, Conversation.copy_of == shown_id),
        Conversation.id != conversation.id,
    )
    ordered = statement.order_by(Conversation.copy_of.is_not(None), Conversation.arrived_at, Conversation.id)
    return [Elsewhere(*row) for row in db.session.execute(ordered)]


def offers(member: Member, conversation_id: UUID) -> Sequence[Offer]:
    """Return what may be the same story on another site, most alike first; for people to choose from.

    Raises: NotFound, NotAllowed.
    """
    require(member, "handle")
    here = conversations.find(member, conversation_id)
    org, kinds = member.organisation_id, here.channel_kind
    near = Conversation.started_at.between(here.started_at - WINDOW, here.started_at + WINDOW)
    statement = _openings(org).where(
        near, Conversation.channel_id != here.channel_id, Conversation.withdrawn.is_(False)
    )
    joined = here.copy_of or here.id
    found = [_Known(*row) for row in db.session.execute(statement.order_by(Conversation.id).limit(_MOST_CANDIDATES))]
    mine = next((_Known(*row) for row in db.session.execute(_openings(org).where(Conversation.id == here.id))), None)
    if mine is None or not kinds:
        return ()
    ranked = [(likeness.likeness(mine.text, one.text), one.id) for one in found if one.shown_id != joined]
    best = [one_id for score, one_id in sorted(ranked, reverse=True)[:_OFFERED] if score >= _OFFERED_LIKENESS]
    return _described(org, best)


def _described(organisation_id: UUID, ids: Sequence[UUID]) -> Sequence[Offer]:
    columns = [getattr(Conversation, name) for name in Offer._fields]
    rows = db.session.execute(
        select(*columns).where(Conversation.organisation_id == organisation_id, Conversation.id.in_(ids))
    )
    by_id = {row.id: Offer(*row) for row in rows}
    return [by_id[one] for one in ids if one in by_id]


def join(member: Member, conversation_id: UUID, other_id: UUID) -> UUID:
    """Show two conversations as one; again: they stay so. Return the one that is shown: the one that came first.

    Raises: NotFound, NotAllowed, Invalid for two of one channel.
    """
    require(member, "handle")
    one, other = sorted((conversation_id, other_id))
    pair = [conversations.find(member, found, lock=True) for found in (one, other)]
    if pair[0].channel_id == pair[1].channel_id:
        raise Invalid("Choose the same story on another site. These two are on the same one.", "other")
    shown = [found.copy_of or found.id for found in pair]
    if shown[0] != shown[1]:
        first, second = sorted(pair, key=lambda found: (found.arrived_at, found.id))
        for found in pair:
            found.copy_parted = False
        db.session.flush()
        _join(member.organisation_id, second.copy_of or second.id, first.copy_of or first.id)
        events.record(member.organisation_id, "joined", conversation_id=second.id, member=member)
        return first.copy_of or first.id
    return shown[0]


def part(member: Member, conversation_id: UUID) -> UUID:
    """Show a copy by itself again, and never join it by itself; one that is no copy: all its copies. Again: nothing.

    Raises: NotFound, NotAllowed.
    """
    require(member, "handle")
    conversation = conversations.find(member, conversation_id, lock=True)
    org, shown_id = member.organisation_id, conversation.copy_of or conversation.id
    mine = Conversation.id == conversation.id if conversation.copy_of else Conversation.copy_of == conversation.id
    parted = _set(org, and_(mine, Conversation.status == "copy"), status="open", copy_of=None, copy_parted=True)
    if parted:
        summaries.settle(org, parted)
        _recount(org, [shown_id])
        for one in sorted({*parted, shown_id}):
            events.record(org, "parted", conversation_id=one, member=member)
    return shown_id


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
