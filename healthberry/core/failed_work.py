"""Work that fails: counted in a row, tried again after growing pauses, and stopped after the eighth time.

What is stopped is kept, shown to the operator, and tried once more when they ask for it or when a new release runs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from healthberry.core import scope
from healthberry.extensions import db
from healthberry.models.organisations import Organisation
from healthberry.models.owned import new_id, now
from healthberry.models.processes import FailedWork
from healthberry.version import VERSION

STOP_AFTER = 8
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
_HELD = text("SELECT kind, organisation_id, subject_id FROM held_work(:at)")
# A worker that was killed is found out only minutes later: somebody else may have done its work by then.
_FORGET = timedelta(minutes=30)
_FORGOTTEN = text("SELECT forget_failed_work(:before)")
_ALL = text("SELECT organisation_id, id FROM all_failed_work()")
_RELEASE = text("SELECT release_stopped_work(:version, :at)")


class Piece(NamedTuple):
    """One piece of work: what is done, for whom, with what."""

    kind: str
    organisation_id: UUID
    subject_id: UUID


@dataclass(frozen=True)
class Listed:
    """A piece of work that failed, as the operator sees it: ids, numbers, times and the class of the error."""

    id: UUID
    kind: str
    organisation_id: UUID
    organisation: str
    subject_id: UUID
    failures: int
    reason: str
    first_at: datetime
    last_at: datetime
    next_at: datetime
    stopped_at: datetime | None


def standing(piece: Piece) -> str:
    """Return "held" where it must not be tried now, "failed" where it failed the last time, "" where all is well."""
    found = db.session.execute(select(FailedWork.stopped_at, FailedWork.next_at).where(*_is(piece))).first()
    if found is None:
        return ""
    return "held" if found.stopped_at is not None or found.next_at > now() else "failed"


def failed(piece: Piece, reason: str) -> bool:
    """Note that it failed once more, with the class of the error; return whether that stops it."""
    _begin(piece, reason)
    row = db.session.scalars(select(FailedWork).where(*_is(piece)).with_for_update()).one()
    row.failures += 1
    row.reason, row.last_at, row.version = reason, now(), VERSION
    row.next_at = now() + min(_FIRST_PAUSE * 2 ** (min(row.failures, 20) - 1), _LONGEST_PAUSE)
    if row.failures >= STOP_AFTER:
        row.stopped_at = now()
    db.session.flush()
    return row.stopped_at is not None


def succeeded(piece: Piece) -> None:
    """Forget that it ever failed."""
    db.session.execute(delete(FailedWork).where(*_is(piece)))


def forget_old() -> None:
    """Forget what could have been tried for a while, and was not: it is done by another way, or not wanted any more."""
    db.session.execute(_FORGOTTEN, {"before": now() - _FORGET})


def held() -> set[tuple[str, str, str]]:
    """Return what must not be tried now, of all organisations: kind, organisation and subject as text."""
    rows = db.session.execute(_HELD, {"at": now()})
    return {(kind, str(organisation_id), str(subject_id)) for kind, organisation_id, subject_id in rows}


def listed() -> list[Listed]:
    """Return all work that failed the last time, of all organisations, what is stopped first."""
    found = []
    for organisation_id, row_id in db.session.execute(_ALL).all():
        scope.enter(organisation_id)
        row = db.session.get(FailedWork, (organisation_id, row_id))
        if row is not None:
            found.append(_listed(row))
    return found


def retry(wanted: UUID | None = None) -> list[Piece]:
    """Let what failed be tried at once, once: this one, or all; return it. The caller commits, and may nudge it.

    What fails again after it was stopped is stopped again.
    """
    found = []
    for organisation_id, row_id in db.session.execute(_ALL).all():
        if wanted in (None, row_id):
            scope.enter(organisation_id)
            row = db.session.get(FailedWork, (organisation_id, row_id), with_for_update=True)
            if row is not None:
                row.stopped_at, row.next_at = None, now()
                db.session.flush()
                found.append(Piece(row.kind, organisation_id, row.subject_id))
    return found


def release_for(version: str) -> int:
    """Let everything that another release stopped be tried once by this one; return how much."""
    return db.session.scalar(_RELEASE, {"version": version, "at": now()}) or 0


def _begin(piece: Piece, reason: str) -> None:
    values = {**piece._asdict(), "id": new_id(), "failures": 0, "reason": reason, "version": VERSION}
    statement = insert(FailedWork).values({**values, "first_at": now(), "last_at": now(), "next_at": now()})
    key = ["organisation_id", "kind", "subject_id"]
    db.session.execute(statement.on_conflict_do_nothing(index_elements=key))


def _is(piece: Piece) -> tuple[ColumnElement[bool], ...]:
    return (
        FailedWork.organisation_id == piece.organisation_id,
        FailedWork.kind == piece.kind,
        FailedWork.subject_id == piece.subject_id,
    )


def _listed(row: FailedWork) -> Listed:
    organisation = db.session.get_one(Organisation, row.organisation_id)
    shared = ("id", "kind", "organisation_id", "subject_id", "failures", "reason")
    times = ("first_at", "last_at", "next_at", "stopped_at")
    return Listed(organisation=organisation.name, **{name: getattr(row, name) for name in (*shared, *times)})
