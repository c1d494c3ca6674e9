"""The second step of signing in: six digits from an app, or one of ten recovery codes; and who may not be without.

Every try is counted, whatever it is a try of (core.digits). An app's digits work once: a second use is refused like
digits that are wrong.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import digits, events, members, organisations, recovery_codes, roles, sign_in_mails, sign_ins
from healthberry.core.permissions import require
from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import db, part
from healthberry.models.organisations import ORGANISATION_VERIFIED, Member
from healthberry.models.owned import now
from healthberry.models.sign_in import Passkey, SecondStep

GRACE = timedelta(days=7)
NEEDED_BY = frozenset({"administrator", "approver"})


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
    digits.begin(_row(member))


def begun_secret(member: Member) -> str | None:
    """Return the secret of an app that is being set up, for its owner alone; None where none is."""
    return digits.begun_secret(db.session.get(SecondStep, (member.organisation_id, member.id)))


def confirm_app(member: Member, typed: str) -> None:
    """Take the app into use once it has shown the right digits. Raises: Refused, TooMany, Conflict."""
    digits.confirm(_row(member), typed)
    events.record(member.organisation_id, "second_step_added", subject_id=member.id, member=member, sort="app")
    sign_in_mails.tell(member, "app_added")


def remove_app(member: Member) -> None:
    """Forget the member's app, and the recovery codes where nothing else is left that they stand in for."""
    row = _row(member)
    row.sealed, row.confirmed_at = None, None
    db.session.flush()
    removed(member, "app")


def removed(member: Member, sort: str, name: str = "") -> None:
    """Note that an app or a passkey is gone, and tell the member."""
    if not is_set_up(member):
        recovery_codes.forget(member)
    events.record(member.organisation_id, "second_step_removed", subject_id=member.id, member=member, sort=sort)
    sign_in_mails.tell(member, f"{sort}_removed", name)


def check(member: Member, typed: str) -> str:
    """Take digits of the app, or a recovery code, once; return which of the two it was.

    A wrong try counts even though this raises: the caller commits either way. Raises: Refused, TooMany.
    """
    row = _row(member)
    digits.pause(row)
    # Both are looked at, whichever was typed: neither answer says which of the two a member has.
    by_app = row.confirmed_at is not None and digits.uses(row, typed)
    by_code = recovery_codes.use(member, typed)
    if not (by_app or by_code):
        sign_ins.step_refused(member)
        digits.count(row)
    row.wrong = 0
    return sign_ins.APP if by_app else sign_ins.RECOVERY_CODE


def reset(member: Member, other_id: UUID) -> Member:
    """Let an administrator free a colleague who lost phone and codes; they are signed out everywhere.

    Whoever that is still has to prove their mailbox. Raises: NotAllowed, NotFound.
    """
    other = members.colleague(member, other_id)
    roles.spare_those_before(member, other)
    forget(other)
    events.record(member.organisation_id, "member_second_step_reset", subject_id=other.id, member=member)
    sign_in_mails.tell(other, "reset", by=f"{member.name}, an administrator")
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


def rotate(organisation_id: UUID) -> None:
    """Seal every app's secret with the newest key; one that no key opens stays, and shows no right digits."""
    vault: Vault = part("vault")
    mine = select(SecondStep).where(SecondStep.organisation_id == organisation_id, SecondStep.sealed.is_not(None))
    for row in db.session.scalars(mine.with_for_update()):
        with suppress(VaultError):
            row.sealed = vault.rotate(row.sealed or b"")
