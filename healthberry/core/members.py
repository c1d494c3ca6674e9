"""Members: who belongs to an organisation, at which level of trust, and who may change that."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, select, text

from healthberry.core import audit, claim_mails, claims, events, mailboxes
from healthberry.core.errors import Conflict, NotAllowed, NotFound
from healthberry.core.permissions import may, require
from healthberry.extensions import db
from healthberry.models.organisations import MAILBOX_VERIFIED, ORGANISATION_VERIFIED, Member, Organisation
from healthberry.models.owned import new_id, now

_MEMBERSHIPS = text("SELECT organisation_id, member_id, organisation_name FROM memberships_of(:email)")


class Membership(NamedTuple):
    """One organisation that an e-mail address belongs to."""

    organisation_id: UUID
    member_id: UUID
    organisation_name: str


def memberships_of(email: str) -> list[Membership]:
    """Return the organisations that this address belongs to now, by name; needs no organisation entered."""
    return [Membership(*row) for row in db.session.execute(_MEMBERSHIPS, {"email": email})]


def present(organisation_id: UUID, member_id: UUID) -> Member | None:
    """Return the member unless they left; the organisation must be entered."""
    found = db.session.get(Member, (organisation_id, member_id))
    return found if found is not None and found.left_at is None else None


def find_present(organisation_id: UUID, member_id: UUID) -> Member:
    """Return the member; the organisation must be entered. Raises: NotFound when they left."""
    found = present(organisation_id, member_id)
    if found is None:
        raise NotFound
    return found


def organisation_of(member: Member) -> Organisation:
    """Return the member's organisation."""
    return db.session.get_one(Organisation, member.organisation_id)


def everybody(member: Member) -> Sequence[Member]:
    """Return the people of the organisation, those who wait for approval first. Raises: NotAllowed."""
    require(member, "see_colleagues")
    statement = those_of(member.organisation_id).order_by(
        Member.level, Member.approval_asked_at.asc().nulls_last(), Member.name
    )
    return db.session.scalars(statement).all()


def administrators(organisation_id: UUID) -> Sequence[Member]:
    """Return who may approve others; the organisation must be entered."""
    statement = those_of(organisation_id).where(Member.level == ORGANISATION_VERIFIED, Member.role == "administrator")
    return db.session.scalars(statement.order_by(Member.created_at)).all()


def ask_approval(member: Member) -> bool:
    """Note that a member asks to be approved (for another year); return whether to tell administrators (once a day)."""
    if not _wants_proof(member):
        return False
    recently = member.approval_asked_at is not None and now() - member.approval_asked_at < timedelta(days=1)
    if not recently:
        member.approval_asked_at = now()
        events.record(member.organisation_id, "approval_asked", subject_id=member.id, member=member)
    return not recently


def ask_check(member: Member) -> bool:
    """Note that a member asks the operator to check for whom they act (still); return whether that is new.

    It is noted once: the operator's list keeps it until they are trusted or leave.
    """
    if not _wants_proof(member) or member.check_asked_at is not None:
        return False
    member.check_asked_at = now()
    events.record(member.organisation_id, "check_asked", subject_id=member.id, member=member)
    return True


def approve(member: Member, other_id: UUID) -> Member:
    """Let somebody publish for a year; for whoever may already, it begins anew in its last month. Not for oneself.

    Raises: NotAllowed, NotFound, Conflict for whoever the operator decides about.
    """
    require(member, "manage")
    other = find_colleague(member, other_id)
    if other.level >= ORGANISATION_VERIFIED and not (other.id != member.id and claims.is_due_soon(other)):
        return other
    if claims.is_frozen(other):
        claims.vouch(member, other)
    trust(other, "administrator")
    events.record(member.organisation_id, "member_approved", subject_id=other.id, member=member)
    return other


def refuse(member: Member, other_id: UUID) -> Member:
    """Say that somebody who signed up does not act for the organisation; again: nothing changes.

    They go on reading what the public can read, and may object (core.disputes).
    Raises: NotAllowed, NotFound, Conflict for whoever was approved.
    """
    require(member, "manage")
    other = find_colleague(member, other_id)
    if other.level >= ORGANISATION_VERIFIED:
        raise Conflict("They have been approved. Remove them instead.")
    claim = claims.of_member(other)
    if claim.refused_by is None:
        claim.refused_at, claim.refused_by = now(), member.id
        other.approval_asked_at = None
        claim_mails.queue(claim_mails.REFUSED, member.organisation_id, [other.id], f"{other.id}:{now():%Y%m%d%H%M%S}")
        events.record(member.organisation_id, "member_refused", subject_id=other.id, member=member)
    return other


