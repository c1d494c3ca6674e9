"""Where operators are signed in: one row for each browser, whose cookie holds a name that only a hash is kept of.

As members' sessions (core/sessions.py), but for their belonging to no organisation. What has ended is no row any more.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select

from healthberry.core.errors import Conflict
from healthberry.extensions import db, part
from healthberry.models.owned import now
from healthberry.models.sign_in import OperatorSession

_NOTED = timedelta(minutes=1)  # how exactly the last use is known


def begin(email: str, browser: str) -> str:
    """Sign in an operator who has proven their mailbox, and return the session's name, for the cookie alone."""
    return _add(OperatorSession(email=email.casefold(), browser=browser))


def known(name: object) -> OperatorSession | None:
    """Return the session with this name; None where it is over, or its owner is an operator no more."""
    if not isinstance(name, str):
        return None
    statement = select(OperatorSession).where(OperatorSession.name_hash == _hash(name), *_lasting())
    row = db.session.scalar(statement)
    return row if row is not None and part("settings").is_operator(row.email) else None


def step(row: OperatorSession) -> str:
    """Note that its owner passed the second step: the session goes on under another name, which is returned.

    Its age is counted from when the mailbox was proven. Raises: Conflict where it was ended at this very moment.
    """
    follower = OperatorSession(email=row.email, browser=row.browser, made_at=row.made_at, stepped_at=now())
    gone = delete(OperatorSession).where(OperatorSession.name_hash == row.name_hash)
    if db.session.execute(gone.returning(OperatorSession.name_hash)).one_or_none() is None:
        raise Conflict("You were signed out. Sign in again.")
    return _add(follower)


def use(row: OperatorSession) -> bool:
    """Note that the session is in use; return whether there was anything to note: at most once a minute there is."""
    if now() - row.used_at < _NOTED:
        return False
    row.used_at = now()
    return True


def end(name: object) -> None:
    """End the session with this name, if there is one."""
    if isinstance(name, str):
        db.session.execute(delete(OperatorSession).where(OperatorSession.name_hash == _hash(name)))


def end_all(email: str) -> None:
    """End every session of an operator."""
    db.session.execute(delete(OperatorSession).where(OperatorSession.email == email.casefold()))


def forget_old() -> None:
    """Delete what has ended by itself."""
    idle, old = _limits()
    over = (OperatorSession.used_at <= idle) | (OperatorSession.made_at <= old)
    db.session.execute(delete(OperatorSession).where(over))


def _add(row: OperatorSession) -> str:
    name = secrets.token_urlsafe(32)
    row.name_hash = _hash(name)
    db.session.add(row)
    db.session.flush()
    return name


def _lasting() -> tuple[ColumnElement[bool], ...]:
    idle, old = _limits()
    return OperatorSession.used_at > idle, OperatorSession.made_at > old


def _limits() -> tuple[datetime, datetime]:
    settings = part("settings")
    return now() - timedelta(minutes=settings.session_idle_minutes), now() - timedelta(hours=settings.session_hours)


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
