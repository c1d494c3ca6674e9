"""What is due about a claim: the organisation is told of it, its proof is to be renewed, or has run out.

The sweep finds claims by `next_at`. `clock` stands for the present in tests.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from healthberry.core import claim_mails, claims, events, members, published
from healthberry.extensions import db
from healthberry.models.claims import Claim
from healthberry.models.organisations import MAILBOX_VERIFIED, ORGANISATION_VERIFIED, Member, Organisation
from healthberry.models.owned import now

MOST_TRIES: Final = 5
_TRY_AGAIN: Final = timedelta(hours=1)
_REFUSED_FOR: Final = timedelta(days=1)  # a mail server that is set up wrongly refuses everybody, for hours


def website_to_look_at(organisation_id: UUID, member_id: UUID) -> str:
    """Return the web domain on which a contact mailbox is to be looked for before this claim is told, "" for none.

    Puts the claim an hour ahead: should the look end with its worker, another one begins then. Commit before looking.
    """
    claim = claims.find(organisation_id, member_id, lock=True)
    if claim is None or claim.told_at is not None or claim.tries >= MOST_TRIES:
        return ""
    domain = published.domain_of(db.session.get_one(Organisation, organisation_id))
    if not domain or not published.look_is_due(organisation_id):
        return ""
    claim.tries, claim.next_at = claim.tries + 1, now() + _TRY_AGAIN
    return domain


def attend(organisation_id: UUID, member_id: UUID, *, clock: datetime | None = None) -> None:
    """Do what is due about this claim, and say when something is next; a second call changes nothing."""
    at = clock or now()
    claim = claims.find(organisation_id, member_id, lock=True)
    member = members.present(organisation_id, member_id)
    if claim is None or claim.next_at is None:
        return
    if member is None:
        claim.next_at = None
        return
    if claim.told_at is None:
        _tell(claim, member, at)
    if claim.due_at is not None and claim.due_at <= at:
        lapse(member, "year")
    elif claim.due_at is not None:
        _remind(claim, at)
    claims.plan(claim, at)
    if claim.due_at is None and claim.told_at is not None:
        claim.next_at = None


def lapse(member: Member, why: str) -> None:
    """Take a member back to level 1: their proof ran out ("year"), or their mailbox is gone ("mailbox"). They are told.

    Their role stays for when they prove it again.
    """
    claim = claims.of_member(member)
    if member.level < ORGANISATION_VERIFIED:
        claim.due_at = None
        return
    claim_mails.queue(
        claim_mails.LAPSED, member.organisation_id, [member.id], claim_mails.of_day(claim.due_at or now())
    )
    claim.lapsed, claim.due_at = why, None
    claims.plan(claim, now())
    member.level = MAILBOX_VERIFIED
    db.session.flush()
    # As an event it reaches open pages; the log names the member that it happened to.
    events.record(member.organisation_id, "member_lapsed", subject_id=member.id, why=why)


def mailbox_answered(organisation_id: UUID, member_id: UUID, *, refused: bool, clock: datetime | None = None) -> None:
    """Note what the mail server said of a member's mailbox: one that is refused for good for a day is gone."""
    at = clock or now()
    claim = claims.find(organisation_id, member_id)
    if claim is None or (not refused and claim.mailbox_refused_at is None):
        return
    if not refused:
        claim.mailbox_refused_at = None
    elif claim.mailbox_refused_at is None:
        claim.mailbox_refused_at = at
    elif at - claim.mailbox_refused_at >= _REFUSED_FOR:
        member = members.present(organisation_id, member_id)
        if member is not None:
            lapse(member, "mailbox")


def _tell(claim: Claim, member: Member, at: datetime) -> None:
    """Tell the published mailbox; where none is known, the administrators, who know of level-1 claims already."""
    box = published.mailbox_of(member.organisation_id)
    about = cause_of(claim)
    if box is not None and box.address:
        claim_mails.queue(claim_mails.CLAIM, member.organisation_id, [member.id], about)
    elif member.level >= ORGANISATION_VERIFIED:
        told = [one.id for one in members.administrators(member.organisation_id) if one.id != member.id]
        claim_mails.queue(claim_mails.CLAIM_TOLD, member.organisation_id, told, about)
    claim.told_at = at


def cause_of(claim: Claim) -> str:
    """Return the claim as a cause of mails: whoever leaves and comes back claims anew."""
    return f"{claim.id}:{claim.made_at.timestamp():.0f}"


def _remind(claim: Claim, at: datetime) -> None:
    due_at = claim.due_at or at
    passed = [ahead for ahead in claims.REMINDERS if due_at - ahead <= at]
    if passed:
        about = f"{claim_mails.of_day(due_at)}:{min(passed).days}"
        claim_mails.queue(claim_mails.PROVE_AGAIN, claim.organisation_id, [claim.id], about)
