"""What is due, over all organisations, and which background processes are alive."""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from healthberry.extensions import db
from healthberry.models.owned import now
from healthberry.models.replies import Heartbeat

_DUE = text("""
SELECT kind, organisation_id, id FROM due_work(:at)
 UNION ALL SELECT kind, organisation_id, id FROM due_imports(:at)
 UNION ALL SELECT kind, organisation_id, id FROM due_revocations(:at)
 UNION ALL SELECT kind, organisation_id, id FROM due_keeping(:at)
""")


class Due(NamedTuple):
    """One piece of work that the database says is due: ids as text."""

    kind: str
    organisation_id: str
    id: str


def due_work() -> list[Due]:
    """Return what is due now.

    Discover, backfill, poll, recheck, reread, delivery, refresh, reply, mail, snoozed, erase, import, revoke, night,
    erasure. Ids only, of all organisations.
    """
    rows = db.session.execute(_DUE, {"at": now()})
    return [Due(kind, str(organisation_id), str(row_id)) for kind, organisation_id, row_id in rows]


def beat(process: str) -> None:
    """Note that a background process is alive."""
    statement = insert(Heartbeat).values(process=process, beat_at=now())
    db.session.execute(statement.on_conflict_do_update(index_elements=["process"], set_={"beat_at": now()}))
