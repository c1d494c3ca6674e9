"""What the operator of an installation does by hand, over all organisations, one at a time."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, select, text

from healthberry.core import (
    audit,
    claims,
    disputes,
    events,
    failed_work,
    holds,
    members,
    openid,
    operator_step,
    organisations,
    quarantine,
    scope,
    second_step,
    sign_in_mails,
    suppression,
)
from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member, Organisation

_WAITING = text("SELECT organisation_id, id FROM waiting_members()")


class Verified(NamedTuple):
    """What became of verifying somebody: a sentence for the operator, and who is to be told ("" for nobody)."""

    said: str
    email: str = ""
    organisation: str = ""


def code_of(organisation: Organisation) -> str:
    """Return what the operator calls an organisation by: its ODS code, or the id of one that has none."""
    return organisation.ods_code or str(organisation.id)


def unlisted() -> list[str]:
    """Return one line per organisation that was typed in by hand, and beneath it one per member who can't publish."""
    found = select(Organisation).where(~Organisation.listed).order_by(Organisation.created_at)
    organisations = [
        (one.id, f"{one.id}  {one.created_at:%Y-%m-%d}  {one.name}, {one.town or 'town unknown'} ({one.kind})")
        for one in db.session.scalars(found)
    ]
    lines = []
    for organisation_id, line in organisations:
        scope.enter(organisation_id)
        lines += [line, *(f"    {one.email}  {one.name}" for one in _untrusted(organisation_id))]
    return lines


def _untrusted(organisation_id: UUID) -> Sequence[Member]:
    statement = select(Member).where(
        Member.organisation_id == organisation_id, Member.left_at.is_(None), Member.level < ORGANISATION_VERIFIED
    )
    return db.session.scalars(statement.order_by(Member.created_at)).all()


def waiting() -> list[str]:
    """Return one line per member who asked to be checked, whoever has waited longest first.

    Organisation, ODS code (or id), name, address, since when.
    """
    lines = []
    for organisation_id, member_id in db.session.execute(_WAITING).all():
        scope.enter(organisation_id)
        organisation = db.session.get_one(Organisation, organisation_id)
        member = db.session.get_one(Member, (organisation_id, member_id))
        named = f"{organisation.name}  {code_of(organisation)}  {member.name}  {member.email}"
        lines.append(f"{named}  since {member.check_asked_at:%Y-%m-%d %H:%M} UTC")
    return lines


def reset_second_step(email: str, code: str) -> str:
    """Free a member who lost phone and codes, where no administrator can; return a sentence for the operator."""
    member = _member(email, code)
    if member is None:
        return f"Nobody with the address {email} is a member of {code}."
    second_step.forget(member)
    events.record(member.organisation_id, "member_second_step_reset", subject_id=member.id)
    audit.operated("member_second_step_reset", "", "member", member.id, member.organisation_id)
    sign_in_mails.tell(member, "reset", by="whoever runs this HealthBerry")
    return f"{member.name} signs in by a code to {member.email} alone, and is asked to set up a second step anew."


def _member(email: str, code: str) -> Member | None:
    """Return who has this address in the organisation with this code (or id), inside it; None for nobody."""
    organisation = find_organisation(code)
    if organisation is None:
        return None
    scope.enter(organisation.id)
    mine = (Member.organisation_id == organisation.id, Member.email == email.lower(), Member.left_at.is_(None))
    return db.session.scalar(select(Member).where(*mine))


def find_organisation(code: str) -> Organisation | None:
    """Return the organisation with this ODS code or id; None for none."""
    wanted = [Organisation.ods_code == code.upper()]
    with suppress(ValueError):
        wanted.append(Organisation.id == UUID(code))
    return db.session.scalar(select(Organisation).where(or_(*wanted)))


def verify(email: str, code: str) -> Verified:
    """Let a member publish as an administrator; a second call changes nothing and tells nobody. The caller commits."""
    organisation = find_organisation(code)
    if organisation is None:
        return Verified(f"No organisation with the code {code} has signed up.")
    scope.enter(organisation.id)
    member = db.session.scalar(
        select(Member).where(Member.organisation_id == organisation.id, Member.email == email.lower())
    )
    if member is None or member.left_at is not None:
        return Verified(f"Nobody with the address {email} is a member of {organisation.name}.")
    done = f"{member.name} may now publish for {organisation.name} and invite others."
    is_verified = (member.level, member.role) == (ORGANISATION_VERIFIED, "administrator")
    if organisation.listed and is_verified and not claims.is_due_soon(member):
        return Verified(done)
    disputes.decide_for(member, "")
    members.trust(member, "operator")
    member.role = "administrator"
    organisation.listed = True
    events.record(organisation.id, "member_verified", subject_id=member.id)
    audit.operated("member_verified", "", "member", member.id, organisation.id)
    return Verified(done, member.email, organisation.name)


def quarantined() -> list[str]:
    """Return one line per piece that could not be read: when, ids of piece, organisation and channel, kind, reason."""
    lines = []
    for organisation_id in db.session.scalars(select(Organisation.id).order_by(Organisation.created_at)).all():
        scope.enter(organisation_id)
        lines += [
            f"{one.received_at:%Y-%m-%d %H:%M}  {one.id}  {organisation_id}  {one.channel_id}  {one.kind}  {one.reason}"
            for one in quarantine.of_organisation(organisation_id)
        ]
    return lines


def failed() -> list[str]:
    """Return one line per piece of work that failed the last time, what is stopped first.

    Its id, what it is, of which organisation, with what, how often in a row, the class of the error, the first and the
    last time, and when it is tried next.
    """
    return [
        f"{one.id}  {one.kind}  {one.organisation_id}  {one.subject_id}  {one.failures} times  {one.reason}"
        f"  {one.first_at:%Y-%m-%d %H:%M} to {one.last_at:%Y-%m-%d %H:%M} UTC"
        f"  {'stopped' if one.stopped_at else f'next at {one.next_at:%H:%M:%S}'}"
        for one in failed_work.listed()
    ]


@dataclass(frozen=True)
class Rotation:
    """What sealing anew came to: how many channels were sealed, and the ids of those that no key opens.

    `keyless` are organisations whose key of what was erased does not open either: their pages are not stored.
    """

    sealed: int
    unopened: Sequence[UUID]
    keyless: Sequence[UUID] = ()


def rotate_secrets() -> Rotation:
    """Seal every channel's secrets with the newest key, organisation by organisation; those that no key opens stay."""
    vault: Vault = part("vault")
    rotated, unopened, keyless = 0, [], []
    for organisation_id in db.session.scalars(select(Organisation.id)).all():
        scope.enter(organisation_id)
        sealed = select(Channel).where(Channel.organisation_id == organisation_id, Channel.sealed_secrets.is_not(None))
        for channel in db.session.scalars(sealed.with_for_update(key_share=True)):
            try:
                channel.sealed_secrets = vault.rotate(channel.sealed_secrets or b"")
            except VaultError:
                unopened.append(channel.id)
            else:
                rotated += 1
        try:
            suppression.rotate(organisations.details_of(organisation_id))
            holds.rotate(organisation_id)
            openid.rotate(organisation_id)
        except VaultError:
            keyless.append(organisation_id)
        second_step.rotate(organisation_id)
        db.session.flush()
    operator_step.rotate()
    audit.operated("secrets_rotated", "", sealed=rotated, unopened=len(unopened), keyless=len(keyless))
    return Rotation(rotated, unopened, tuple(keyless))
