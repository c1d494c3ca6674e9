"""What the list shows and the search finds of a conversation, brought in line with its messages, many at a time."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import text

from healthberry.extensions import db
from healthberry.models.conversations import Conversation

# The first thing a patient said leads; where only the organisation spoke, its first words do. What the organisation had
# said before anybody wrote (an announcement that was answered) is marked as context: it is no reply.
_SUMMARISE = text("""
UPDATE conversations AS c
   SET version = c.version + 1,
       title = first.title,
       first_words = left(regexp_replace(left(first.text, 400), '\\s+', ' ', 'g'), 200),
       screen_name = first.screen_name,
       rating = (first.ratings -> 0 ->> 'value')::double precision,
       rating_out_of = (first.ratings -> 0 ->> 'out_of')::double precision,
       withdrawn = first.withdrawn_at IS NOT NULL,
       replied = totals.replied,
       started_at = first.posted_at,
       last_activity_at = greatest(c.last_activity_at, totals.newest)
  FROM (SELECT DISTINCT ON (conversation_id) conversation_id, title, text, screen_name, ratings, withdrawn_at,
               posted_at
          FROM messages
         WHERE organisation_id = :organisation_id AND conversation_id = ANY(:ids)
         ORDER BY conversation_id, direction, posted_at, id) AS first
  JOIN (SELECT conversation_id, max(posted_at) AS newest,
               bool_or(direction = 'outbound' AND withdrawn_at IS NULL AND NOT source ? 'context') AS replied
          FROM messages
         WHERE organisation_id = :organisation_id AND conversation_id = ANY(:ids)
         GROUP BY conversation_id) AS totals USING (conversation_id)
 WHERE c.organisation_id = :organisation_id AND c.id = first.conversation_id
""")

# to_tsvector refuses more than a megabyte of lexemes. The costliest words are compounds of four-byte letters, kept
# whole and in their parts: eight bytes for each character. Of a longer conversation, an equal part of each message is
# searched.
_SEARCHED_CHARACTERS = 120_000
_INDEX = text("""
INSERT INTO search_texts (organisation_id, conversation_id, words)
SELECT organisation_id, conversation_id,
       to_tsvector('english', left(string_agg(
           CASE WHEN characters <= :most THEN said ELSE left(said, (:most / messages)::integer) END,
           ' ' ORDER BY posted_at), :most))
  FROM (SELECT organisation_id, conversation_id, posted_at, title || ' ' || text AS said,
               sum(length(title) + length(text) + 2) OVER one AS characters, count(*) OVER one AS messages
          FROM messages
         WHERE organisation_id = :organisation_id
           AND conversation_id IN (SELECT id FROM conversations
                                    WHERE organisation_id = :organisation_id AND id = ANY(:ids) AND NOT restricted)
        WINDOW one AS (PARTITION BY organisation_id, conversation_id)) AS found
 GROUP BY organisation_id, conversation_id
    ON CONFLICT (organisation_id, conversation_id) DO UPDATE SET words = excluded.words
""")


def refresh(organisation_id: UUID, conversation_ids: Collection[UUID]) -> None:
    """Bring the conversations' rows and their searched words in line with their messages; each gets a new version."""
    if not conversation_ids:
        return
    db.session.flush()
    db.session.execute(_SUMMARISE, {"organisation_id": organisation_id, "ids": list(conversation_ids)})
    index(organisation_id, conversation_ids)
    for conversation_id in conversation_ids:
        forget_loaded(organisation_id, conversation_id)


def index(organisation_id: UUID, conversation_ids: Collection[UUID]) -> None:
    """Let the search find the conversations by the words of their messages; restricted ones it does not find."""
    if conversation_ids:
        values = {"organisation_id": organisation_id, "ids": list(conversation_ids), "most": _SEARCHED_CHARACTERS}
        db.session.execute(_INDEX, values)


# Whoever answered on the site itself has answered: it would only be in the way among what is still to do.
_SETTLE = text("""
UPDATE conversations AS c SET status = 'closed', closed_reason = 'answered'
 WHERE c.organisation_id = :organisation_id AND c.id = ANY(:ids) AND c.status IN ('open', 'waiting')
   AND (SELECT m.direction FROM messages AS m
         WHERE m.organisation_id = c.organisation_id AND m.conversation_id = c.id AND m.withdrawn_at IS NULL
         ORDER BY m.posted_at DESC, m.id DESC LIMIT 1) = 'outbound'
RETURNING c.id
""")


def settle(organisation_id: UUID, conversation_ids: Collection[UUID]) -> set[UUID]:
    """Close, as answered, those of the conversations in which the organisation had the last word; return these."""
    if not conversation_ids:
        return set()
    return set(db.session.scalars(_SETTLE, {"organisation_id": organisation_id, "ids": list(conversation_ids)}))


def forget_loaded(organisation_id: UUID, conversation_id: UUID) -> None:
    """Read a row anew that was loaded in this session: it would still show the old values."""
    key = db.session().identity_key(Conversation, (organisation_id, conversation_id))
    loaded = db.session().identity_map.get(key)
    if loaded is not None:
        db.session.refresh(loaded)
