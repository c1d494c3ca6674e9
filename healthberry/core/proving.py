"""Proving that one acts for one's organisation: which ways there are for a member, and what each of them showed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from healthberry.core import channels, claims, disputes, events, mailboxes, members, published
from healthberry.core.errors import Conflict, Invalid, NotFound
from healthberry.models.channels import Channel
from healthberry.models.claims import Claim, PublishedMailbox
from healthberry.models.organisations import ORGANISATION_VERIFIED, EmailCode, Member, Organisation

# What codes for these ways are made for; each is typed in by the member who asked for it.
ADDRESS_CODE: Final = "prove_address"
MAILBOX_CODE: Final = "prove_mailbox"
_WAY_OF: Final = {ADDRESS_CODE: "domain", MAILBOX_CODE: "mailbox"}
_RECORD: Final = "healthberry-verification="


@dataclass(frozen=True)
class Standing:
    """All that the page about proving shows to a member.

    `domain` is the web domain that speaks for the organisation, "" for none; `own_address` says whether the member's
    address is at it, and may prove it. `box` is the published mailbox, None before anybody looked for it.
    """

    organisation: Organisation
    claim: Claim
    domain: str
    own_address: bool
    box: PublishedMailbox | None
    record: str
    asks: str
    frozen_why: str
    may_object: bool
    proofs: Sequence[tuple[str, datetime]]

    @property
    def ends_at(self) -> datetime | None:
        """Until when what was proved counts."""
        return self.claim.due_at


def standing(member: Member) -> Standing:
    """Return how the member stands; changes nothing."""
    organisation, claim = members.organisation_of(member), claims.shown(member)
    dispute = claims.open_dispute(member.organisation_id) if claim.dispute_id else None
    proofs = [(claims.WAYS[way], datetime.fromisoformat(at)) for way, at in claim.proofs.items() if way in claims.WAYS]
    return Standing(
        organisation,
        claim,
        published.domain_of(organisation),
        _own_address(member, organisation, claim),
        published.mailbox_of(organisation.id),
        _RECORD + claim.token if claim.token else "",
        members.asks(member),
        dispute.why if dispute else "",
        disputes.may_object(member),
        proofs,
    )


def _own_address(member: Member, organisation: Organisation, claim: Claim) -> bool:
    at_domain = organisation.listed and mailboxes.proves(member.email, organisation.web_domain)
    return at_domain and claim.refused_at is None


def own_mailbox(member: Member) -> str:
    """Return the member's address, to send a code to. Raises: Conflict where it says nothing of the organisation."""
    if not _own_address(member, members.organisation_of(member), claims.of_member(member)):
        raise Conflict("Your address does not show that you act for this organisation. Choose another way.")
    return member.email


def web_domain(member: Member) -> str:
    """Return the domain to look at. Raises: Conflict where the register has none that speaks for the organisation."""
    domain = published.domain_of(members.organisation_of(member))
    if not domain:
        raise Conflict("The register has no web domain of this organisation. Choose another way.")
    return domain


def subject_of(member: Member) -> str:
    """Return what a code for proving is about: it is worth nothing to anybody else."""
    return f"{member.organisation_id}:{member.id}"


def check_code(member: Member, code: EmailCode) -> bool:
    """Take a right code as the proof that it was asked for; return whether the member may publish now.

    Raises: NotFound for a code that is somebody else's, or for something else; Conflict.
    """
    if code.purpose not in _WAY_OF or code.subject != subject_of(member):
        raise NotFound
    # Between asking and typing an administrator may have removed or refused them, and the mailbox may be another one.
    box = published.mailbox_of(member.organisation_id)
    expected = own_mailbox(member) if code.purpose == ADDRESS_CODE else (box.address if box else "")
    if code.email != expected:
        raise Conflict("This mailbox is no longer the one to ask. Start again.")
    return take(member, _WAY_OF[code.purpose])


def seen(member: Member, way: str, lines: Sequence[str]) -> bool:
    """Compare what a file or DNS holds with what it has to hold; return whether the member may publish now.

    Raises: Invalid (`way`) where it is not there.
    """
    if _RECORD + claims.of_member(member).token not in lines:
        where = "record" if way == "dns" else "file"
        what = "holds something else" if lines else "is not there yet"
        raise Invalid(f"The {where} {what}. It can take an hour until a change is seen everywhere.", way)
    return take(member, way)


def take(member: Member, way: str) -> bool:
    """Note a way that held; return whether the member may publish now: not where a dispute is to be decided first."""
    raised = member.level < ORGANISATION_VERIFIED
    may_publish = members.trust(member, way)
    events.record(member.organisation_id, "member_proved", subject_id=member.id, member=member, way=way, raised=raised)
    return may_publish


def is_mine(code: EmailCode | None, member: Member) -> bool:
    """Say whether this code was asked for by this member, for one of these ways."""
    return code is not None and code.purpose in _WAY_OF and code.subject == subject_of(member)


def owned_channels(member: Member) -> list[Channel]:
    """Return the channels whose owner signed in there, which is the highest proof of all: for these alone."""
    return [one for one in channels.channels_of(member) if channels.is_owners(one)]
