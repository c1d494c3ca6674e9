"""Claims to act for an organisation: how each member proved it, until when that counts, and what is next to be done.

A proof counts for a year. Then whoever gave it proves it once more, by any way, or only reads and drafts
(core.claim_times).
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import claim_mails, events
from healthberry.core.errors import Conflict
from healthberry.core.events import Event
from healthberry.extensions import db
from healthberry.models.claims import Claim, Dispute
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member
from healthberry.models.owned import now

# What each way is called, in the middle of a sentence.
WAYS: Final = {
    "domain": "an address at the organisation’s own web domain",
    "administrator": "an administrator’s approval or invitation",
    "mailbox": "a code sent to the contact mailbox that the organisation publishes",
    "dns": "a record in the organisation’s DNS",
    "file": "a file on the organisation’s website",
    "operator": "HealthBerry’s check",
    "earlier": "a check before these were written down",
}
UNPROVEN: Final = "unproven"
REFUSED: Final = "refused"
TERM: Final = timedelta(days=365)
REMINDERS: Final = (timedelta(days=30), timedelta(days=7))


def of_member(member: Member) -> Claim:
    """Return the member's claim; a new one, nobody to be told of it, where there was none."""
    key = (member.organisation_id, member.id)
    found = db.session.get(Claim, key)
    if found is None:
        _insert(member, told_at=now())
        found = db.session.get_one(Claim, key)
    return found


def shown(member: Member) -> Claim:
    """Return the member's claim to be looked at; an empty one, not stored, where there is none."""
    empty: dict[str, Any] = {"id": member.id, "proofs": {}, **dict.fromkeys(("token", "way", "lapsed"), "")}
    return find(member.organisation_id, member.id) or Claim(organisation_id=member.organisation_id, **empty)


def find(organisation_id: UUID, member_id: UUID, *, lock: bool = False) -> Claim | None:
    """Return a claim, to be changed with `lock`; the organisation must be entered."""
    return db.session.get(Claim, (organisation_id, member_id), with_for_update=lock or None, populate_existing=lock)


def of_everybody(member: Member) -> Mapping[UUID, Claim]:
    """Return the claims of the member's organisation, by whose they are."""
    found = db.session.scalars(select(Claim).where(Claim.organisation_id == member.organisation_id))
    return {claim.id: claim for claim in found}


def begin(member: Member) -> Claim:
    """Note that somebody came by themselves: the organisation is to be told. Who came back begins anew."""
    _insert(member, told_at=None)
    claim = db.session.get_one(Claim, (member.organisation_id, member.id), populate_existing=True)
    claim.made_at, claim.told_at, claim.tries = now(), None, 0
    claim.token, claim.way, claim.proofs = _new_token(), "", {}
    claim.raised_at = claim.due_at = claim.mailbox_refused_at = None
    claim.lapsed = ""
    plan(claim, now())
    events.tell(Event(member.organisation_id, 0, "claim_made", subject_id=member.id))
    return claim


def _insert(member: Member, *, told_at: datetime | None) -> None:
    db.session.flush()
    row = {
        "organisation_id": member.organisation_id, "id": member.id, "token": _new_token(), "way": "", "proofs": {},
        "made_at": now(), "lapsed": "", "told_at": told_at, "tries": 0,
    }  # fmt: skip
    db.session.execute(insert(Claim).values(row).on_conflict_do_nothing())


def _new_token() -> str:
    return f"hb-{secrets.token_hex(16)}"


def proved(member: Member, way: str, *, raised: bool) -> None:
    """Note that a way held; it counts for a year from now on. `raised` says that they could not publish before."""
    claim, at = of_member(member), now()
    claim.proofs = {**claim.proofs, way: at.isoformat()}
    if claim.dispute_id is not None:  # kept for whoever decides
        return
    claim.way, claim.due_at, claim.lapsed = way, at + TERM, ""
    claim.raised_at = at if raised or claim.raised_at is None else claim.raised_at
    claim.refused_at = claim.refused_by = claim.mailbox_refused_at = None
    plan(claim, at)


