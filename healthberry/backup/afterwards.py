"""What must not go on after a restore as if nothing had happened: the world has moved on since the backup.

Replies that may have gone out are looked for before anything is sent. Mails that may have gone out are not sent again,
but named. Nobody holds a claim any more, everybody signs in again, and sources are read from where the backup stood.
Statements of the newest schema: they run after the migrations, in the transaction of the restore.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from psycopg import sql

from healthberry.backup.tables import Connected
from healthberry.core.vault import Vault, VaultError

_REPLIES = """
UPDATE replies SET state = 'unknown', reason = '', next_attempt_at = now() WHERE state IN ('queued', 'sending')
"""
# Those that are looked for already, or wait to be seen: at once, not when some worker's claim would have ended.
_LOOKED_FOR = """
UPDATE replies SET next_attempt_at = now() WHERE (state IN ('unknown', 'written', 'copied') OR pending)
   AND next_attempt_at > now()
"""
_MAILS = """
WITH held AS (
    UPDATE outbox_mails SET state = 'skipped', reason = %s WHERE state IN ('queued', 'sending')
    RETURNING organisation_id, member_id, kind, queued_at
)
SELECT o.name, m.email, h.kind, h.queued_at FROM held h JOIN organisations o ON o.id = h.organisation_id
  JOIN members m ON m.organisation_id = h.organisation_id AND m.id = h.member_id ORDER BY h.queued_at, m.email
"""
# Whatever the claims of workers are called, whichever table they stand in.
_CLAIMS = """
SELECT table_name, column_name FROM information_schema.columns
 WHERE table_schema = 'public' AND column_name LIKE '%claimed\\_until' AND is_nullable = 'YES'
"""
_AT_ONCE = (
    "UPDATE channels SET next_poll_at = now() WHERE next_poll_at > now()",
    "UPDATE channels SET reread_at = now() WHERE reread_at > now()",
    "UPDATE channels SET recheck_at = now() WHERE recheck_at > now()",
    "UPDATE channels SET backfill_next_at = now() WHERE backfill_next_at > now()",
    "UPDATE channels SET next_delivery_at = now() WHERE next_delivery_at > now()",
    "UPDATE imports SET next_at = now() WHERE state IN ('reading', 'checking', 'importing', 'undoing')",
)
# Who was signed out, or has left, since the backup must not come back by an old cookie, code or half-finished sign-in.
_SIGNED_IN = (
    "UPDATE members SET session_key = gen_random_uuid()",
    "DELETE FROM email_codes",
    "DELETE FROM operator_sessions",
    "DELETE FROM pending_links",
)
_OTHER_MACHINES = "DELETE FROM heartbeats"
_SEALED = "SELECT id, sealed_secrets FROM channels WHERE sealed_secrets IS NOT NULL ORDER BY 1"
_SUPPRESSING = """
SELECT organisation_id, suppression_key FROM organisation_details WHERE suppression_key IS NOT NULL ORDER BY 1
"""


@dataclass(frozen=True)
class HeldMail:
    """A mail that was waiting when the backup was taken, and is not sent: it may have gone out since."""

    organisation: str
    email: str
    kind: str
    queued_at: datetime


@dataclass(frozen=True)
class Afterwards:
    """What was settled: replies that are looked for, mails that are held back, and what no key opens.

    `unopened` are channels; `forgetful` are organisations that can't tell any more what was erased from their sources.
    """

    replies: int = 0
    mails: Sequence[HeldMail] = ()
    unopened: Sequence[UUID] = ()
    forgetful: Sequence[UUID] = ()


def settle(connection: Connected, vault: Vault, taken_at: datetime) -> Afterwards:
    """Settle what was in flight at the moment of the backup; a second call finds nothing more to settle."""
    replies = connection.execute(_REPLIES).rowcount
    connection.execute(_LOOKED_FOR)
    reason = f"Restored from a backup of {taken_at:%d %B %Y, %H:%M} UTC: this may have been sent before."
    mails = [HeldMail(*row) for row in connection.execute(_MAILS, (reason,)).fetchall()]
    _drop_claims(connection)
    for statement in (*_AT_ONCE, *_SIGNED_IN, _OTHER_MACHINES):
        connection.execute(statement)
    unopened, forgetful = (_unopened(connection, vault, query) for query in (_SEALED, _SUPPRESSING))
    return Afterwards(replies, mails, unopened, forgetful)


def _drop_claims(connection: Connected) -> None:
    drop = sql.SQL("UPDATE {table} SET {column} = NULL WHERE {column} IS NOT NULL")
    for table, column in connection.execute(_CLAIMS).fetchall():
        connection.execute(drop.format(table=sql.Identifier(table), column=sql.Identifier(column)))


def _unopened(connection: Connected, vault: Vault, query: LiteralString) -> list[UUID]:
    unopened = []
    for owner_id, sealed in connection.execute(query):
        try:
            vault.open(bytes(sealed))
        except VaultError:
            unopened.append(owner_id)
    return unopened
