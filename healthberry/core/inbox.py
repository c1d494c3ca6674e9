"""The list: which conversations a member sees, newest activity first, a page at a time.

One query gives a page (keyset, never an offset, never a count).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, literal, select, tuple_

from healthberry.core import cursors, highlights, places
from healthberry.core.inbox_conditions import found, narrowed
from healthberry.core.inbox_rows import Row as Row
from healthberry.core.inbox_rows import row_from, select_rows
from healthberry.core.inbox_views import View as View
from healthberry.extensions import db
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member

PAGE = 30


@dataclass(frozen=True)
class ListPage:
    """Some rows, and the cursor of the next ones ("" at the end)."""

    rows: Sequence[Row]
    next: str


def list_conversations(member: Member, view: View, after: str = "", limit: int = PAGE) -> ListPage:
    """Return one page of the list. A cursor that was not made here is the beginning."""
    place = cursors.read(after)
    if view.q:
        ids = found(member, view, place, limit + 1)
        # One array, not a list of as many parameters as there are hits: the statement stays the same, and prepared.
        hits = (Conversation.id == any_(literal(ids, ARRAY(Uuid))), *places.seen(member))
        statement = select_rows(member).where(*hits) if ids else None
    else:
        statement = narrowed(select_rows(member), member, view)
        if place:
            statement = statement.where(tuple_(Conversation.last_activity_at, Conversation.id) < place)
    if statement is None:
        return ListPage([], "")
    ordered = statement.order_by(Conversation.last_activity_at.desc(), Conversation.id.desc()).limit(limit + 1)
    rows = [row_from(member, result) for result in db.session.execute(ordered)]
    more = len(rows) > limit
    rows = rows[:limit]
    if view.q:
        rows = highlights.add(member.organisation_id, rows, view.q)
    return ListPage(rows, cursors.make(rows[-1].last_activity_at, rows[-1].id) if more else "")


def neighbours(member: Member, view: View, conversation_id: UUID) -> tuple[UUID | None, UUID | None]:
    """Return the conversation above and the one below in this view, None at either end."""
    here = db.session.get(Conversation, (member.organisation_id, conversation_id))
    if here is None or not places.sees(member, here):
        return None, None
    if view.q:
        at = (here.last_activity_at, here.id)
        above, below = (found(member, view, at, 1, upwards=upwards) for upwards in (True, False))
        return next(iter(above), None), next(iter(below), None)
    place = tuple_(Conversation.last_activity_at, Conversation.id)
    mine = (literal(here.last_activity_at), literal(here.id))
    base = narrowed(select(Conversation.id), member, view)
    newer = base.where(place > tuple_(*mine)).order_by(Conversation.last_activity_at, Conversation.id).limit(1)
    older = (
        base.where(place < tuple_(*mine))
        .order_by(Conversation.last_activity_at.desc(), Conversation.id.desc())
        .limit(1)
    )
    above, below = db.session.execute(select(newer.scalar_subquery(), older.scalar_subquery())).one()
    return above, below
