"""The second step of signing in: six digits from an app, or one of ten recovery codes; and who may not be without.

Every try is counted, whatever it is a try of: after five wrong ones in a row nothing is looked at for a quarter of an
hour. An app's digits work once: a second use is refused like digits that are wrong.
"""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import events, members, organisations, recovery_codes
from healthberry.core.codes import Refused, TooMany
from healthberry.core.errors import Conflict
from healthberry.core.permissions import require
from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import db, part
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member
from healthberry.models.owned import now
from healthberry.models.sign_in import Passkey, SecondStep

GRACE = timedelta(days=7)
NEEDED_BY = frozenset({"administrator", "approver"})
MOST_TRIES = 5
_PAUSE = timedelta(minutes=15)
_STEP_SECONDS = 30
_DIGITS = 6


def has_one() -> ColumnElement[bool]:
    """Return the condition that the `Member` of a query has an app or a passkey."""
    app = exists().where(
        SecondStep.organisation_id == Member.organisation_id,
        SecondStep.id == Member.id,
        SecondStep.confirmed_at.is_not(None),
    )
    return app | exists().where(Passkey.organisation_id == Member.organisation_id, Passkey.member_id == Member.id)


def is_set_up(member: Member) -> bool:
    """Say whether the member has an app or a passkey."""
    mine = (Member.organisation_id == member.organisation_id, Member.id == member.id)
    return bool(db.session.scalar(select(has_one()).select_from(Member).where(*mine)))


def due_at(member: Member, wanted_since: datetime | None) -> datetime | None:
    """Return from when on the member may not be without a second step; None for whoever may.

    `wanted_since` is since when the organisation wants one from everybody, None where it does not.
    """
    begins = []
    if member.role in NEEDED_BY and member.level == ORGANISATION_VERIFIED:
        begins.append(member.role_since)
    if wanted_since is not None:
        begins.append(max(wanted_since, member.created_at))
    return min(begins) + GRACE if begins else None


def want_from_everybody(member: Member, wanted: bool) -> None:
    """Decide whether everybody in the organisation needs a second step; again: the grace does not begin anew.

    Raises: NotAllowed.
    """
    require(member, "manage")
    if wanted != (organisations.details_of(member.organisation_id).second_step_since is not None):
        organisations.keep(member.organisation_id, second_step_since=now() if wanted else None)
        events.record(member.organisation_id, "second_step_wanted", member=member, wanted=wanted)


def app_of(member: Member) -> SecondStep | None:
    """Return the member's app, if it has been confirmed."""
    row = db.session.get(SecondStep, (member.organisation_id, member.id))
    return row if row is not None and row.confirmed_at is not None else None


def begin_app(member: Member) -> None:
    """Make a new secret for the member's app; it counts once it is confirmed. Raises: Conflict where there is one."""
    row = _row(member)
    if row.confirmed_at is not None:
        raise Conflict("You have set up an app already. Remove it first.")
    vault: Vault = part("vault")
    row.sealed, row.last_step = vault.seal({"secret": pyotp.random_base32()}), 0


def begun_secret(member: Member) -> str | None:
    """Return the secret of an app that is being set up, for its owner alone; None where none is."""
    row = db.session.get(SecondStep, (member.organisation_id, member.id))
    begun = row is not None and row.sealed is not None and row.confirmed_at is None
    return (_secret(row) or None) if row is not None and begun else None


def address_of(secret: str, member: Member, organisation: str) -> str:
    """Return what the app reads from the square: `otpauth://…`."""
    return pyotp.TOTP(secret).provisioning_uri(name=f"{member.email} ({organisation})", issuer_name="HealthBerry")


def confirm_app(member: Member, typed: str) -> None:
    """Take the app into use once it has shown the right digits. Raises: Refused, TooMany, Conflict."""
    row = _row(member)
    if row.sealed is None or row.confirmed_at is not None:
        raise Conflict("Begin to set up the app again.")
    _pause(row)
    if not _uses(row, _digits(typed)):
        _count(row)
    row.wrong, row.confirmed_at = 0, now()
    events.record(member.organisation_id, "second_step_added", subject_id=member.id, member=member, sort="app")


def remove_app(member: Member) -> None:
    """Forget the member's app, and the recovery codes where nothing else is left that they stand in for."""
    row = _row(member)
    row.sealed, row.confirmed_at = None, None
    db.session.flush()
    removed(member, "app")


