"""What changed since a number, and who may see it: what open pages are brought up to date from."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select

from healthberry.core.events import Event
from healthberry.extensions import db
from healthberry.models.activities import Activity
from healthberry.models.organisations import Member


def changes_after(organisation_id: UUID, number: int, limit: int) -> list[Event]:
    """Return the committed changes after `number`, oldest first, at most `limit`.

    Numbers have no gap and become visible in their order, so nothing can turn up later between two of them.
    """
    statement = _changes(organisation_id).where(Activity.number > number).order_by(Activity.number)
    return [Event(organisation_id, *row) for row in db.session.execute(statement.limit(limit))]


def newest_changes(organisation_id: UUID, limit: int) -> list[Event]:
    """Return the newest committed changes that are kept, oldest first, at most `limit`."""
    statement = _changes(organisation_id).order_by(Activity.number.desc()).limit(limit)
    return [Event(organisation_id, *row) for row in reversed(db.session.execute(statement).all())]


def present_members(organisation_id: UUID, member_ids: Collection[UUID]) -> dict[UUID, Member]:
    """Return copies, by id, of those members who have not left: they belong to no session and stay as they are now."""
    statement = select(*Member.__table__.columns).where(
        Member.organisation_id == organisation_id, Member.id.in_(member_ids), Member.left_at.is_(None)
    )
    copies = (Member(**found) for found in db.session.execute(statement).mappings())
    return {member.id: member for member in copies}


def copy_of(member: Member) -> Member:
    """Return a copy that belongs to no session and stays as it is now."""
    return Member(**{column.key: getattr(member, column.key) for column in Member.__table__.columns})


def _changes(organisation_id: UUID) -> Select[int, str, UUID | None, UUID | None]:
    statement = select(Activity.number, Activity.kind, Activity.conversation_id, Activity.channel_id)
    return statement.where(Activity.organisation_id == organisation_id)
