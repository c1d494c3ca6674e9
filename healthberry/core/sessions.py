"""Where members are signed in: one row for each browser, which its owner sees and ends.

A session ends when it was not used for a while, when it is too old however much it is used, when its owner ends it, and
when the member's `session_key` becomes another one (they left, or signed out everywhere).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, or_, select, update

from healthberry.core import events, second_step
from healthberry.core.errors import NotFound
from healthberry.extensions import db, part
from healthberry.models.organisations import Member, OrganisationDetails
from healthberry.models.owned import new_id, now
from healthberry.models.sign_in import MemberSession

REMEMBERED = timedelta(hours=12)
_NOTED = timedelta(minutes=1)  # how exactly the last use is known


@dataclass(frozen=True)
class Known:
    """Who asks, from which browser, whether they have a second step, and from when on they may not be without.

    `number` is the newest change of their organisation when they were looked up, 0 where that was not asked.
    """

    member: Member
    session: MemberSession
    has_second_step: bool
    second_step_due: datetime | None
    number: int = 0

    @property
    def is_overdue(self) -> bool:
        """Say whether they must set up a second step before anything else."""
        return not self.has_second_step and self.second_step_due is not None and self.second_step_due <= now()


def begin(
    member: Member,
    browser: str,
    *,
    proven_at: datetime | None,
    remembered_until: datetime | None = None,
    step_elsewhere: bool = False,
) -> MemberSession:
    """Sign a member in on one browser; `proven_at` is when they proved themselves as strongly as they can."""
    row = MemberSession(
        organisation_id=member.organisation_id,
        id=new_id(),
        member_id=member.id,
        session_key=member.session_key,
        browser=browser,
        proven_at=proven_at,
        remembered_until=remembered_until,
        step_elsewhere=step_elsewhere,
    )
    db.session.add(row)
    db.session.flush()
    return row


def known(organisation_id: UUID, session_id: UUID) -> Known | None:
    """Return who is signed in with this session; None where it is over. The organisation must be entered."""
    values = {"organisation_id": organisation_id, "session_id": session_id, "idle": _idle(), "old": _old()}
    found = db.session.execute(_who_asks(), values).one_or_none()
    if found is None:
        return None
    member, row, wanted_since, has_one, number = found
    return Known(member, row, has_one or row.step_elsewhere, second_step.due_at(member, wanted_since), number)


@lru_cache(maxsize=1)
def _who_asks() -> Select[*tuple[Any, ...]]:
    """Write the question that begins nearly every request once."""
    organisation_id: Any = bindparam("organisation_id")
    beside = (OrganisationDetails.second_step_since, second_step.has_one(), events.last_number_of(organisation_id))
    return (
        select(Member, MemberSession, *beside)
        .join(MemberSession, _of_member())
        .outerjoin(OrganisationDetails, OrganisationDetails.organisation_id == Member.organisation_id)
        .where(Member.organisation_id == organisation_id, MemberSession.id == bindparam("session_id"))
        .where(*_lasting(bindparam("idle"), bindparam("old")))
    )


def lasting(organisation_id: UUID, session_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these sessions still last."""
    statement = select(MemberSession.id).join(Member, _of_member())
    mine = (MemberSession.organisation_id == organisation_id, MemberSession.id.in_(session_ids))
    return set(db.session.scalars(statement.where(*mine, *_lasting(_idle(), _old()))))


def use(row: MemberSession) -> bool:
    """Note that the session is in use; return whether there was anything to note: at most once a minute there is."""
    if now() - row.used_at < _NOTED:
        return False
    row.used_at = now()
    return True


def prove(row: MemberSession) -> None:
    """Note that its owner has just proved themselves."""
    row.proven_at = now()


def is_proven(row: MemberSession, within: timedelta) -> bool:
    """Say whether its owner proved themselves within this time."""
    return row.proven_at is not None and now() - row.proven_at < within


def listed(member: Member) -> Sequence[MemberSession]:
    """Return where the member is signed in or remembered, the last used first."""
    return db.session.scalars(_mine(member).order_by(MemberSession.used_at.desc())).all()


def end(member: Member, session_id: UUID) -> None:
    """End one of the member's own sessions, and remember its browser no longer. Raises: NotFound."""
    row = db.session.scalar(_mine(member).where(MemberSession.id == session_id))
    if row is None:
        raise NotFound
    row.ended_at = row.ended_at or now()
    row.remembered_until = None
    events.record(member.organisation_id, "member_session_ended", subject_id=member.id, member=member)


def end_others(member: Member, kept: UUID) -> int:
    """End all of the member's sessions but one; return how many."""
    others = [row for row in listed(member) if row.id != kept]
    for row in others:
        end(member, row.id)
    return len(others)


def sign_out(row: MemberSession) -> None:
    """End this session; its browser stays remembered for as long as was wished. Its open pages are told."""
    row.ended_at = row.ended_at or now()
    events.record(row.organisation_id, "member_signed_out", subject_id=row.member_id)


def remembered(member: Member, session_id: UUID) -> MemberSession | None:
    """Return the session by which this browser is remembered for its member's sake; None where it is no more."""
    row = db.session.scalar(_mine(member).where(MemberSession.id == session_id))
    still = row is not None and row.remembered_until is not None and row.remembered_until > now()
    return row if still else None


def forget_remembered(member: Member) -> None:
    """Ask every browser of the member for the second step again."""
    mine = (MemberSession.organisation_id == member.organisation_id, MemberSession.member_id == member.id)
    db.session.execute(update(MemberSession).where(*mine).values(remembered_until=None))


def _mine(member: Member) -> Select[MemberSession]:
    """The member's sessions that last, and those that are over on a browser that is still remembered."""
    mine = (
        MemberSession.organisation_id == member.organisation_id,
        MemberSession.member_id == member.id,
        MemberSession.session_key == member.session_key,
    )
    signed_in = MemberSession.ended_at.is_(None) & (MemberSession.used_at > _idle()) & (MemberSession.made_at > _old())
    return select(MemberSession).where(*mine, or_(signed_in, MemberSession.remembered_until > now()))


def _of_member() -> ColumnElement[bool]:
    return (MemberSession.organisation_id == Member.organisation_id) & (MemberSession.member_id == Member.id)


def _lasting(idle: Any, old: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        MemberSession.session_key == Member.session_key,
        Member.left_at.is_(None),
        MemberSession.ended_at.is_(None),
        MemberSession.used_at > idle,
        MemberSession.made_at > old,
    )


def _idle() -> datetime:
    return now() - timedelta(minutes=part("settings").session_idle_minutes)


def _old() -> datetime:
    return now() - timedelta(hours=part("settings").session_hours)
