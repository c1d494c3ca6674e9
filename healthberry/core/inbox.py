"""The list: which conversations a member sees, newest activity first, a page at a time.

One query gives a page (keyset, never an offset, never a count).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Select, Uuid, any_, bindparam, select, tuple_

from healthberry.core import cursors, highlights, inbox_rows, places
from healthberry.core.inbox_conditions import belonging, found, rights
from healthberry.core.inbox_rows import MEMBER, ORGANISATION, row_from, select_rows
from healthberry.core.inbox_rows import Row as Row
from healthberry.core.inbox_views import View as View
from healthberry.core.places import Places
from healthberry.extensions import db
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member

PAGE = 30

_PLACE = tuple_(Conversation.last_activity_at, Conversation.id)
_HERE = tuple_(bindparam("at", type_=DateTime(timezone=True)), bindparam("at_id", type_=Uuid))


@dataclass(frozen=True)
class ListPage:
    """Some rows, and the cursor of the next ones ("" at the end)."""

    rows: Sequence[Row]
    next: str


def list_conversations(member: Member, view: View, after: str = "", limit: int = PAGE) -> ListPage:
    """Return one page of the list. A cursor that was not made here is the beginning."""
    place = cursors.read(after)
    values = inbox_rows.values(member)
    if view.q:
        ids = found(member, view, place, limit + 1)
        hits = _hits(places.of(member), limit + 1)
        results = db.session.execute(hits, {**values, "ids": ids}) if ids else ()
    else:
        page = _page(view, rights(member), place is not None, limit + 1)
        results = db.session.execute(page, {**values, **_at(place)})
    rows = [row_from(member, result) for result in results]
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
    values = {**inbox_rows.values(member), **_at((here.last_activity_at, here.id))}
    above, below = db.session.execute(_beside(view, rights(member)), values).one()
    return above, below


# Each question is written once for all who ask it: to write one takes about as long as to answer it.


@lru_cache(maxsize=256)
def _page(view: View, allowed: tuple[bool, Places | None], is_after: bool, most: int) -> Select[Any]:
    statement = select_rows().where(*belonging(ORGANISATION, MEMBER, allowed, view))
    return _from_above(statement.where(_PLACE < _HERE) if is_after else statement, most)


@lru_cache(maxsize=64)
def _hits(limits: Places | None, most: int) -> Select[Any]:
    # One array, not a list of as many parameters as there are hits: the statement stays the same, and prepared.
    hits = Conversation.id == any_(bindparam("ids", type_=ARRAY(Uuid)))
    return _from_above(select_rows().where(hits, *places.within(limits)), most)


@lru_cache(maxsize=256)
def _beside(view: View, allowed: tuple[bool, Places | None]) -> Select[Any]:
    base = select(Conversation.id).where(*belonging(ORGANISATION, MEMBER, allowed, view))
    newer = base.where(_PLACE > _HERE).order_by(Conversation.last_activity_at, Conversation.id).limit(1)
    older = _from_above(base.where(_PLACE < _HERE), 1)
    return select(newer.scalar_subquery(), older.scalar_subquery())


def _from_above(statement: Select[Any], most: int) -> Select[Any]:
    return statement.order_by(Conversation.last_activity_at.desc(), Conversation.id.desc()).limit(most)


def _at(place: tuple[datetime, UUID] | None) -> dict[str, Any]:
    return {"at": place[0], "at_id": place[1]} if place else {}
