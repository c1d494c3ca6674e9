"""One line of the list: its columns, and what of it a member sees."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, bindparam, func, literal, select

from healthberry.core.permissions import may
from healthberry.models.activities import Unread
from healthberry.models.conversations import Conversation, Message
from healthberry.models.organisations import Member


@dataclass(frozen=True)
class Row:
    """One line of the list, as one member sees it. Equal rows look alike: see blueprints.rows."""

    id: UUID
    channel_id: UUID
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
    also_on: tuple[str, ...] = ()
    private: bool = False  # something of it was written to this organisation alone
    expired_at: datetime | None = None
    erased_at: datetime | None = None
    restricted: bool = False  # its words are for administrators alone, and in no list
    snippet: tuple[tuple[str, bool], ...] | None = None

    @property
    def place(self) -> str:
        """Where it stands in the list: texts that compare as the list is ordered, to the microsecond and the id."""
        return f"{self.last_activity_at.astimezone(UTC).isoformat(timespec='microseconds')} {self.id}"

    def __post_init__(self) -> None:
        """Take what the database gives as a list."""
        object.__setattr__(self, "also_on", tuple(self.also_on))


COLUMNS = [getattr(Conversation, one.name) for one in fields(Row) if hasattr(Conversation, one.name)]


# What fills the questions of `select_rows`: see `values`.
ORGANISATION: Any = bindparam("organisation_id", type_=Uuid)
MEMBER: Any = bindparam("member_id", type_=Uuid)


@lru_cache(maxsize=1)
def select_rows() -> Select[Any]:
    """Select the columns of `Row`, not whole objects: a page of the list is asked for more often than anything else.

    Written once, the same for everybody; to be asked with `values`. To write it anew costs a tenth of the list.
    """
    unread = (
        select(literal(1))
        .where(
            Unread.organisation_id == ORGANISATION,
            Unread.member_id == MEMBER,
            Unread.conversation_id == Conversation.id,
        )
        .exists()
    )
    columns = (*COLUMNS, unread.label("unread"), assignee_name(ORGANISATION), holds_private(ORGANISATION))
    return select(*columns).where(Conversation.organisation_id == ORGANISATION)


def values(member: Member) -> dict[str, Any]:
    """Return what makes `select_rows` the question of this member."""
    return {"organisation_id": member.organisation_id, "member_id": member.id}


def assignee_name(organisation_id: Any) -> ColumnElement[str]:
    """Return the name of whom a conversation is assigned to, as a column."""
    name = select(Member.name).where(Member.organisation_id == organisation_id, Member.id == Conversation.assignee_id)
    return name.scalar_subquery().label("assignee_name")


def holds_private(organisation_id: Any) -> ColumnElement[bool]:
    """Return whether something in a conversation was written in private, as a column; what was taken down is not."""
    # An aggregate, asked for each row of the page: EXISTS might read all private messages of the organisation at once.
    # Not "inbound": an index of the channels' inbound messages would then seem as good as that of the conversation.
    marked = select(func.bool_or(Message.source.contains({"private": True}))).where(
        Message.organisation_id == organisation_id,
        Message.conversation_id == Conversation.id,
        Message.direction != "outbound",
        Message.withdrawn_at.is_(None),
    )
    return func.coalesce(marked.scalar_subquery(), False).label("private")


def row_from(member: Member, result: Any) -> Row:
    """Return the row that `select_rows` found, as the member sees it."""
    return allowed(member, Row(**result._mapping))  # noqa: SLF001 -- SQLAlchemy's public name for it


def allowed(member: Member, row: Row) -> Row:
    """Return the row without what the member may not see."""
    seen = replace(row, screen_name="", title="", first_words="", snippet=None) if row.restricted else row
    return seen if may(member, "see_colleagues") else replace(seen, assignee_id=None, assignee_name=None)
