"""Where one conversation stands: its row, for whom it is unread, and which of the open lists have it."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, bindparam, func, select

from healthberry.core import inbox_conditions, places
from healthberry.core.inbox_conditions import belonging
from healthberry.core.inbox_rows import COLUMNS, Row, allowed, assignee_name, holds_private
from healthberry.core.inbox_views import View
from healthberry.core.permissions import may
from healthberry.core.places import Places
from healthberry.extensions import db
from healthberry.models.activities import Unread
from healthberry.models.conversations import Conversation
from healthberry.models.organisations import Member


def row_of(member: Member, view: View, conversation_id: UUID) -> tuple[Row, bool] | None:
    """Return one row as this member sees it, and whether it belongs to the view; None where there is none for them."""
    found = standing([(member, view)], conversation_id)
    return (found.row_for(member), found.belongs[0]) if found and places.sees(member, found.row) else None


@dataclass(frozen=True)
class Standing:
    """One conversation as the open lists have it: its row, for whom it is unread, and whether each list has it."""

    row: Row
    unread: frozenset[UUID]
    belongs: Sequence[bool]
    _rows: dict[tuple[bool, bool], Row] = field(default_factory=dict, repr=False, compare=False)

    def row_for(self, member: Member) -> Row:
        """Return the row as this member sees it: one for all who see the same."""
        differing = (member.id in self.unread, may(member, "see_colleagues"))
        if (row := self._rows.get(differing)) is None:
            row = self._rows[differing] = allowed(member, replace(self.row, unread=differing[0]))
        return row


def standing(lists: Sequence[tuple[Member, View]], conversation_id: UUID) -> Standing | None:
    """Ask the conditions of several lists of one organisation about one conversation; None where there is none.

    One query for all of them, and one more for each that is narrowed by words.
    """
    statement = _standings(tuple((view, inbox_conditions.rights(member)) for member, view in lists))
    values: dict[str, Any] = {f"member_{place}": member.id for place, (member, _) in enumerate(lists)}
    values |= {"organisation_id": lists[0][0].organisation_id, "conversation_id": conversation_id}
    found = db.session.execute(statement, values).one_or_none()
    if found is None:
        return None
    names = (*(column.key for column in COLUMNS), "assignee_name", "private")
    row = Row(**dict(zip(names, found, strict=False)), unread=False)
    answers = [
        conversation_id in inbox_conditions.found(member, view, None, 1, only=conversation_id) if view.q else answer
        for (member, view), answer in zip(lists, found[len(names) + 1 :], strict=True)
    ]
    return Standing(row, frozenset(found[len(names)]), answers)


@functools.lru_cache(maxsize=256)
def _standings(lists: tuple[tuple[View, tuple[bool, Places | None]], ...]) -> Select[Any]:
    """Build the statement for lists of these views and rights once: it is run for every change, with other values."""
    organisation_id: Any = bindparam("organisation_id", type_=Uuid())
    conversation_id: Any = bindparam("conversation_id", type_=Uuid())
    unread = select(Unread.member_id).where(
        Unread.organisation_id == organisation_id, Unread.conversation_id == conversation_id
    )
    belongs = [
        and_(*belonging(organisation_id, bindparam(f"member_{place}", type_=Uuid()), rights, view))
        for place, (view, rights) in enumerate(lists)
    ]
    beside = (assignee_name(organisation_id), holds_private(organisation_id))
    columns = (*COLUMNS, *beside, func.array(unread.scalar_subquery()), *belongs)
    here = (Conversation.organisation_id == organisation_id, Conversation.id == conversation_id)
    return select(*columns).where(*here)
