"""What a job's failure leaves in the database: how often in a row, and when it may be tried again."""

import logging

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from healthberry import logs
from healthberry.core import events, failed_work, scope, sending
from healthberry.core.failed_work import Piece

log = logging.getLogger(__name__)

# What PostgreSQL answers where it is not the work that fails: no connection, no room, shutting down.
_NOT_OUR_WORK = ("08", "53", "57P")


def note(piece: Piece | None, reason: str) -> None:
    """Count one failure, in a transaction of its own; a database that is away is logged and no more."""
    if piece is None:
        return
    try:
        events.forget()
        scope.enter(piece.organisation_id)
        stopped = failed_work.failed(piece, reason)
        if stopped and piece.kind == "send_reply":
            sending.held_up(piece.organisation_id, piece.subject_id)
        events.commit()
    except SQLAlchemyError as error:
        logs.event(log, "failure.not_noted", logging.WARNING, kind=piece.kind, error=type(error).__name__)
    else:
        fields = {"kind": piece.kind, "organisation_id": piece.organisation_id, "subject_id": piece.subject_id}
        logs.event(log, "work.stopped" if stopped else "work.failed", logging.ERROR, reason=reason, **fields)


def is_of_the_work(error: BaseException) -> bool:
    """Say whether an error tells something about this piece of work, and not of a database that is away."""
    if not isinstance(error, DBAPIError):
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return type(error).__name__ not in ("OperationalError", "InterfaceError")
    return not error.connection_invalidated and not state.startswith(_NOT_OUR_WORK)
