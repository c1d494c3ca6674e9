"""The same story on two sites has the same words: what restricts one of them for a concern restricts them all."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from healthberry.extensions import db

_SPREAD = text("""
WITH together AS (
    SELECT id, channel_id FROM conversations
     WHERE organisation_id = :organisation_id AND (id = :shown_id OR copy_of = :shown_id)
), lasting AS (
    SELECT DISTINCT ON (r.kind) r.* FROM restrictions r JOIN together t ON t.id = r.conversation_id
     WHERE r.organisation_id = :organisation_id AND r.lifted_at IS NULL AND r.kind <> 'request'
     ORDER BY r.kind, r.since
)
INSERT INTO restrictions (organisation_id, id, channel_id, conversation_id, member_id, member_name, reason, kind, since,
                          lifted_by)
SELECT :organisation_id, gen_random_uuid(), t.channel_id, t.id, l.member_id, l.member_name, l.reason, l.kind, l.since,
       ''
  FROM lasting l CROSS JOIN together t
 WHERE NOT EXISTS (SELECT FROM restrictions r
                    WHERE r.organisation_id = :organisation_id AND r.conversation_id = t.id AND r.kind = l.kind
                      AND r.lifted_at IS NULL)
RETURNING conversation_id
""")
_HIDE = text("""
UPDATE conversations SET restricted = true, version = version + 1
 WHERE organisation_id = :organisation_id AND id = ANY(:ids) AND NOT restricted
""")
_UNFIND = text("DELETE FROM search_texts WHERE organisation_id = :organisation_id AND conversation_id = ANY(:ids)")


def spread(organisation_id: UUID, shown_id: UUID) -> Sequence[UUID]:
    """Restrict all that is shown as one, as far as one of it is; return what was not yet. Again: nothing."""
    db.session.flush()
    values = {"organisation_id": organisation_id, "shown_id": shown_id}
    fresh = list(db.session.scalars(_SPREAD, values))
    for statement in (_HIDE, _UNFIND) if fresh else ():
        db.session.execute(statement, {"organisation_id": organisation_id, "ids": fresh})
    return fresh
