"""The list: which conversations a member sees, newest activity first, a page at a time.

One query gives a page (keyset, never an offset, never a count). Searching asks one SQL function for the ids first:
row-level security would take the full-text index away from an ordinary query.
"""

import functools
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from healthberry.core import cursors, highlights
from healthberry.core.permissions import may
from healthberry.extensions import db
from healthberry.models.conversations import HIDDEN, STATUSES, Conversation, Unread
from healthberry.models.organisations import Member

PAGE = 30
_LONGEST_SEARCH = 200


@dataclass(frozen=True)
class View:
    """What the list is narrowed to; "" stands for no wish. `q` are search words, `service` an ODS code."""

    status: str = "open"
    channel: str = ""
    assigned: str = ""
    unread: bool = False
    service: str = ""
    q: str = ""

    @classmethod
    def from_args(cls, args: Mapping[str, str]) -> "View":
        """Read a view from a URL's arguments; what can't be understood is left out.

        Without a status it is what is open, but a search is for everything that was ever said.
        """
        words = _clean(args.get("q", ""))[:_LONGEST_SEARCH].strip()
        status, assigned = args.get("status", ""), args.get("assigned", "")
        return cls(
            status=status if status in (*STATUSES, "all") else _usual_status(words),
            channel=_clean(args.get("channel", ""))[:40],
            assigned=assigned if assigned in ("me", "nobody") else "",
            unread=args.get("unread", "") in ("1", "true", "on", "yes"),
            service=_clean(args.get("service", ""))[:40],
            q=words,
        )

    def to_args(self) -> dict[str, str]:
        """Return the arguments that make this view again, without those that say nothing."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["unread"] = "1" if self.unread else ""
        usual = ("status", _usual_status(self.q))
        return {name: value for name, value in values.items() if value and (name, value) != usual}

    def key(self) -> str:
        """Return the same text for the same view."""
        return json.dumps(self.to_args(), sort_keys=True)


@dataclass(frozen=True)
class Row:
    """One line of the list, as one member sees it."""

    id: UUID
    channel_kind: str
    screen_name: str
    title: str
    first_words: str
    rating: float | None
    rating_out_of: float | None
    service_code: str | None
    service_name: str | None
    status: str
    closed_reason: str | None
    snoozed_until: datetime | None
    assignee_id: UUID | None
    assignee_name: str | None
    unread: bool
    historic: bool
    withdrawn: bool
    replied: bool
    started_at: datetime
    last_activity_at: datetime
    also_on: Sequence[str] = ()
    expired_at: datetime | None = None
    snippet: Sequence[tuple[str, bool]] | None = None

    @property
    def place(self) -> str:
        """Where it stands in the list: texts that compare as the list is ordered, to the microsecond and the id."""
        return f"{self.last_activity_at.astimezone(UTC).isoformat(timespec='microseconds')} {self.id}"


@dataclass(frozen=True)
class ListPage:
    """Some rows, and the cursor of the next ones ("" at the end)."""

    rows: Sequence[Row]
    next: str


def list_conversations(member: Member, view: View, after: str = "", limit: int = PAGE) -> ListPage:
    """Return one page of the list. A cursor that was not made here is the beginning."""
    place = cursors.read(after)
    if view.q:
        ids = _found(member, view, place, limit + 1)
        # One array, not a list of as many parameters as there are hits: the statement stays the same, and prepared.
        statement = _rows(member).where(Conversation.id == any_(literal(ids, ARRAY(Uuid)))) if ids else None
    else:
        statement = _narrowed(_rows(member), member, view)
        if place:
            statement = statement.where(tuple_(Conversation.last_activity_at, Conversation.id) < place)
    if statement is None:
        return ListPage([], "")
    ordered = statement.order_by(Conversation.last_activity_at.desc(), Conversation.id.desc()).limit(limit + 1)
    rows = [_row(member, result) for result in db.session.execute(ordered)]
    more = len(rows) > limit
    rows = rows[:limit]
    if view.q:
        rows = highlights.add(member.organisation_id, rows, view.q)
    return ListPage(rows, cursors.make(rows[-1].last_activity_at, rows[-1].id) if more else "")


def row_of(member: Member, view: View, conversation_id: UUID) -> tuple[Row, bool] | None:
    """Return one row as this member sees it, and whether it belongs to the view; None where there is none."""
    found = standing([(member, view)], conversation_id)
    return (found.row_for(member), found.belongs[0]) if found else None


@dataclass(frozen=True)
class Standing:
    """One conversation as the open lists have it: its row, for whom it is unread, and whether each list has it."""

    row: Row
    unread: frozenset[UUID]
    belongs: Sequence[bool]

    def row_for(self, member: Member) -> Row:
        """Return the row as this member sees it."""
        return _allowed(member, replace(self.row, unread=member.id in self.unread))


def standing(lists: Sequence[tuple[Member, View]], conversation_id: UUID) -> Standing | None:
    """Ask the conditions of several lists of one organisation about one conversation; None where there is none.

    One query for all of them, and one more for each that is narrowed by words.
    """
    statement = _standings(tuple((view, may(member, "see_colleagues")) for member, view in lists))
    values: dict[str, Any] = {f"member_{place}": member.id for place, (member, _) in enumerate(lists)}
    values |= {"organisation_id": lists[0][0].organisation_id, "conversation_id": conversation_id}
    found = db.session.execute(statement, values).one_or_none()
    if found is None:
        return None
    names = (*(column.key for column in _COLUMNS), "assignee_name")
    row = Row(**dict(zip(names, found, strict=False)), unread=False)
    answers = [
        conversation_id in _found(member, view, None, 1, only=conversation_id) if view.q else answer
        for (member, view), answer in zip(lists, found[len(names) + 1 :], strict=True)
    ]
    return Standing(row, frozenset(found[len(names)]), answers)


@functools.lru_cache(maxsize=256)
def _standings(lists: tuple[tuple[View, bool], ...]) -> Select[Any]:
    """Build the statement for lists of these views and rights once: it is run for every change, with other values."""
    organisation_id: Any = bindparam("organisation_id", type_=Uuid())
    conversation_id: Any = bindparam("conversation_id", type_=Uuid())
    unread = select(Unread.member_id).where(
        Unread.organisation_id == organisation_id, Unread.conversation_id == conversation_id
    )
    belongs = [
        and_(*_conditions(organisation_id, bindparam(f"member_{place}", type_=Uuid()), sees_colleagues, view))
        for place, (view, sees_colleagues) in enumerate(lists)
    ]
    columns = (*_COLUMNS, _assignee_name(organisation_id), func.array(unread.scalar_subquery()), *belongs)
    here = (Conversation.organisation_id == organisation_id, Conversation.id == conversation_id)
    return select(*columns).where(*here)


def asker(member: Member, view: View) -> Hashable:
    """Return what two members have in common when the same conversations belong to this view of theirs."""
    return member.id if view.unread or view.assigned == "me" else may(member, "see_colleagues")


def neighbours(member: Member, view: View, conversation_id: UUID) -> tuple[UUID | None, UUID | None]:
    """Return the conversation above and the one below in this view, None at either end."""
    here = db.session.get(Conversation, (member.organisation_id, conversation_id))
    if here is None:
        return None, None
    if view.q:
        at = (here.last_activity_at, here.id)
        above, below = (_found(member, view, at, 1, upwards=upwards) for upwards in (True, False))
        return next(iter(above), None), next(iter(below), None)
    place = tuple_(Conversation.last_activity_at, Conversation.id)
    mine = (literal(here.last_activity_at), literal(here.id))
    base = _narrowed(select(Conversation.id), member, view)
    newer = base.where(place > tuple_(*mine)).order_by(Conversation.last_activity_at, Conversation.id).limit(1)
    older = (
        base.where(place < tuple_(*mine))
        .order_by(Conversation.last_activity_at.desc(), Conversation.id.desc())
        .limit(1)
    )
    return db.session.scalar(newer), db.session.scalar(older)


# One step through the index per service: reading every row for its distinct values would take longer with each review.
_SERVICES = text("""
WITH RECURSIVE step AS (
    (SELECT service_code, service_name FROM conversations
      WHERE organisation_id = :organisation_id AND service_code > '' ORDER BY service_code LIMIT 1)
    UNION ALL
    SELECT next.service_code, next.service_name FROM step, LATERAL (
        SELECT service_code, service_name FROM conversations
         WHERE organisation_id = :organisation_id AND service_code > step.service_code
         ORDER BY service_code LIMIT 1) AS next
)
SELECT service_code, coalesce(service_name, service_code) AS name FROM step LIMIT 200
""")


def services(member: Member) -> list[tuple[str, str]]:
    """Return the sites and services that somebody has written about: ODS code and name, by name."""
    found = db.session.execute(_SERVICES, {"organisation_id": member.organisation_id})
    return sorted(((code, name) for code, name in found), key=lambda pair: pair[1])


_COLUMNS = [getattr(Conversation, one.name) for one in fields(Row) if hasattr(Conversation, one.name)]


def _rows(member: Member) -> Select[Any]:
    """Select the columns of `Row`, not whole objects: a page of the list is asked for more often than anything else."""
    unread = (
        select(literal(1))
        .where(
            Unread.organisation_id == member.organisation_id,
            Unread.member_id == member.id,
            Unread.conversation_id == Conversation.id,
        )
        .exists()
    )
    columns = (*_COLUMNS, unread.label("unread"), _assignee_name(member.organisation_id))
    return select(*columns).where(Conversation.organisation_id == member.organisation_id)


def _assignee_name(organisation_id: Any) -> ColumnElement[str]:
    name = select(Member.name).where(Member.organisation_id == organisation_id, Member.id == Conversation.assignee_id)
    return name.scalar_subquery().label("assignee_name")


def _row(member: Member, result: Any) -> Row:
    return _allowed(member, Row(**result._mapping))  # noqa: SLF001 -- SQLAlchemy's public name for it


def _allowed(member: Member, row: Row) -> Row:
    return row if may(member, "see_colleagues") else replace(row, assignee_id=None, assignee_name=None)


def _narrowed(statement: Select[Any], member: Member, view: View) -> Select[Any]:
    sees_colleagues = may(member, "see_colleagues")
    return statement.where(*_conditions(member.organisation_id, member.id, sees_colleagues, view))


def _conditions(organisation_id: Any, member_id: Any, sees_colleagues: bool, view: View) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Conversation.organisation_id == organisation_id]
    if view.status != "all":
        conditions.append(Conversation.status == view.status)
    else:
        conditions.append(Conversation.status.not_in(HIDDEN))
    if view.channel:
        also = literal(view.channel) == any_(Conversation.also_on)
        conditions.append(or_(Conversation.channel_kind == view.channel, also))
    if view.service:
        conditions.append(Conversation.service_code == view.service)
    if view.assigned == "me":
        conditions.append(Conversation.assignee_id == member_id)
    elif view.assigned == "nobody" and sees_colleagues:
        conditions.append(Conversation.assignee_id.is_(None))
    if view.unread:
        mine = (Unread.organisation_id == organisation_id, Unread.member_id == member_id)
        conditions.append(Conversation.id.in_(select(Unread.conversation_id).where(*mine)))
    return conditions


def _found(
    member: Member,
    view: View,
    place: tuple[datetime, UUID] | None,
    size: int,
    *,
    only: UUID | None = None,
    upwards: bool = False,
) -> list[UUID]:
    """Ask the search function for what stands below `place` (above it, nearest first, with `upwards`).

    `only` limits the question to one conversation.
    """
    wishes: dict[str, str | bool] = {}
    if view.status != "all":
        wishes["status"] = view.status
    if view.channel:
        wishes["channel"] = view.channel
    if view.service:
        wishes["service"] = view.service
    if view.assigned == "me":
        wishes["assignee"] = str(member.id)
    elif view.assigned == "nobody" and may(member, "see_colleagues"):
        wishes["nobody"] = True
    if view.unread:
        wishes["unread"] = str(member.id)
    if place:
        wishes["at"], wishes["id"] = place[0].isoformat(), str(place[1])
    if upwards:
        wishes["upwards"] = True
    if only:
        wishes["only"] = str(only)
    found = select(func.search_conversations(view.q, literal(wishes, JSONB), size))
    return list(db.session.scalars(found))


def _usual_status(words: str) -> str:
    return "all" if words else "open"


def _clean(text: str) -> str:
    return text.replace("\x00", "")
