"""What the operator of an installation does by hand, over all organisations, one at a time."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select

from healthberry.core import events, quarantine, scope
from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import db, part
from healthberry.models.channels import Channel
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member, Organisation


def unlisted() -> list[str]:
    """Return one line per organisation that was typed in by hand."""
    found = db.session.scalars(select(Organisation).where(~Organisation.listed).order_by(Organisation.created_at))
    return [
        f"{one.id}  {one.created_at:%Y-%m-%d}  {one.name}, {one.town or 'town unknown'} ({one.kind})" for one in found
    ]


def verify(email: str, code: str) -> str:
    """Let a member publish; say what was done or what is not there. The caller commits."""
    wanted = [Organisation.ods_code == code.upper()]
    with suppress(ValueError):
        wanted.append(Organisation.id == UUID(code))
    organisation = db.session.scalar(select(Organisation).where(or_(*wanted)))
    if organisation is None:
        return f"No organisation with the code {code} has signed up."
    scope.enter(organisation.id)
    member = db.session.scalar(
        select(Member).where(Member.organisation_id == organisation.id, Member.email == email.lower())
    )
    if member is None or member.left_at is not None:
        return f"Nobody with the address {email} is a member of {organisation.name}."
    member.level, member.role, member.approval_asked_at = ORGANISATION_VERIFIED, "administrator", None
    organisation.listed = True
    events.record(organisation.id, "member_verified", subject_id=member.id)
    return f"{member.name} may now publish for {organisation.name} and invite others."


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


@dataclass(frozen=True)
class Rotation:
    """What sealing anew came to: how many channels were sealed, and the ids of those that no key opens."""

    sealed: int
    unopened: Sequence[UUID]


def rotate_secrets() -> Rotation:
    """Seal every channel's secrets with the newest key, organisation by organisation; those that no key opens stay."""
    vault: Vault = part("vault")
    rotated, unopened = 0, []
    for organisation_id in db.session.scalars(select(Organisation.id)).all():
        scope.enter(organisation_id)
        sealed = select(Channel).where(Channel.organisation_id == organisation_id, Channel.sealed_secrets.is_not(None))
        for channel in db.session.scalars(sealed.with_for_update()):
            try:
                channel.sealed_secrets = vault.rotate(channel.sealed_secrets or b"")
            except VaultError:
                unopened.append(channel.id)
            else:
                rotated += 1
        db.session.flush()
    return Rotation(rotated, unopened)
