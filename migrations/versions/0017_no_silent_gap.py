"""No silent gap: when a channel was last known to be well, what of each has been read, and what waits in quarantine.

What a poll reads goes on from where the last complete one began, so one stretch of time per channel says what was read
(`read_from`, `read_to`); `coverage` holds what lies before it: older stretches, and gaps that can't be closed.
"""

from alembic import op

revision = "0017_no_silent_gap"
down_revision = "0016_background"

COLUMNS = """
ALTER TABLE channels ADD COLUMN watched_from TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    ADD COLUMN stale_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN read_from TIMESTAMP WITH TIME ZONE,
    ADD COLUMN read_to TIMESTAMP WITH TIME ZONE,
    ADD COLUMN catch_up_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN backfill_began_at TIMESTAMP WITH TIME ZONE;
UPDATE channels SET read_from = CASE WHEN backfill_state = 'done' THEN created_at - interval '730 days' ELSE created_at END,
    read_to = last_success_at, backfill_began_at = created_at
 WHERE last_success_at IS NOT NULL AND next_poll_at IS NOT NULL;
ALTER TABLE quarantined_items ADD COLUMN is_delivery BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN seen_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    ADD COLUMN tried_with VARCHAR NOT NULL DEFAULT '',
    ADD COLUMN tried_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN handled_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_messages_posted ON messages (organisation_id, channel_id, posted_at) WHERE direction = 'inbound';
CREATE INDEX ix_quarantined_items_tried ON quarantined_items (tried_with);
CREATE INDEX ix_quarantined_items_waiting ON quarantined_items (organisation_id, received_at) WHERE handled_at IS NULL;
"""

TABLES = """
CREATE TABLE coverage (
    channel_id UUID NOT NULL,
    from_at TIMESTAMP WITH TIME ZONE NOT NULL,
    to_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_coverage PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id) REFERENCES channels (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_coverage_state CHECK (state in ('read', 'gap')),
    CONSTRAINT fk_coverage_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
CREATE INDEX ix_coverage_channel ON coverage (organisation_id, channel_id, from_at);

CREATE TABLE walks (
    organisation_id UUID NOT NULL,
    channel_id UUID NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE,
    since TIMESTAMP WITH TIME ZONE,
    cursor VARCHAR,
    reason VARCHAR NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    full_at TIMESTAMP WITH TIME ZONE,
    added INTEGER NOT NULL,
    older INTEGER NOT NULL,
    failures_in_a_row INTEGER NOT NULL,
    compare_at TIMESTAMP WITH TIME ZONE NOT NULL,
    compared_at TIMESTAMP WITH TIME ZONE,
    told INTEGER,
    held INTEGER,
    unread INTEGER NOT NULL,
    CONSTRAINT pk_walks PRIMARY KEY (organisation_id, channel_id),
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id) REFERENCES channels (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_walks_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
CREATE INDEX ix_walks_due ON walks (next_at) WHERE next_at IS NOT NULL;
"""

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# The sweep belongs to no organisation: these say, in ids only, where something is to be noticed or done. How long each
# kind may be silent is told by the application; core decides once more, under a lock.
FUNCTIONS = """
CREATE FUNCTION changed_staleness(at timestamptz, kinds text[], silences interval[], sent_before timestamptz)
RETURNS TABLE (organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT c.organisation_id, c.id
      FROM channels c
      LEFT JOIN unnest(kinds, silences) AS asked (kind, silence) ON asked.kind = c.kind
      LEFT JOIN (SELECT DISTINCT d.organisation_id, d.channel_id FROM deliveries d WHERE d.received_at < sent_before) sent
             ON sent.organisation_id = c.organisation_id AND sent.channel_id = c.id
     WHERE (c.stale_at IS NOT NULL) <> (c.state IN ('active', 'failing') AND (
               sent.channel_id IS NOT NULL
               OR (asked.kind IS NULL AND c.state = 'failing')
               OR coalesce(greatest(c.last_success_at, c.watched_from) < at - asked.silence, false)))
     LIMIT 500
$$;

CREATE FUNCTION due_walks(at timestamptz, counted text[])
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    (SELECT 'walk', w.organisation_id, w.channel_id FROM walks w WHERE w.next_at <= at ORDER BY w.next_at LIMIT 100)
    UNION ALL
    (SELECT 'compare', c.organisation_id, c.id FROM channels c
       LEFT JOIN walks w ON w.organisation_id = c.organisation_id AND w.channel_id = c.id
      WHERE c.kind = ANY (counted) AND c.state = 'active' AND c.backfill_state = 'done'
        AND (w.compare_at IS NULL OR w.compare_at <= at) LIMIT 100)
$$;

CREATE FUNCTION due_quarantine(version text, tried_before timestamptz)
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT DISTINCT 'unread', q.organisation_id, q.channel_id FROM quarantined_items q
      JOIN channels c ON c.organisation_id = q.organisation_id AND c.id = q.channel_id
     WHERE q.tried_with <> version AND (q.tried_at IS NULL OR q.tried_at < tried_before) AND c.state = 'active' LIMIT 100
$$;
"""

BEFORE = """
DROP FUNCTION changed_staleness, due_walks, due_quarantine;
DROP TABLE walks, coverage;
DROP INDEX ix_messages_posted;
ALTER TABLE quarantined_items DROP COLUMN is_delivery, DROP COLUMN seen_at, DROP COLUMN tried_with, DROP COLUMN tried_at,
    DROP COLUMN handled_at;
ALTER TABLE channels DROP COLUMN watched_from, DROP COLUMN stale_at, DROP COLUMN read_from, DROP COLUMN read_to,
    DROP COLUMN catch_up_at, DROP COLUMN backfill_began_at;
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(TABLES)
    for table in ("coverage", "walks"):
        op.execute(WALL.format(table=table))
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute(BEFORE)
