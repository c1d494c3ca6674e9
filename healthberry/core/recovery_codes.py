"""Ten codes on paper that each stand in for a lost phone once.

120 random bits each: nobody guesses one whose HMAC they have, with the key or without, so that no slow hash is needed
(OWASP ASVS 5.0.0, 6.5.2, from 112 bits on). Codes made before November 2026 have ten signs of another alphabet, some 50
bits; they work until their owner makes new ones.
"""

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
_SIGNS = "0123456789abcdefghjkmnpqrstvwxyz"  # 32, those of Crockford's base 32
_LENGTH, _GROUP = 24, 4
# What is no sign of a code and looks like one; the codes of old had a "u".
_MEANT = str.maketrans("ilou", "110v")


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
    return ["-".join(code[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP)) for code in codes]


def left(member: Member) -> int:
    """Return how many codes the member has not used."""
    mine = (RecoveryCode.organisation_id == member.organisation_id, RecoveryCode.member_id == member.id)
    statement = select(func.count()).select_from(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None))
    return db.session.scalar(statement) or 0


def use(member: Member, typed: str) -> bool:
    """Use up a code, however its letters and groups are typed; say whether it was one. All are compared."""
    mine = (RecoveryCode.organisation_id == member.organisation_id, RecoveryCode.member_id == member.id)
    rows = db.session.scalars(select(RecoveryCode).where(*mine, RecoveryCode.used_at.is_(None)).with_for_update())
    signs = "".join(sign for sign in typed.lower() if sign.isascii() and sign.isalnum())
    given = [_mac(member, one) for one in (signs, signs.translate(_MEANT))]
    right = [row for row in rows.all() if True in [hmac.compare_digest(row.code_hash, one) for one in given]]
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
