"""What is due, over all organisations."""

from typing import NamedTuple

from sqlalchemy import text

from healthberry.core import shares
from healthberry.extensions import db
from healthberry.models.owned import now

_DUE = text("""
SELECT kind, organisation_id, id FROM due_work(:at, :of_each)
 UNION ALL SELECT kind, organisation_id, id FROM due_imports(:at)
 UNION ALL SELECT kind, organisation_id, id FROM due_revocations(:at)
""")

_FEWEST, _TIMES = 10, 4


class Due(NamedTuple):
    """One piece of work that the database says is due: ids as text."""

    kind: str
    organisation_id: str
    id: str


def due_work() -> list[Due]:
    """Return what is due now.

    Discover, backfill, poll, recheck, reread, delivery, refresh, reply, mail, snoozed, erase, import, revoke. Ids only,
    of all organisations. Of what reads channels no more of each kind than its share of the workers can begin with: the
    rest is handed on (core.shares).
    """
    rows = db.session.execute(_DUE, {"at": now(), "of_each": max(_FEWEST, shares.limit() * _TIMES)})
    return [Due(kind, str(organisation_id), str(row_id)) for kind, organisation_id, row_id in rows]
