"""Invitations: a signed token in an e-mail, worth what its inviter may still do when it is accepted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from healthberry.core import audit, mailboxes, members, roles, scope, signed, teams
from healthberry.core.errors import Invalid
from healthberry.core.permissions import may, require
from healthberry.extensions import db
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import now
from healthberry.models.teams import Team

DAYS = 7
# Letters in a day, sent again ones too: enough for a large trust's first day, too few to fill mailboxes in our name.
MOST_BY_ONE, MOST_IN_ALL = 50, 200
_DAY = timedelta(days=1)

_DEAD = "This invitation does not work any more. Ask a colleague for a new one."


@dataclass(frozen=True)
class Invitation:
    """Who may join what, and who said so."""

    organisation: Organisation
    inviter: Member
    email: str
    role: str
    team_id: UUID | None = None


def invite(member: Member, email: str, role: str, team_id: UUID | None = None, *, clock: datetime | None = None) -> str:
    """Return the token that invites a mailbox, for 7 days, and into a team. Raises: NotAllowed, Invalid, NotFound.

    Invalid also for whoever invited too many in a day.
    """
    require(member, "manage")
    email = mailboxes.normalise(email)
    if role not in roles.offered(member):
        raise Invalid("Choose what they may do", "role")
    team = teams.find(member, team_id).id.hex if team_id else ""
    _keep_to_limits(member, clock or now())
    expires_at = int(((clock or now()) + timedelta(days=DAYS)).timestamp())
    # The mailbox itself is in no log: who accepts is written down by name.
    audit.did(member, "member_invited", role=role, domain=email.rpartition("@")[2])
    signed = _signer().dumps([member.organisation_id.hex, member.id.hex, email, role, expires_at, team])
    return signed if isinstance(signed, str) else signed.decode()


def read(token: str, *, clock: datetime | None = None) -> Invitation:
    """Return what the token invites to, and enter that organisation. Raises: Invalid when it is worth nothing."""
    try:
        organisation_id, inviter_id, email, role, expires_at, *rest = _signer().loads(token)
    except (BadData, ValueError) as error:
        raise Invalid("This link is not complete. Copy the whole address from the e-mail.") from error
    if (clock or now()).timestamp() >= expires_at:
        raise Invalid(_DEAD)
    scope.enter(UUID(organisation_id))
    inviter = members.present(UUID(organisation_id), UUID(inviter_id))
    if inviter is None or not may(inviter, "manage"):
        raise Invalid(_DEAD)
    team_id = UUID(rest[0]) if rest and rest[0] else None
    if team_id and db.session.get(Team, (UUID(organisation_id), team_id)) is None:
        raise Invalid(_DEAD)  # without its team it would show everything
    return Invitation(db.session.get_one(Organisation, UUID(organisation_id)), inviter, email, role, team_id)


def _keep_to_limits(member: Member, at: datetime) -> None:
    """Count what the audit log says was sent. Raises: Invalid."""
    organisation_id = member.organisation_id
    if audit.count(organisation_id, "member_invited", at - _DAY, by=member.id) >= MOST_BY_ONE:
        raise Invalid(f"You have sent {MOST_BY_ONE} invitations in a day. Send more of them tomorrow.", "email")
    if audit.count(organisation_id, "member_invited", at - _DAY) >= MOST_IN_ALL:
        said = f"Your organisation has sent {MOST_IN_ALL} invitations in a day. Send more of them tomorrow."
        raise Invalid(said, "email")


def address_in(token: str) -> str:
    """Return the mailbox that a token made here invites."""
    return str(_signer().loads(token)[2])


def _signer() -> URLSafeSerializer:
    return signed.signer("healthberry.invitation")
