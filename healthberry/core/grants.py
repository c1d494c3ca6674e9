"""Letting members read what is restricted for a concern: one conversation, or all of them; and taking that back."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select

from healthberry.core import conversations, events, members, places
from healthberry.core.errors import Invalid, NotFound
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.keeping import ReadingGrant
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member
from healthberry.models.owned import now


def give(member: Member, other_id: UUID, conversation_id: UUID | None = None) -> ReadingGrant:
    """Let a colleague, or oneself, read one restricted conversation; without one, all of them. Again: it stays so.

    Raises: NotFound, NotAllowed, Invalid for who is not trusted to act for the organisation.
    """
    require(member, "manage")
    about = conversations.find(member, conversation_id) if conversation_id is not None else None
    other = members.present(member.organisation_id, other_id)
    if other is None:
        raise NotFound
    if other.level < ORGANISATION_VERIFIED:
        raise Invalid("Approve them first. Only people who act for the organisation may read it.", "reader")
    if about is not None and not places.sees(other, about):
        raise Invalid("Their team does not see this. Put them in a team that does first.", "reader")
    return _lasting(other.id, member, conversation_id) or _made(member, other.id, conversation_id, "grant_given")


def keep_reading(member: Member, conversation_id: UUID) -> None:
    """Let a member go on reading what they have just restricted."""
    if _lasting(member.id, member, conversation_id) is None:
        _made(member, member.id, conversation_id, "grant_kept")


def end(member: Member, grant_id: UUID) -> ReadingGrant:
    """Take it back; again: nothing. Raises: NotFound, NotAllowed."""
    found = db.session.get(ReadingGrant, (member.organisation_id, grant_id), with_for_update=True)
    if found is None:
        raise NotFound
    require(member, "manage")
    if found.ended_at is None:
        found.ended_at, found.ended_by = now(), member.name
        _record(member, found, "grant_ended")
    return found


def of_conversation(member: Member, conversation_id: UUID) -> Sequence[tuple[ReadingGrant, Member]]:
    """Return who may read a conversation, by a grant for it or for all of them. Raises: NotFound, NotAllowed."""
    require(member, "manage")
    conversations.find(member, conversation_id)
    of_all = ReadingGrant.conversation_id.is_(None)
    return _listed(member, of_all | (ReadingGrant.conversation_id == conversation_id))


def standing(member: Member) -> dict[UUID, ReadingGrant]:
    """Return the grants for all restricted conversations, by the member who has them. Raises: NotAllowed."""
    require(member, "manage")
    return {other.id: grant for grant, other in _listed(member, ReadingGrant.conversation_id.is_(None))}


def givers(organisation_id: UUID) -> Collection[str]:
    """Return the names of those who may let somebody read."""
    return [one.name for one in members.administrators(organisation_id)]


def _lasting(other_id: UUID, member: Member, conversation_id: UUID | None) -> ReadingGrant | None:
    mine = select(ReadingGrant).where(
        ReadingGrant.organisation_id == member.organisation_id,
        ReadingGrant.member_id == other_id,
        ReadingGrant.conversation_id == conversation_id,
        ReadingGrant.ended_at.is_(None),
    )
    return db.session.scalars(mine.limit(1)).first()


def _made(member: Member, other_id: UUID, conversation_id: UUID | None, action: str) -> ReadingGrant:
    made = ReadingGrant(
        organisation_id=member.organisation_id,
        member_id=other_id,
        conversation_id=conversation_id,
        given_by_id=member.id,
        given_by=member.name,
    )
    db.session.add(made)
    db.session.flush()
    _record(member, made, "grant_taken" if other_id == member.id and action == "grant_given" else action)
    return made


def _record(member: Member, grant: ReadingGrant, action: str) -> None:
    events.record(
        member.organisation_id,
        action,
        conversation_id=grant.conversation_id,
        subject_id=grant.member_id,
        member=member,
        reader_id=str(grant.member_id),
    )


def _listed(member: Member, which: object) -> Sequence[tuple[ReadingGrant, Member]]:
    of_reader = (Member.organisation_id == ReadingGrant.organisation_id) & (Member.id == ReadingGrant.member_id)
    lasting = (ReadingGrant.organisation_id == member.organisation_id, ReadingGrant.ended_at.is_(None))
    found = select(ReadingGrant, Member).join(Member, of_reader).where(*lasting, which, Member.left_at.is_(None))  # type: ignore[arg-type]
    return [(grant, other) for grant, other in db.session.execute(found.order_by(Member.name, ReadingGrant.given_at))]