def plan(claim: Claim, at: datetime) -> None:
    """Set when something is next to be done about it: telling of it, a reminder, its end."""
    moments = [] if claim.told_at else [at]
    if claim.due_at is not None:
        moments += [claim.due_at - ahead for ahead in REMINDERS if claim.due_at - ahead > at]
        moments.append(max(claim.due_at, at))
    claim.next_at = min(moments, default=None)


def raised_at(member: Member) -> datetime:
    """Return since when the member may publish."""
    claim = find(member.organisation_id, member.id)
    return claim.raised_at if claim is not None and claim.raised_at is not None else member.created_at


def is_frozen(member: Member) -> bool:
    """Say whether the member waits for the decision of a dispute."""
    return are_frozen(member.organisation_id, member.id)


def are_frozen(organisation_id: UUID, member_id: UUID | None) -> bool:
    """Say so of whoever has this id, or had it."""
    claim = find(organisation_id, member_id) if member_id is not None else None
    return claim is not None and claim.dispute_id is not None


def open_dispute(organisation_id: UUID, *, lock: bool = False) -> Dispute | None:
    """Return the dispute that waits for its decision; the organisation must be entered."""
    statement = select(Dispute).where(Dispute.organisation_id == organisation_id, Dispute.decided_at.is_(None))
    return db.session.scalar(statement.with_for_update() if lock else statement)


def is_due_soon(member: Member) -> bool:
    """Say whether what the member proved counts for less than a month more."""
    claim = find(member.organisation_id, member.id)
    return claim is not None and claim.due_at is not None and claim.due_at - now() < max(REMINDERS)


def settle(dispute: Dispute, decided_for: UUID | None, by: str, reason: str) -> None:
    """Note how a dispute was decided, thaw everybody in it, and tell them; whoever won is raised by the caller."""
    dispute.decided_at, dispute.decided_for = now(), decided_for
    dispute.decided_by, dispute.reason = by, reason
    frozen = select(Claim).where(Claim.organisation_id == dispute.organisation_id, Claim.dispute_id == dispute.id)
    for claim in db.session.scalars(frozen.with_for_update()):
        claim.dispute_id = None
        if claim.id != decided_for:
            claim.way, claim.refused_by = "", None
            claim.raised_at = claim.due_at = None
        plan(claim, now())
    claim_mails.queue(claim_mails.DECIDED, dispute.organisation_id, map(UUID, dispute.parties), str(dispute.id))


def vouch(administrator: Member, other: Member) -> None:
    """Let an administrator say which of those who had proved nothing acts for the organisation: that ends the dispute.

    Raises: Conflict where an administrator is a party to it.
    """
    dispute = open_dispute(other.organisation_id, lock=True)
    if dispute is None or dispute.why != UNPROVEN:
        raise Conflict(f"There is a dispute about {other.name}. HealthBerry decides, and tells you by e-mail.")
    settle(dispute, other.id, administrator.name, "An administrator of the organisation approved them.")
    events.record(
        dispute.organisation_id,
        "dispute_decided",
        subject_id=other.id,
        member=administrator,
        dispute=str(dispute.id),
    )


def is_contested(organisation_id: UUID) -> bool:
    """Say whether an administrator is in dispute: whoever proves it meanwhile does not take their place by that."""
    dispute = open_dispute(organisation_id)
    return dispute is not None and dispute.why == REFUSED


def left(member: Member, by: Member) -> None:
    """Note that the member left, or was removed: then an address at the web domain alone raises them no more."""
    claim = of_member(member)
    claim.next_at = claim.due_at = None
    if by.id != member.id:
        claim.refused_at = now()
        claim.refused_by = by.id if member.level < ORGANISATION_VERIFIED else None
