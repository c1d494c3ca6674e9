"""Which organisation the present transaction may see: the second wall, set in PostgreSQL itself.

Row-level security lets a query see the rows of one organisation only: the one named by `app.organisation_id`, which is
set for the length of one transaction. Without it every owned table is empty.
"""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session, SessionTransaction

from healthberry.connection import Connection as Own
from healthberry.extensions import db

_KEY = "organisation_id"
_SET = text("SELECT set_config('app.organisation_id', :id, true)")


def enter(organisation_id: UUID) -> None:
    """Let the session see this organisation, now and in its next transactions, until `enter` or `leave` is called
    again.

    A switch forgets the objects loaded so far: they belong to another organisation.
    """
    session = db.session()
    if session.info.get(_KEY) == organisation_id:
        return
    session.flush()
    session.expunge_all()
    session.info[_KEY] = organisation_id
    if session.in_transaction():
        session.execute(_SET, {"id": str(organisation_id)})


def leave() -> None:
    """End the transaction and see no organisation any more."""
    session = db.session()
    session.info.pop(_KEY, None)
    session.rollback()


def current() -> UUID | None:
    """Return the organisation that the session sees."""
    return db.session().info.get(_KEY)


def install() -> None:
    """Set the organisation at the start of each transaction of every session. A second call changes nothing."""
    if not event.contains(Session, "after_begin", _begin):
        event.listen(Session, "after_begin", _begin)


def _begin(session: Session, transaction: SessionTransaction, connection: Connection) -> Any:
    organisation_id = session.info.get(_KEY)
    if organisation_id is not None and not transaction.nested:  # a savepoint sees what its transaction sees
        # Straight to the driver: each request begins with it, and the way through SQLAlchemy costs it as much again.
        cast(Own, connection.connection.driver_connection).begin(organisation_id)
