"""What the operator's page and /metrics show of all organisations: figures and channels, never a word of anybody's."""

from alembic import op

revision = "0021_installation"
down_revision = "0019_letting_go"

FIGURES = """
CREATE FUNCTION installation_figures(at timestamptz)
RETURNS TABLE (name text, label text, value double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT 'organisations', '', count(*) FROM organisations
    UNION ALL SELECT 'channels', c.kind || ' ' || c.state, count(*) FROM channels c
               WHERE c.state <> 'unlinked' GROUP BY c.kind, c.state
    UNION ALL SELECT 'channel_lag_seconds', c.kind,
                     max(extract(epoch FROM at - coalesce(c.last_success_at, c.created_at))) FROM channels c
               WHERE c.state IN ('active', 'failing') AND c.next_poll_at IS NOT NULL GROUP BY c.kind
    UNION ALL SELECT 'replies', r.state, count(*) FROM replies r
               WHERE r.state IN ('queued', 'sending', 'unknown') GROUP BY r.state
    UNION ALL SELECT 'replies_oldest_seconds', '', coalesce(max(extract(epoch FROM at - r.queued_at)), 0)
                FROM replies r WHERE r.state IN ('queued', 'sending', 'unknown')
    UNION ALL SELECT 'mails', m.state, count(*) FROM outbox_mails m
               WHERE m.state IN ('queued', 'sending') GROUP BY m.state
    UNION ALL SELECT 'mails_oldest_seconds', '', coalesce(max(extract(epoch FROM at - m.queued_at)), 0)
                FROM outbox_mails m WHERE m.state IN ('queued', 'sending')
    UNION ALL SELECT 'mails_failed_day', '', count(*) FROM outbox_mails m
               WHERE m.state = 'failed' AND m.queued_at > at - interval '1 day'
    UNION ALL SELECT 'deliveries', '', count(*) FROM deliveries
    UNION ALL SELECT 'deliveries_oldest_seconds', '', coalesce(max(extract(epoch FROM at - d.received_at)), 0)
                FROM deliveries d
    UNION ALL SELECT 'quarantined', '', count(*) FROM quarantined_items
    UNION ALL SELECT 'quarantined_oldest_seconds', '', coalesce(max(extract(epoch FROM at - q.received_at)), 0)
                FROM quarantined_items q
    UNION ALL SELECT 'due', w.kind, count(*) FROM due_work(at, 10000) w GROUP BY w.kind
    UNION ALL SELECT 'beat_seconds', coalesce(nullif(h.role, ''), h.process), min(extract(epoch FROM at - h.beat_at))
                FROM heartbeats h WHERE h.ended_at IS NULL GROUP BY coalesce(nullif(h.role, ''), h.process)
    UNION ALL SELECT 'paid_reads', p.kind, p.count FROM paid_reads p
               WHERE p.month = date_trunc('month', at AT TIME ZONE 'UTC')::date
    UNION ALL SELECT 'database_bytes', '', pg_database_size(current_database())
    UNION ALL (SELECT 'table_bytes', t.relname::text, pg_total_relation_size(t.oid) FROM pg_class t
                WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
                ORDER BY pg_total_relation_size(t.oid) DESC LIMIT 8)
$$;
"""

# Whoever has waited longest for a success comes first.
CHANNELS = """
CREATE FUNCTION installation_channels(most integer)
RETURNS TABLE (organisation text, ods_code text, kind text, label text, state text, trouble text, backfill text,
               last_success_at timestamptz, next_poll_at timestamptz, failures integer, waiting bigint,
               quarantined bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT o.name, o.ods_code, c.kind, c.label, c.state, c.trouble, c.backfill_state, c.last_success_at,
           c.next_poll_at, c.failures_in_a_row,
           (SELECT count(*) FROM deliveries d WHERE d.organisation_id = c.organisation_id AND d.channel_id = c.id),
           (SELECT count(*) FROM quarantined_items q
             WHERE q.organisation_id = c.organisation_id AND q.channel_id = c.id)
      FROM channels c JOIN organisations o ON o.id = c.organisation_id
     WHERE c.state <> 'unlinked'
     ORDER BY c.state = 'failing' DESC, c.last_success_at NULLS FIRST, o.name, c.label
     LIMIT most
$$;
"""


def upgrade() -> None:
    op.execute(FIGURES)
    op.execute(CHANNELS)


def downgrade() -> None:
    op.execute("DROP FUNCTION installation_channels, installation_figures")
