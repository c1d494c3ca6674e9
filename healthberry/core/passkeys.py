"""Passkeys: keys that stay in a phone, a computer or a security key, and sign what this site alone may ask of them.

A passkey tells the site whose it is (organisation and member, as its user handle), so that nobody types an address.
`challenge` is what it signs, once: the edge makes it, and sees to it that it is not used twice.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from sqlalchemy import Select, select
from webauthn.helpers import base64url_to_bytes, parse_authentication_credential_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from healthberry.core import events, members, scope, second_step, sign_in_mails
from healthberry.core.codes import Refused
from healthberry.core.errors import NotFound
from healthberry.extensions import db, part
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now
from healthberry.models.sign_in import Passkey

MOST = 10
_REFUSED = "That passkey is not known here, or did not answer as it should. Try again, or sign in by e-mail."
_ID_BYTES = 16


def are_possible() -> bool:
    """Say whether this site can have passkeys: they belong to a name, and browsers refuse them for an IP address."""
    try:
        ipaddress.ip_address(_site())
    except ValueError:
        return True
    return False


def of_member(member: Member) -> Sequence[Passkey]:
    """Return the member's passkeys, the oldest first."""
    return db.session.scalars(_mine(member).order_by(Passkey.made_at)).all()


def making(member: Member, organisation: str, challenge: bytes) -> str:
    """Return what a browser needs to make a passkey for this member, as JSON."""
    options = webauthn.generate_registration_options(
        rp_id=_site(),
        rp_name="HealthBerry",
        user_id=member.organisation_id.bytes + member.id.bytes,
        user_name=f"{member.email} ({organisation})",
        user_display_name=f"{member.name} ({organisation})",
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
        exclude_credentials=_known(member),
    )
    return webauthn.options_to_json(options)


def add(member: Member, answer: str, challenge: bytes, name: str) -> Passkey:
    """Keep the public half of a passkey that a browser has made. Raises: Refused."""
    if len(of_member(member)) >= MOST:
        raise Refused(f"You have {MOST} passkeys. Remove one that you do not use.", over=False)
    try:
        made = webauthn.verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=_site(), expected_origin=_origin()
        )
    except Exception as error:  # whatever the reading of foreign bytes may raise
        raise Refused("Your browser did not make a passkey. Try again.", over=False) from error
    row = Passkey(
        organisation_id=member.organisation_id,
        id=new_id(),
        member_id=member.id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=" ".join(name.replace("\x00", "").split())[:60] or "Passkey",
    )
    if db.session.scalar(_by_credential(member.organisation_id, row.credential_id)) is not None:
        raise Refused("This passkey is set up already.", over=False)
    db.session.add(row)
    db.session.flush()
    events.record(member.organisation_id, "second_step_added", subject_id=member.id, member=member, sort="passkey")
    sign_in_mails.tell(member, "passkey_added", row.name)
    return row


def remove(member: Member, passkey_id: UUID) -> None:
    """Forget one of the member's passkeys. Raises: NotFound."""
    row = db.session.scalar(_mine(member).where(Passkey.id == passkey_id))
    if row is None:
        raise NotFound
    db.session.delete(row)
    db.session.flush()
    second_step.removed(member, "passkey", row.name)


def asking(challenge: bytes, member: Member | None = None) -> str:
    """Return what a browser needs to let a passkey sign `challenge`, as JSON; without a member, any of this site's."""
    wanted = UserVerificationRequirement.PREFERRED if member else UserVerificationRequirement.REQUIRED
    options = webauthn.generate_authentication_options(
        rp_id=_site(),
        challenge=challenge,
        allow_credentials=_known(member) if member else None,
        user_verification=wanted,
    )
    return webauthn.options_to_json(options)


def check(answer: str, challenge: bytes, member: Member | None = None) -> Member:
    """Return whose passkey signed `challenge`, inside their organisation. Raises: Refused.

    Without a member it stands for both steps: then it must also have checked who holds it (finger, face or PIN).
    """
    try:
        row, owner = _owner(answer, member)
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=_site(),
            expected_origin=_origin(),
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=member is None,
        )
    except Exception as error:  # whatever the reading of foreign bytes may raise
        raise Refused(_REFUSED, over=False) from error
    row.sign_count, row.used_at = verified.new_sign_count, now()
    return owner


def _owner(answer: str, member: Member | None) -> tuple[Passkey, Member]:
    given = parse_authentication_credential_json(answer)
    if member is None:
        handle = given.response.user_handle or b""
        organisation_id, member_id = UUID(bytes=handle[:_ID_BYTES]), UUID(bytes=handle[_ID_BYTES:])
        scope.enter(organisation_id)
        member = members.find_present(organisation_id, member_id)
    statement = _by_credential(member.organisation_id, base64url_to_bytes(given.id))
    found = db.session.scalars(statement.where(Passkey.member_id == member.id).with_for_update()).one()
    return found, member


def _mine(member: Member) -> Select[Passkey]:
    return select(Passkey).where(Passkey.organisation_id == member.organisation_id, Passkey.member_id == member.id)


def _by_credential(organisation_id: UUID, credential_id: bytes) -> Select[Passkey]:
    return select(Passkey).where(Passkey.organisation_id == organisation_id, Passkey.credential_id == credential_id)


def _known(member: Member) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=one.credential_id) for one in of_member(member)]


def _site() -> str:
    return urlsplit(part("settings").public_url).hostname or ""


def _origin() -> str:
    parts = urlsplit(part("settings").public_url)
    return f"{parts.scheme}://{parts.netloc}"
