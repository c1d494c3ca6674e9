"""Ten codes on paper that each stand in for a lost phone once."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from sqlalchemy import delete, func, select

from healthberry.core import events, sign_in_mails
from healthberry.extensions import db, part
from healthberry.models.organisations import Member
from healthberry.models.owned import new_id, now
from healthberry.models.sign_in import RecoveryCode

MANY = 10
_SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"  # without those that look like others
_LENGTH = 10


def make(member: Member) -> Sequence[str]:
    """Make ten new codes, in place of all others; they are told once, here, and kept as HMACs.

    The member is told that others ceased to work; the first ones come with a second step, of which they are told.
    """
    replaced = forget(member)
    codes = ["".join(secrets.choice(_SIGNS) for _ in range(_LENGTH)) for _ in range(MANY)]
    db.session.add_all(
        RecoveryCode(
            organisation_id=member.organisation_id, id=new_id(), member_id=member.id, code_hash=_mac(member, code)
        )
        for code in codes
    )
    events.record(member.organisation_id, "recovery_codes_made", subject_id=member.id, member=member)
    if replaced:
        sign_in_mails.tell(member, "codes_made")
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def left(member: Member) -> int:
    """Return how many codes the member has not used."""
    mine = (RecoveryCode.organisation_id == member.organisation_id, RecoveryCode.member_id == member.id)
    statement = select(func.count()).select_from(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None))
    return db.session.scalar(statement) or 0


def use(member: Member, typed: str) -> bool:
    """Use up a code; say whether it was one. All are compared, whichever it is."""
    mine = (RecoveryCode.organisation_id == member.organisation_id, RecoveryCode.member_id == member.id)
    rows = db.session.scalars(select(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None)).with_for_update())
    given = _mac(member, "".join(sign for sign in typed.lower() if sign.isascii() and sign.isalnum()))
    right = [row for row in rows.all() if hmac.compare_digest(row.code_hash, given)]
    for row in right:
        row.used_at = now()
        events.record(member.organisation_id, "recovery_code_used", subject_id=member.id, member=member)
        sign_in_mails.tell(member, "code_used")
    return bool(right)


def forget(member: Member) -> bool:
    """Make all codes of the member worthless; say whether there were any, used ones too."""
    mine = (RecoveryCode.organisation_id == member.organisation_id, RecoveryCode.member_id == member.id)
    return bool(db.session.scalars(delete(RecoveryCode).where(*mine).returning(RecoveryCode.id)).all())


def _mac(member: Member, code: str) -> str:
    key = f"{part('settings').secret_key}/recovery-code".encode()
    return hmac.new(key, f"{member.organisation_id}:{member.id}:{code}".encode(), hashlib.sha256).hexdigest()
