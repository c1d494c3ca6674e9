"""What is due, over all organisations."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text

from healthberry.core import reconciling, shares, unread
from healthberry.extensions import db
from healthberry.models.owned import now
from healthberry.version import VERSION

_DUE = text("""
SELECT kind, organisation_id, id FROM due_work(:at, :of_each)
 UNION ALL SELECT kind, organisation_id, id FROM due_imports(:at)
 UNION ALL SELECT kind, organisation_id, id FROM due_revocations(:at)
 UNION ALL SELECT kind, organisation_id, id FROM due_walks(:at, CAST(:counted AS text[]))
 UNION ALL SELECT kind, organisation_id, id FROM due_quarantine(:version, :tried_before)
 UNION ALL SELECT kind, organisation_id, id FROM due_keeping(:at)
 UNION ALL SELECT kind, organisation_id, id FROM due_claims(:at)
 UNION ALL SELECT kind, organisation_id, id FROM due_disclosures(:at)
""")

_FEWEST, _TIMES = 10, 4


class Due(NamedTuple):
    """One piece of work that the database says is due: ids as text."""

    kind: str
    organisation_id: str
    id: str


def due_work() -> list[Due]:
    """Return what is due now.

    Discover, backfill, poll, recheck, reread, delivery, refresh, reply, mail, snoozed, erase, import, revoke, walk,
    compare, unread, night, erasure, claim, disclosure. Ids only, of all organisations. Of what reads channels no more
    of each kind than its share of the workers can begin with: the rest is handed on (core.shares).
    """
    at = now()
    asked = {"at": at, "counted": reconciling.kinds(), "version": VERSION, "tried_before": at - unread.PAUSE}
    rows = db.session.execute(_DUE, {**asked, "of_each": max(_FEWEST, shares.limit() * _TIMES)})
    return [Due(kind, str(organisation_id), str(row_id)) for kind, organisation_id, row_id in rows]


def one_mail_each(work: Sequence[Due]) -> list[Due]:
    """Return the work with one mail of each organisation.

    Whoever sends it sends the others, and a mail server that is away is asked once and not for each.
    """
    mails = {one.organisation_id: one for one in work if one.kind == "mail"}
    return [one for one in work if one.kind != "mail" or one is mails[one.organisation_id]]
