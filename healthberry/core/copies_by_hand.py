"""What people decide of copies: that two conversations are the same story, or that they are not."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from healthberry.core import conversations, events, likeness, places
from healthberry.core.copies import MOST_CANDIDATES, WINDOW, Known, openings, tie, untie
from healthberry.core.errors import Invalid
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member

_OFFERED = 10
_OFFERED_LIKENESS = 40.0


class Offer(NamedTuple):
    """A conversation that may be the same story: for people to decide."""

    id: UUID
    channel_kind: str
    screen_name: str
    title: str
    first_words: str
    started_at: datetime


def offers(member: Member, conversation_id: UUID) -> Sequence[Offer]:
    """Return what may be the same story on another site, most alike first; for people to choose from.

    Raises: NotFound, NotAllowed.
    """
    require(member, "handle")
    here = conversations.readable(member, conversation_id)
    org, kinds = member.organisation_id, here.channel_kind
    near = Conversation.started_at.between(here.started_at - WINDOW, here.started_at + WINDOW)
    statement = openings(org).where(near, Conversation.channel_id != here.channel_id, Conversation.withdrawn.is_(False))
    statement = statement.where(Conversation.restricted.is_(False), *places.seen(member))
    joined = here.copy_of or here.id
    found = [Known(*row) for row in db.session.execute(statement.order_by(Conversation.id).limit(MOST_CANDIDATES))]
    mine = next((Known(*row) for row in db.session.execute(openings(org).where(Conversation.id == here.id))), None)
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
        tie(member.organisation_id, second.copy_of or second.id, first.copy_of or first.id)
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
    parted = untie(org, mine, shown_id)
    if parted:
        for one in sorted({*parted, shown_id}):
            events.record(org, "parted", conversation_id=one, member=member)
    return shown_id
