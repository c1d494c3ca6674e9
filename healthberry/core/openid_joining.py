"""Who an account at an organisation's issuer is here: a member linked before, one who has to prove it once, a new one.

The account is known by issuer and subject. The e-mail address counts at the first time alone, and only for a domain
that is proven to be the organisation's: whoever has one joins with the role that its administrators chose. Whoever is
a member already proves their mailbox once; whoever left stays out.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.connectors.openid_issuers import Identity
from healthberry.core import audit, events, mailboxes, members, openid, sign_in_mails, signup
from healthberry.core.errors import Conflict, NotAllowed, NotFound
from healthberry.core.openid import Setup
from healthberry.extensions import db
from healthberry.models.openid import LinkedIdentity
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member, Organisation
from healthberry.models.owned import new_id, now


class ProveFirst(Exception):
    """It is the address of a member who has not linked this account: they have to prove their mailbox once."""

    def __init__(self, member: Member) -> None:
        super().__init__()
        self.member = member


class Out(NotAllowed):
    """Nobody is let in; `why` is for the audit log alone: the answer is the same for everybody."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


def member_of(setup: Setup, identity: Identity) -> Member:
    """Return whose account this is, a new member where somebody joins; the organisation must be entered.

    Raises: Out; ProveFirst.
    """
    linked = _linked(setup, identity)
    if linked is not None:
        return linked
    email = openid.believed_address(identity)
    if not email:
        raise Out("no verified address")
    if mailboxes.domain_of(email) not in setup.domains:
        raise Out("another domain")
    member = _by_address(setup, email)
    if member is None:
        return _join(setup, identity, email)
    if member.left_at is not None:
        raise Out("left")
    raise ProveFirst(member)


def link(member: Member, identity: Identity) -> None:
    """Let an account be this member's from now on, and tell them; again: nothing changes.

    Raises: Conflict where it is another's.
    """
    if _keep(member, identity):
        sign_in_mails.tell(member, "account_linked", identity.issuer)


def linked(member: Member) -> Sequence[LinkedIdentity]:
    """Return the accounts that sign this member in, the newest first."""
    return db.session.scalars(_mine(member).order_by(LinkedIdentity.linked_at.desc())).all()


def unlink(member: Member, identity_id: UUID) -> None:
    """Let one of the member's accounts sign them in no more; brought again, it is linked again. Raises: NotFound."""
    row = db.session.scalar(_mine(member).where(LinkedIdentity.id == identity_id))
    if row is None:
        raise NotFound
    db.session.delete(row)
    audit.did(member, "identity_unlinked", "member", member.id, issuer=row.issuer)
    sign_in_mails.tell(member, "account_unlinked", row.issuer)


def _mine(member: Member) -> Select[LinkedIdentity]:
    mine = (LinkedIdentity.organisation_id == member.organisation_id, LinkedIdentity.member_id == member.id)
    return select(LinkedIdentity).where(*mine)


def _linked(setup: Setup, identity: Identity) -> Member | None:
    statement = select(LinkedIdentity).where(
        LinkedIdentity.organisation_id == setup.organisation_id,
        LinkedIdentity.issuer == identity.issuer,
        LinkedIdentity.subject == identity.subject,
    )
    row = db.session.scalar(statement)
    if row is None:
        return None
    member = members.present(setup.organisation_id, row.member_id)
    if member is None:
        raise Out("left")
    row.used_at = now()
    return member


def _by_address(setup: Setup, email: str) -> Member | None:
    same = (Member.organisation_id == setup.organisation_id, Member.email == email)
    return db.session.scalar(select(Member).where(*same))


def _join(setup: Setup, identity: Identity, email: str) -> Member:
    """Make a new member. Two at once for one address: the second has to prove it, like whoever comes later."""
    organisation = db.session.get_one(Organisation, setup.organisation_id)
    if not members.administrators(organisation.id):  # as during a dispute, where nobody is trusted
        raise Out("nobody is its administrator")
    if mailboxes.domain_of(email) not in openid.proven_domains(organisation):
        raise Out("the domain proves nothing")
    row = {"organisation_id": setup.organisation_id, "id": new_id(), "email": email, "role": setup.role}
    row |= {"name": signup.plain(identity.name) or email.partition("@")[0], "level": ORGANISATION_VERIFIED}
    made = insert(Member).values(row).on_conflict_do_nothing(index_elements=["organisation_id", "email"])
    new = db.session.scalar(made.returning(Member.id))
    member = _by_address(setup, email)
    if member is None or new is None:
        raise Out("asked twice at once")
    events.record(
        setup.organisation_id, "member_joined", subject_id=member.id, member=member, level=member.level, by="issuer"
    )
    _keep(member, identity)
    return member


def _keep(member: Member, identity: Identity) -> bool:
    """Keep whose account it is; return whether that is new. Raises: Conflict where it is another's."""
    key = {"organisation_id": member.organisation_id, "issuer": identity.issuer, "subject": identity.subject}
    row = {**key, "id": new_id(), "member_id": member.id, "linked_at": now()}
    unique = ["organisation_id", "issuer", "subject"]
    made = insert(LinkedIdentity).values(row).on_conflict_do_nothing(index_elements=unique)
    new = db.session.scalar(made.returning(LinkedIdentity.id)) is not None
    if db.session.scalar(select(LinkedIdentity.member_id).filter_by(**key)) != member.id:
        raise Conflict("This account is linked to somebody else.")
    if new:
        audit.did(member, "identity_linked", "member", member.id, issuer=identity.issuer)
    return new