def add(organisation_id: UUID, email: str, name: str, role: str, inviter: Member) -> Member:
    """Make an invited mailbox a level-2 member; one who is there already is approved. Raises: NotAllowed.

    The organisation must be entered. An invitation is worth what its inviter may still do when it is accepted.
    """
    require(inviter, "manage")
    statement = select(Member).where(Member.organisation_id == organisation_id, Member.email == email)
    member = db.session.scalar(statement.with_for_update(key_share=True))
    if member is None:
        member = Member(organisation_id=organisation_id, id=new_id(), email=email, name=name, role=role)
        db.session.add(member)
    elif member.left_at is not None:
        come_back(member)
        member.role = role
    elif member.level < ORGANISATION_VERIFIED:
        member.role = role
    if claims.is_frozen(member):
        raise NotAllowed("HealthBerry decides about you first, for there is a dispute.")
    trust(member, "administrator")
    events.record(organisation_id, "member_joined", subject_id=member.id, member=member, level=member.level)
    return member


def trust(member: Member, way: str) -> bool:
    """Raise a member to level 2 for a year, by one of `claims.WAYS`; return whether they are there now.

    The first one of an organisation becomes its administrator, but not while its administrator is in dispute. Of a
    member whose own claim is, the proof is kept for whoever decides.
    """
    raised = (member.level or MAILBOX_VERIFIED) < ORGANISATION_VERIFIED
    member.level = member.level or MAILBOX_VERIFIED
    db.session.flush()
    claims.proved(member, way, raised=raised)
    if claims.is_frozen(member):
        return False
    member.level = ORGANISATION_VERIFIED
    member.approval_asked_at = member.check_asked_at = None
    if not administrators(member.organisation_id) and not claims.is_contested(member.organisation_id):
        member.role = "administrator"
    db.session.flush()
    return True


def come_back(member: Member) -> None:
    """Let somebody who left in again, with a mailbox's trust alone, whatever they had before.

    A claim of theirs that was in dispute stays so.
    """
    member.left_at = None
    member.level, member.role = MAILBOX_VERIFIED, "responder"
    member.session_key = new_id()
    db.session.flush()


def is_alone(member: Member) -> bool:
    """Say whether nobody else belongs to the organisation."""
    return db.session.scalar(those_of(member.organisation_id).where(Member.id != member.id).limit(1)) is None


def sign_out_everywhere(member: Member) -> None:
    """Make every session of the member worthless, this one too."""
    member.session_key = new_id()
    audit.did(member, "signed_out_everywhere", "member", member.id)
    events.record(member.organisation_id, "member_signed_out", subject_id=member.id)


def next_step(member: Member) -> str:
    """Say what would let a level-1 member publish, "" for others.

    "dispute": the operator's decision; "prove": once more what they proved before; else whom they may ask, see `asks`.
    """
    if member.level >= ORGANISATION_VERIFIED:
        return ""
    claim = claims.shown(member)
    if claim.dispute_id is not None:
        return "dispute"
    return "prove" if claim.lapsed else asks(member)


def asks(member: Member) -> str:
    """Say whom a member may ask to let them publish (for another year), "" for nobody.

    "ask" an administrator; "domain": an address at the organisation's own web domain, or the operator's check;
    "operator": that check alone, for there is nobody to ask and no domain (the register has none for most practices,
    pharmacies, hospices and care homes).
    """
    if claims.is_frozen(member) or not _wants_proof(member):
        return ""
    if any(one.id != member.id for one in administrators(member.organisation_id)):
        return "ask"
    organisation = organisation_of(member)
    return "domain" if organisation.listed and mailboxes.may_prove(organisation.web_domain) else "operator"


def _wants_proof(member: Member) -> bool:
    return member.level < ORGANISATION_VERIFIED or claims.is_due_soon(member)


def those_of(organisation_id: UUID) -> Select[Member]:
    """Return the statement that selects who belongs to an organisation now."""
    return select(Member).where(Member.organisation_id == organisation_id, Member.left_at.is_(None))


def colleague(member: Member, other_id: UUID) -> Member:
    """Return a colleague of an administrator, to be changed. Raises: NotAllowed, NotFound."""
    require(member, "manage")
    return find_colleague(member, other_id)


def find_colleague(member: Member, other_id: UUID) -> Member:
    """Return somebody of the member's organisation, held to be changed. Raises: NotFound, also for the unseen."""
    statement = those_of(member.organisation_id).where(Member.id == other_id)
    found = db.session.scalar(statement.with_for_update(key_share=True))
    if found is None or not (may(member, "see_colleagues") or found.id == member.id):
        raise NotFound
    return found