def removed(member: Member, sort: str) -> None:
    """Note that an app or a passkey is gone."""
    if not is_set_up(member):
        recovery_codes.forget(member)
    events.record(member.organisation_id, "second_step_removed", subject_id=member.id, member=member, sort=sort)


def check(member: Member, typed: str) -> None:
    """Take digits of the app, or a recovery code, once.

    A wrong try counts even though this raises: the caller commits either way. Raises: Refused, TooMany.
    """
    row = _row(member)
    _pause(row)
    digits = _digits(typed)
    # Both are looked at, whichever was typed: neither answer says which of the two a member has.
    by_app = row.confirmed_at is not None and _uses(row, digits)
    by_code = recovery_codes.use(member, typed)
    if not (by_app or by_code):
        _count(row)
    row.wrong = 0


def reset(member: Member, other_id: UUID) -> Member:
    """Let an administrator free a colleague who lost phone and codes; they are signed out everywhere.

    Whoever that is still has to prove their mailbox. Raises: NotAllowed, NotFound.
    """
    other = members.colleague(member, other_id)
    forget(other)
    events.record(member.organisation_id, "member_second_step_reset", subject_id=other.id, member=member)
    return other


def forget(other: Member) -> None:
    """Forget every second step of a member and sign them out everywhere; the organisation must be entered."""
    for table, owner in ((SecondStep, SecondStep.id), (Passkey, Passkey.member_id)):
        db.session.execute(delete(table).where(table.organisation_id == other.organisation_id, owner == other.id))
    recovery_codes.forget(other)
    members.sign_out_everywhere(other)


def passed(member: Member) -> None:
    """Forget the wrong tries: the member has proved themselves otherwise."""
    _row(member).wrong = 0


def _row(member: Member) -> SecondStep:
    key = {"organisation_id": member.organisation_id, "id": member.id}
    db.session.execute(insert(SecondStep).values(**key, last_step=0, wrong=0).on_conflict_do_nothing())
    return db.session.get_one(SecondStep, tuple(key.values()), with_for_update=True, populate_existing=True)


def _secret(row: SecondStep) -> str:
    vault: Vault = part("vault")
    try:
        return vault.open(row.sealed).get("secret", "")
    except VaultError:  # restored without its key: what is left are recovery codes and passkeys
        return ""


def _uses(row: SecondStep, digits: str) -> bool:
    """Say whether these are the digits of now, or of half a minute before or after, and use them up."""
    secret, at = _secret(row), int(now().timestamp()) // _STEP_SECONDS
    if not secret:
        return False
    totp = pyotp.TOTP(secret)
    steps = [at + off for off in (-1, 0, 1)]
    right = [hmac.compare_digest(totp.generate_otp(step), digits) and step > row.last_step for step in steps]
    if not any(right):
        return False
    row.last_step = max(step for step, is_right in zip(steps, right, strict=True) if is_right)
    return True


def _digits(typed: str) -> str:
    digits = "".join(character for character in typed if character.isascii() and character.isdigit())
    return digits if len(digits) == _DIGITS else ""


def _pause(row: SecondStep) -> None:
    if row.wrong < MOST_TRIES or row.wrong_at is None:
        return
    left = int((row.wrong_at + _PAUSE - now()).total_seconds())
    if left > 0:
        minutes = -(-left // 60)
        words = "a minute" if minutes == 1 else f"{minutes} minutes"
        raise TooMany(f"That was wrong too often. Wait {words}, then try again.", left)
    row.wrong = 0


def _count(row: SecondStep) -> None:
    row.wrong, row.wrong_at = row.wrong + 1, now()
    left = MOST_TRIES - row.wrong
    tries = "no more tries for a quarter of an hour" if not left else f"{left} more {'try' if left == 1 else 'tries'}"
    raise Refused(f"That code is not right, or was used already. You have {tries}.", over=not left)


def rotate(organisation_id: UUID) -> None:
    """Seal every app's secret with the newest key. Raises: VaultError."""
    vault: Vault = part("vault")
    mine = select(SecondStep).where(SecondStep.organisation_id == organisation_id, SecondStep.sealed.is_not(None))
    for row in db.session.scalars(mine.with_for_update()):
        row.sealed = vault.rotate(row.sealed or b"")
