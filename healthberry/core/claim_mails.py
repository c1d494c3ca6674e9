"""The mails about claims, in the outbox: who is told, once each, and all that such a mail says."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from healthberry.core import events
from healthberry.core.alerts import NotNeeded, fresh
from healthberry.core.events import Event
from healthberry.core.outbox import Claimed
from healthberry.extensions import db, part
from healthberry.models.claims import Claim, Dispute, PublishedMailbox
from healthberry.models.organisations import Member, Organisation
from healthberry.models.owned import new_id, now
from healthberry.models.replies import OutboxMail

JOINED: Final = "joined"  # to administrators: somebody wants to be approved
CLAIM: Final = "claim"  # to the published contact mailbox; its outbox row names the claimant
CLAIM_TOLD: Final = "claim_told"  # to administrators, where no such mailbox is known
REFUSED: Final = "claim_refused"
PROVE_AGAIN: Final = "prove_again"
LAPSED: Final = "proof_lapsed"
DISPUTED: Final = "disputed"
DISPUTE_OPERATOR: Final = "dispute_operator"
DECIDED: Final = "dispute_decided"


@dataclass(frozen=True)
class ClaimMail:
    """All that such a mail says; `facts` are what its template is given, besides addresses of pages."""

    to: str
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def queue(kind: str, organisation_id: UUID, member_ids: Iterable[UUID], about: str) -> None:
    """Put a mail for each of these members into the outbox. A second call with the same cause adds nothing."""
    rows: list[dict[str, Any]] = [
        {
            "organisation_id": organisation_id,
            "id": new_id(),
            "member_id": member_id,
            "conversation_id": None,
            "kind": kind,
            "about": about,
            **fresh(),
        }
        for member_id in member_ids
    ]
    if rows:
        statement = insert(OutboxMail).values(rows).on_conflict_do_nothing().returning(OutboxMail.id)
        for mail_id in db.session.scalars(statement).all():
            events.tell(Event(organisation_id, 0, "mail_queued", subject_id=mail_id))


def load(mail: Claimed) -> ClaimMail:
    """Load what the claimed mail says. Raises: NotNeeded when nobody needs to be told any more."""
    member = db.session.get(Member, (mail.organisation_id, mail.member_id), populate_existing=True)
    if member is None or (member.left_at is not None and mail.kind not in (CLAIM, DECIDED)):
        raise NotNeeded("They have left the organisation.")
    return _LOADERS[mail.kind](mail, member)


def _to(member: Member, **facts: Any) -> ClaimMail:
    return ClaimMail(member.email, member.name, {"organisation": _organisation(member).name, **facts})


def _organisation(member: Member) -> Organisation:
    return db.session.get_one(Organisation, member.organisation_id)


def _person(member: Member) -> dict[str, Any]:
    return {"person": member.name, "email": member.email, "level": member.level}


def _about_claimant(mail: Claimed, member: Member) -> ClaimMail:
    claimant = db.session.get(Member, (mail.organisation_id, UUID(mail.about.partition(":")[0])))
    if claimant is None or claimant.left_at is not None:
        raise NotNeeded("They have left again.")
    return _to(member, **_person(claimant))


def _claim(mail: Claimed, member: Member) -> ClaimMail:
    box = db.session.get(PublishedMailbox, mail.organisation_id)
    if box is None or not box.address:
        raise NotNeeded("No contact mailbox is known.")
    facts = {"organisation": _organisation(member).name, "page": box.page, **_person(member)}
    return ClaimMail(box.address, facts["organisation"], facts)


def _own(mail: Claimed, member: Member) -> ClaimMail:
    return _to(member)


def _prove_again(mail: Claimed, member: Member) -> ClaimMail:
    claim = db.session.get(Claim, (mail.organisation_id, mail.member_id), populate_existing=True)
    # Proven meanwhile: it counts for longer than this mail would say.
    if claim is None or claim.due_at is None or f"{claim.due_at:%Y-%m-%d}" != mail.about.partition(":")[0]:
        raise NotNeeded("They have proved it again.")
    return _to(member, due_at=claim.due_at, days=max((claim.due_at - now()).days, 0))


def _lapsed(mail: Claimed, member: Member) -> ClaimMail:
    claim = db.session.get(Claim, (mail.organisation_id, mail.member_id), populate_existing=True)
    if claim is None or not claim.lapsed:
        raise NotNeeded("They have proved it again.")
    return _to(member, why=claim.lapsed)


def _dispute(mail: Claimed) -> Dispute:
    return db.session.get_one(Dispute, (mail.organisation_id, UUID(mail.about.partition(":")[0])))


def _disputed(mail: Claimed, member: Member) -> ClaimMail:
    dispute = _dispute(mail)
    if dispute.decided_at is not None:
        raise NotNeeded("It has been decided.")
    return _to(member, why=dispute.why)


def _dispute_operator(mail: Claimed, member: Member) -> ClaimMail:
    address, dispute = part("settings").operator_email, _dispute(mail)
    if not address or dispute.decided_at is not None:
        raise NotNeeded("There is nobody to tell." if not address else "It has been decided.")
    return ClaimMail(address, "", {**_to(member).facts, **_person(member), "why": dispute.why})


def _decided(mail: Claimed, member: Member) -> ClaimMail:
    dispute = _dispute(mail)
    return _to(member, won=dispute.decided_for == member.id, nobody=dispute.decided_for is None, reason=dispute.reason)


_LOADERS: Mapping[str, Callable[[Claimed, Member], ClaimMail]] = {
    JOINED: _about_claimant,
    CLAIM: _claim,
    CLAIM_TOLD: _about_claimant,
    REFUSED: _own,
    PROVE_AGAIN: _prove_again,
    LAPSED: _lapsed,
    DISPUTED: _disputed,
    DISPUTE_OPERATOR: _dispute_operator,
    DECIDED: _decided,
}
KINDS: Final = frozenset(_LOADERS)


def of_day(moment: datetime) -> str:
    """Return the day of a moment, as a cause of mails: those of one due date are sent once."""
    return f"{moment:%Y-%m-%d}"
