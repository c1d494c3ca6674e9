"""Disputes: several people say that they act for an organisation, and the first one is not its owner for being first.

Those in it are at level 1 from that moment, whatever they were, and nothing but the operator's decision raises them.
Where nobody had proved anything, an administrator who comes later, and has, may say which of them it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select, exists, select, text

from healthberry.core import audit, claim_mails, claims, events, members, scope
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.extensions import db
from healthberry.models.claims import Claim, Dispute
from healthberry.models.organisations import MAILBOX_VERIFIED, ORGANISATION_VERIFIED, Member, Organisation
from healthberry.models.owned import new_id, now

LONGEST_REASON: Final = 1000
NOBODY: Final = "nobody"
_SETTLED: Final = timedelta(days=365)
_BY_AGE = text("SELECT organisation_id, id FROM disputes_by_age(:decided, :most)")
_MOST_SHOWN: Final = 50


@dataclass(frozen=True)
class Party:
    """Somebody in a dispute, and what they proved: ways in words, with the day."""

    member: Member
    proofs: Sequence[tuple[str, str]]
    asked_first: bool


@dataclass(frozen=True)
class Shown:
    """A dispute as the operator sees it."""

    dispute: Dispute
    organisation: Organisation
    parties: Sequence[Party]


def open_unproven(member: Member) -> Dispute | None:
    """Freeze whoever signed up beside others who have proved nothing either; return the dispute, None for none.

    There is none where somebody of the organisation has proved it, also if that has run out since.
    """
    _hold(member.organisation_id)
    others = db.session.scalars(_others(member)).all()
    if not others or _has_proved(member.organisation_id):
        return None
    dispute = claims.open_dispute(member.organisation_id, lock=True)
    if dispute is not None and dispute.why != claims.UNPROVEN:
        return None
    if dispute is None:
        return _open(claims.UNPROVEN, member, [*others, member])
    dispute.parties = [*dispute.parties, str(member.id)]
    _freeze(dispute, member)
    _tell(dispute, member)
    return dispute


def may_object(member: Member) -> bool:
    """Say whether an administrator refused this member, and nobody has decided about that yet."""
    claim = claims.find(member.organisation_id, member.id)
    refused = claim is not None and claim.refused_by is not None and claim.dispute_id is None
    return refused and member.level < ORGANISATION_VERIFIED and not _was_decided(member)


def object_to(member: Member) -> Dispute:
    """Open a dispute about an administrator's refusal: both are frozen until the operator decides.

    For whom the operator decided within a year stays as they are: who objects over and over can't stop their work.
    Raises: Conflict where nothing was refused, it was decided already, or another dispute is open.
    """
    _hold(member.organisation_id)
    if not may_object(member):
        raise Conflict("There is nothing that you could object to.")
    if claims.open_dispute(member.organisation_id) is not None:
        raise Conflict("There is another dispute in your organisation. You can object once it has been decided.")
    claim = claims.of_member(member)
    refuser = members.present(member.organisation_id, claim.refused_by) if claim.refused_by else None
    parties = [one for one in (refuser,) if one is not None and not _was_decided_for(one)]
    return _open(claims.REFUSED, member, [*parties, member])


def decide(dispute_id: UUID, organisation_id: UUID, wanted: str, reason: str, operator: str) -> Dispute:
    """Decide for one of the parties (their id), or for "nobody"; the operator's reason is told to all of them.

    Enters the organisation. Raises: NotFound, Conflict where it was decided already, Invalid (winner, reason).
    """
    scope.enter(organisation_id)
    dispute = db.session.get(Dispute, (organisation_id, dispute_id), with_for_update=True, populate_existing=True)
    if dispute is None:
        raise NotFound
    if dispute.decided_at is not None:
        raise Conflict("This was decided already.")
    winner = _winner(dispute, wanted)
    reason = " ".join(reason.replace("\x00", " ").split())
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Invalid(f"Say why, in {LONGEST_REASON} characters or fewer", "reason")
    _settle(dispute, winner, operator, reason)
    return dispute


def decide_for(member: Member, operator: str) -> None:
    """End the dispute that the member is in, if any, in their favour: the operator checked them by other means."""
    dispute = claims.open_dispute(member.organisation_id, lock=True)
    if dispute is not None and str(member.id) in dispute.parties:
        _settle(dispute, member, operator, "HealthBerry checked them.")


def waiting_count() -> int:
    """Return how many wait for the operator, up to 50."""
    return len(db.session.execute(_BY_AGE, {"decided": False, "most": _MOST_SHOWN}).all())


def listed(*, decided: bool = False) -> list[Shown]:
    """Return the disputes of all organisations: those that wait, the oldest first, or the last that were decided.

    Leaves the session in one of the organisations; what is returned belongs to no session any more.
    """
    shown = []
    for organisation_id, dispute_id in db.session.execute(_BY_AGE, {"decided": decided, "most": _MOST_SHOWN}).all():
        scope.enter(organisation_id)
        shown.append(_shown(db.session.get_one(Dispute, (organisation_id, dispute_id))))
        db.session.expunge_all()
    return shown


def _shown(dispute: Dispute) -> Shown:
    parties = []
    for number, one in enumerate(dispute.parties):
        member = db.session.get(Member, (dispute.organisation_id, UUID(one)))
        claim = claims.find(dispute.organisation_id, UUID(one))
        if member is not None:
            proofs = [(claims.WAYS[way], moment[:10]) for way, moment in (claim.proofs if claim else {}).items()]
            parties.append(Party(member, proofs, number == 0))
    return Shown(dispute, db.session.get_one(Organisation, dispute.organisation_id), parties)


def _open(why: str, claimant: Member, parties: Sequence[Member]) -> Dispute:
    dispute = Dispute(
        organisation_id=claimant.organisation_id, id=new_id(), why=why, parties=[str(one.id) for one in parties]
    )
    db.session.add(dispute)
    db.session.flush()
    for one in parties:
        _freeze(dispute, one)
    _tell(dispute, claimant)
    return dispute


def _freeze(dispute: Dispute, member: Member) -> None:
    claim = claims.of_member(member)
    claim.dispute_id, claim.due_at = dispute.id, None
    claims.plan(claim, now())
    member.level = MAILBOX_VERIFIED
    db.session.flush()


def _tell(dispute: Dispute, claimant: Member) -> None:
    organisation_id = dispute.organisation_id
    claim_mails.queue(claim_mails.DISPUTED, organisation_id, map(UUID, dispute.parties), str(dispute.id))
    claim_mails.queue(claim_mails.DISPUTE_OPERATOR, organisation_id, [claimant.id], str(dispute.id))
    # Open pages of everybody in it hear of it by this, and have nothing of level 2 from then on.
    events.record(
        organisation_id,
        "member_disputed",
        subject_id=claimant.id,
        member=claimant,
        why=dispute.why,
        dispute=str(dispute.id),
        parties=list(dispute.parties),
    )


def _settle(dispute: Dispute, winner: Member | None, operator: str, reason: str) -> None:
    losers = [one for one in _present(dispute) if winner is None or one.id != winner.id]
    claims.settle(dispute, winner.id if winner else None, operator or "Command line", reason)
    for one in losers:
        one.role = "responder"
        claims.of_member(one).refused_at = now()
    if winner is not None:
        members.trust(winner, "operator")
        winner.role = "administrator"
    db.session.flush()
    events.record(dispute.organisation_id, "member_dispute_over", subject_id=winner.id if winner else None)
    about = ("member", winner.id if winner else "")
    # The reason stays where it can be erased.
    audit.operated("dispute_decided", operator, *about, dispute.organisation_id, dispute=str(dispute.id))


def _winner(dispute: Dispute, wanted: str) -> Member | None:
    if wanted == NOBODY:
        return None
    found = next((one for one in _present(dispute) if str(one.id) == wanted), None)
    if found is None:
        raise Invalid("Choose for whom you decide", "winner")
    return found


def _present(dispute: Dispute) -> list[Member]:
    found = (members.present(dispute.organisation_id, UUID(one)) for one in dispute.parties)
    return [one for one in found if one is not None]


def _hold(organisation_id: UUID) -> None:
    """Let nobody else open a dispute there meanwhile."""
    db.session.get_one(Organisation, organisation_id, with_for_update={"key_share": True})


def _others(member: Member) -> Select[Member]:
    return (
        select(Member)
        .where(Member.organisation_id == member.organisation_id, Member.left_at.is_(None), Member.id != member.id)
        .order_by(Member.created_at, Member.id)
    )


def _has_proved(organisation_id: UUID) -> bool:
    """Say whether anybody who is there has ever proved it."""
    here = (Member.organisation_id == organisation_id, Member.left_at.is_(None))
    ever = exists().where(Claim.organisation_id == organisation_id, Claim.id == Member.id, Claim.way != "")
    found = select(Member.id).where(*here, (Member.level >= ORGANISATION_VERIFIED) | ever)
    return db.session.scalar(found.limit(1)) is not None


def _was_decided(member: Member) -> bool:
    mine = (Dispute.organisation_id == member.organisation_id, Dispute.decided_at.is_not(None))
    statement = select(Dispute.id).where(*mine, Dispute.parties.contains([str(member.id)]))
    return db.session.scalar(statement.limit(1)) is not None


def _was_decided_for(member: Member) -> bool:
    statement = select(Dispute.id).where(
        Dispute.organisation_id == member.organisation_id,
        Dispute.decided_for == member.id,
        Dispute.decided_at > now() - _SETTLED,
    )
    return db.session.scalar(statement.limit(1)) is not None
