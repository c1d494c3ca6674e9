"""Channels that are unlinked: read no more, with what they brought kept or erased part by part.

Erasing conversations by the hundred asks for each row that points at one: three indexes answer that.
"""

from alembic import op

revision = "0003_unlinking"
down_revision = "0002_organisations"

COLUMNS = """
ALTER TABLE channels ADD COLUMN erase_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE channels DROP CONSTRAINT ck_channels_state;
ALTER TABLE channels ADD CONSTRAINT ck_channels_state CHECK (state in ('active', 'off', 'failing', 'unlinked'));
CREATE INDEX ix_messages_author ON messages (organisation_id, author_id) WHERE author_id IS NOT NULL;
CREATE INDEX ix_replies_target ON replies (organisation_id, target_id);
CREATE INDEX ix_unread_conversation ON unread (organisation_id, conversation_id);
"""

BEFORE = """
UPDATE channels SET state = 'off' WHERE state = 'unlinked';
ALTER TABLE channels DROP COLUMN erase_at, DROP CONSTRAINT ck_channels_state;
ALTER TABLE channels ADD CONSTRAINT ck_channels_state CHECK (state in ('active', 'off', 'failing'));
DROP INDEX ix_messages_author, ix_replies_target, ix_unread_conversation;
"""

DUE_WORK = """
CREATE OR REPLACE FUNCTION due_work(at timestamptz)
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    (SELECT 'discover', o.id, o.id FROM organisations o WHERE o.discover_next_at <= at LIMIT 200)
    UNION ALL
    (SELECT 'backfill', c.organisation_id, c.id FROM channels c
      WHERE {read} AND c.backfill_state <> 'done' AND c.backfill_next_at <= at
        AND (c.backfill_claimed_until IS NULL OR c.backfill_claimed_until < at) LIMIT 500)
    UNION ALL
    (SELECT 'poll', c.organisation_id, c.id FROM channels c
      WHERE {read} AND c.next_poll_at <= at AND (c.claimed_until IS NULL OR c.claimed_until < at)
      ORDER BY c.next_poll_at LIMIT 500)
    UNION ALL
    (SELECT 'recheck', c.organisation_id, c.id FROM channels c
      WHERE c.state = 'active' AND c.recheck_at <= at ORDER BY c.recheck_at LIMIT 200)
{more}    UNION ALL
    (SELECT 'refresh', c.organisation_id, c.id FROM channels c
      WHERE c.secrets_expire_at <= at + interval '30 minutes' AND c.sealed_secrets IS NOT NULL
        AND (c.token_claimed_until IS NULL OR c.token_claimed_until < at) LIMIT 500)
    UNION ALL
    (SELECT 'reply', r.organisation_id, r.id FROM replies r
      WHERE (r.state IN ('queued', 'sending', 'unknown', 'written', 'copied') OR r.pending) AND r.next_attempt_at <= at
      ORDER BY r.next_attempt_at LIMIT 500)
    UNION ALL
    (SELECT 'mail', m.organisation_id, m.id FROM outbox_mails m
      WHERE m.state IN ('queued', 'sending') AND m.next_attempt_at <= at ORDER BY m.next_attempt_at LIMIT 500)
    UNION ALL
    (SELECT 'snoozed', c.organisation_id, c.id FROM conversations c
      WHERE c.status = 'snoozed' AND c.snoozed_until <= at LIMIT 500)
$$;
"""

ERASE = """    UNION ALL
    (SELECT 'erase', c.organisation_id, c.id FROM channels c WHERE c.erase_at <= at LIMIT 50)
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(DUE_WORK.format(read="c.state IN ('active', 'failing')", more=ERASE))


def downgrade() -> None:
    op.execute(DUE_WORK.format(read="c.state <> 'off'", more=""))
    op.execute(BEFORE)
