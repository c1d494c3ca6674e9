"""A copy of what is held about somebody who uses HealthBerry here, or did: also a right of article 15 UK GDPR.

Their account, how they sign in, where they are signed in, and what the audit log says of them. No secret is in it: of a
second step that there is one, of recovery codes how many are left. What they wrote in notes and replies is about those
who wrote to the organisation: it is counted, not copied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from healthberry.core import data_requests, holds, members, openid_joining, passkeys, recovery_codes, second_step
from healthberry.core.errors import Invalid
from healthberry.core.permissions import require
from healthberry.extensions import db
from healthberry.models.activities import Note
from healthberry.models.audit import AuditEntry
from healthberry.models.claims import Claim
from healthberry.models.keeping import ReadingGrant
from healthberry.models.openid import LinkedIdentity
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.replies import Draft, OutboxMail, Reply
from healthberry.models.rights import DataRequest
from healthberry.models.sign_in import MemberSession, Passkey
from healthberry.models.teams import Team, TeamMember

MOST_FOUND: Final = 20
MOST_ENTRIES: Final = 10_000  # of the audit log: more are counted
_COUNTED: Final[Mapping[str, Any]] = {
    "notes": Note,
    "drafts": Draft,
    "replies": Reply,
    "e-mails sent to you": OutboxMail,
}


@dataclass(frozen=True)
class ColleagueCopy:
    """All that the file says of one member.

    `did` is what the audit log says that they did, `done` what others did to their account, without who it was; both
    are the newest, and `entries_left_out` counts the rest.
    """

    organisation: Organisation
    request: DataRequest
    made_at: datetime
    member: Member
    claim: Claim | None
    teams: Sequence[str]
    app_since: datetime | None
    passkeys: Sequence[Passkey]
    codes_left: int
    accounts: Sequence[LinkedIdentity]
    sessions: Sequence[MemberSession]
    grants: Sequence[ReadingGrant]
    did: Sequence[AuditEntry]
    done: Sequence[AuditEntry]
    counts: Mapping[str, int]
    entries_left_out: int


def find(member: Member, request: DataRequest) -> Sequence[Member]:
    """Return the members, also those who left, whose name or address the request gives; at most twenty.

    Raises: NotAllowed.
    """
    require(member, "manage")
    given = {words.strip().casefold() for words in (request.about, request.contact) if words.strip()}
    named = or_(func.lower(Member.email).in_(given), func.lower(Member.name).in_(given))
    mine = select(Member).where(Member.organisation_id == member.organisation_id, named)
    return db.session.scalars(mine.order_by(Member.name, Member.id).limit(MOST_FOUND)).all() if given else []


def make(member: Member, request_id: UUID, who: str, reason: str) -> ColleagueCopy:
    """Return the copy for a request, and write down who took it and why; `who` is the id of a find.

    Raises: NotFound, NotAllowed, Invalid.
    """
    request = data_requests.find(member, request_id)
    words = holds.checked(reason)
    about = next((one for one in find(member, request) if str(one.id) == who), None)
    if about is None:
        raise Invalid("Choose whose account it is about.", "colleague")
    made = _made(about, request)
    data_requests.step(member, request, "data_copied", f"{words} (an account of staff)"[:200])
    return made


def _made(about: Member, request: DataRequest) -> ColleagueCopy:
    app = second_step.app_of(about)
    by_them, by_others = AuditEntry.member_id == about.id, AuditEntry.member_id.is_distinct_from(about.id)
    did, more_did = _entries(about, by_them)
    done, more_done = _entries(about, AuditEntry.object_id == str(about.id), by_others)
    return ColleagueCopy(
        organisation=members.organisation_of(about),
        request=request,
        made_at=now(),
        member=about,
        claim=db.session.get(Claim, (about.organisation_id, about.id)),
        teams=_teams(about),
        app_since=app.confirmed_at if app else None,
        passkeys=passkeys.of_member(about),
        codes_left=recovery_codes.left(about),
        accounts=openid_joining.linked(about),
        sessions=_of(MemberSession, about, MemberSession.made_at),
        grants=_of(ReadingGrant, about, ReadingGrant.given_at),
        did=did,
        done=done,
        counts={name: _count(model, about, model.member_id == about.id) for name, model in _COUNTED.items()},
        entries_left_out=more_did + more_done,
    )


def _entries(about: Member, *which: ColumnElement[bool]) -> tuple[Sequence[AuditEntry], int]:
    """Return the newest entries of the audit log, and how many older ones there are."""
    mine = select(AuditEntry).where(AuditEntry.organisation_id == about.organisation_id, *which)
    found = db.session.scalars(mine.order_by(AuditEntry.number.desc()).limit(MOST_ENTRIES)).all()
    return found, _count(AuditEntry, about, *which) - len(found)


def _teams(about: Member) -> Sequence[str]:
    of_team = (TeamMember.organisation_id == Team.organisation_id) & (TeamMember.team_id == Team.id)
    mine = (Team.organisation_id == about.organisation_id, TeamMember.member_id == about.id)
    return db.session.scalars(select(Team.name).join(TeamMember, of_team).where(*mine).order_by(Team.name)).all()


def _of(model: Any, about: Member, order: Any) -> Sequence[Any]:
    mine = (model.organisation_id == about.organisation_id, model.member_id == about.id)
    return db.session.scalars(select(model).where(*mine).order_by(order)).all()


def _count(model: Any, about: Member, *which: ColumnElement[bool]) -> int:
    mine = (model.organisation_id == about.organisation_id, *which)
    return db.session.scalar(select(func.count()).select_from(model).where(*mine)) or 0
