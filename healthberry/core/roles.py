"""Who may do what in an organisation: the roles, who gives and takes them, and who leaves.

There is always an administrator; a new one can't take anything from those before them for three days.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import update

from healthberry.core import claims, events, members
from healthberry.core.commissioning import is_commissioner
from healthberry.core.errors import Conflict, Invalid, NotAllowed
from healthberry.core.permissions import may, require
from healthberry.extensions import db
from healthberry.models.keeping import ReadingGrant
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member
from healthberry.models.owned import new_id, now

COMMISSIONER = "commissioner"
ROLES = {
    "administrator": "Answers, publishes with a reason what was stopped, invites people and links channels",
    "approver": "Answers, and publishes with a reason what was stopped as too personal. Needs a second step to sign in",
    "responder": "Answers",
    "viewer": "Reads",
    COMMISSIONER: "Sees figures and published words of the providers that you commission, and nothing else",
}

_SETTLED = timedelta(hours=72)
_RANKS = list(ROLES)  # what may do most comes first


def change_role(member: Member, other_id: UUID, role: str) -> Member:
    """Give a level-2 colleague another role.

    Raises: NotAllowed (also for a new administrator, see `remove`), NotFound, Invalid, Conflict for the last
    administrator.
    """
    require(member, "manage")
    hold_administrators(member)
    other = members.find_colleague(member, other_id)
    if role not in offered(member):
        raise Invalid("Choose a role", "role")
    if other.level < ORGANISATION_VERIFIED:
        raise Conflict("Approve them first: roles are for people who may publish.")
    if other.role != role:
        _spare_last_administrator(other)
        if _RANKS.index(role) > _RANKS.index(other.role):
            spare_those_before(member, other)
        other.role = role
        events.record(member.organisation_id, "member_role_changed", subject_id=other.id, member=member, role=role)
    return other


def hand_over(member: Member, other_id: UUID) -> Member:
    """Make a level-2 colleague an administrator and oneself a responder, at once.

    Raises: NotAllowed, NotFound; Conflict for oneself, and for who may not publish yet.
    """
    require(member, "manage")
    if other_id == member.id:
        raise Conflict("You are an administrator already. Hand over to somebody else.")
    other = change_role(member, other_id, "administrator")
    member.role = "responder"
    events.record(member.organisation_id, "member_handed_over", subject_id=other.id, member=member)
    return other


def offered(member: Member) -> dict[str, str]:
    """Return the roles that there are in the member's organisation: commissioners only where it commissions others."""
    return {role: words for role, words in ROLES.items() if role != COMMISSIONER or is_commissioner(member)}


def remove(member: Member, other_id: UUID) -> Member:
    """End a membership: signed out everywhere, links in mails dead, no more alerts. What they did keeps their name.

    Whoever became an administrator less than 72 hours ago can't remove level-2 colleagues who were there before.
    Raises: NotAllowed, NotFound, Conflict for the last administrator.
    """
    if other_id != member.id:
        require(member, "manage")
    hold_administrators(member)
    other = members.find_colleague(member, other_id)
    _spare_last_administrator(other)
    spare_those_before(member, other)
    claims.left(other, member)
    other.left_at = now()
    other.session_key = new_id()
    other.approval_asked_at = other.check_asked_at = None
    _end_grants(other, member.name)
    events.record(member.organisation_id, "member_left", subject_id=other.id, member=member)
    return other


def is_last_administrator(member: Member) -> bool:
    """Say whether the organisation would be without an administrator if `member` left, or had another role."""
    return may(member, "manage") and all(one.id == member.id for one in members.administrators(member.organisation_id))


def successors(member: Member) -> Sequence[Member]:
    """Return to whom an administrator can hand over: their approved colleagues, by name. Nobody for anybody else."""
    if not may(member, "manage"):
        return ()
    others = members.those_of(member.organisation_id).where(
        Member.level == ORGANISATION_VERIFIED, Member.id != member.id
    )
    return db.session.scalars(others.order_by(Member.name)).all()


def _end_grants(other: Member, by: str) -> None:
    """Whoever comes back does not read again what was restricted."""
    mine = (ReadingGrant.organisation_id == other.organisation_id, ReadingGrant.member_id == other.id)
    ended = update(ReadingGrant).where(*mine, ReadingGrant.ended_at.is_(None)).values(ended_at=now(), ended_by=by)
    db.session.execute(ended.execution_options(synchronize_session=False))


def hold_administrators(member: Member) -> None:
    """Let nobody else become or stop being an administrator meanwhile: two who step down at once would leave none.

    All are held in one order, so that two who change each other wait instead of blocking each other for good.
    """
    managing = (Member.level == ORGANISATION_VERIFIED, Member.role == "administrator")
    statement = members.those_of(member.organisation_id).where(*managing).order_by(Member.id)
    held = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    db.session.scalars(held).all()


def spare_those_before(member: Member, other: Member) -> None:
    """Refuse a new administrator, for 72 hours, to take anything from whoever could publish before them."""
    since = max(member.created_at, member.role_since, claims.raised_at(member))
    is_before = other.level >= ORGANISATION_VERIFIED and claims.raised_at(other) < since
    if other.id != member.id and is_before and now() - since < _SETTLED:
        raise NotAllowed(
            "You became an administrator less than three days ago. "
            "Until then you can't remove colleagues who were here before, let them do less, or reset how they sign in."
        )


def _spare_last_administrator(other: Member) -> None:
    if is_last_administrator(other):
        raise Conflict("This is the only administrator. Make somebody else an administrator first.")
