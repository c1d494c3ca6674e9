"""The second step of those who run the installation: they belong to no organisation, and are known by their address."""

from contextlib import suppress

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import audit, digits, operator_sessions
from healthberry.core.vault import Vault, VaultError
from healthberry.extensions import db, part
from healthberry.models.sign_in import OperatorStep


def is_set_up(email: str) -> bool:
    """Say whether the operator has an app in use."""
    row = db.session.get(OperatorStep, email)
    return row is not None and row.confirmed_at is not None


def begin(email: str) -> None:
    """Make a secret for a new app; again: another one. Raises: Conflict where an app is in use."""
    digits.begin(_row(email))


def begun_secret(email: str) -> str | None:
    """Return the secret of an app that is being set up; None where none is."""
    return digits.begun_secret(db.session.get(OperatorStep, email))


def confirm(email: str, typed: str) -> None:
    """Take the app into use. Raises: Refused, TooMany, Conflict."""
    digits.confirm(_row(email), typed)


def check(email: str, typed: str) -> None:
    """Take digits of the app, once; a wrong try counts even though this raises. Raises: Refused, TooMany."""
    row = _row(email)
    digits.pause(row)
    if row.confirmed_at is None or not digits.uses(row, typed):
        digits.count(row)
    row.wrong = 0


def reset(email: str) -> bool:
    """Forget an operator's app, and sign them out everywhere; say whether there was an app."""
    operator_sessions.end_all(email)
    gone = delete(OperatorStep).where(OperatorStep.email == email.casefold()).returning(OperatorStep.email)
    had_one = bool(db.session.scalars(gone).all())
    if had_one:
        audit.operated("operator_step_reset", "", "operator", email.casefold())
    return had_one


def rotate() -> None:
    """Seal every app's secret with the newest key; one that no key opens stays, and shows no right digits."""
    vault: Vault = part("vault")
    for row in db.session.scalars(select(OperatorStep).where(OperatorStep.sealed.is_not(None)).with_for_update()):
        with suppress(VaultError):
            row.sealed = vault.rotate(row.sealed or b"")


def _row(email: str) -> OperatorStep:
    db.session.execute(insert(OperatorStep).values(email=email, last_step=0, wrong=0).on_conflict_do_nothing())
    return db.session.get_one(OperatorStep, email, with_for_update=True, populate_existing=True)
