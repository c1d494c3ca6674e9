"""Which background processes live, what is told of them, work that fails again and again, and fair turns.

A heartbeat says who beats, what queues it serves and whose channel it reads now, which is counted by kind and by organisation. The
reading of a channel is claimed in columns of its own for each kind of work; what is due is taken in turns of the kinds.
"""

from alembic import op

revision = "0016_background"
down_revision = "0015_revocations"

TABLES = """
ALTER TABLE heartbeats
    ADD COLUMN role VARCHAR NOT NULL DEFAULT '',
    ADD COLUMN queues VARCHAR[] NOT NULL DEFAULT '{}',
    ADD COLUMN version VARCHAR NOT NULL DEFAULT '',
    ADD COLUMN started_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(),
    ADD COLUMN ended_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN reads_kind VARCHAR,
    ADD COLUMN reads_organisation_id UUID,
    ADD COLUMN reads_until TIMESTAMP WITH TIME ZONE;

CREATE TABLE outages (
    id UUID NOT NULL,
    part VARCHAR NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    noticed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    telling_until TIMESTAMP WITH TIME ZONE,
    told_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    over_told_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_outages PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_outages_open ON outages (part) WHERE ended_at IS NULL;

CREATE TABLE failed_work (
    kind VARCHAR NOT NULL,
    subject_id UUID NOT NULL,
    failures INTEGER NOT NULL,
    reason VARCHAR NOT NULL,
    version VARCHAR NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stopped_at TIMESTAMP WITH TIME ZONE,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_failed_work PRIMARY KEY (organisation_id, id),
    CONSTRAINT uq_failed_work_organisation_id_kind_subject_id UNIQUE (organisation_id, kind, subject_id),
    CONSTRAINT fk_failed_work_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

ALTER TABLE channels
    ADD COLUMN delivery_claimed_until TIMESTAMP WITH TIME ZONE,
    ADD COLUMN recheck_claimed_until TIMESTAMP WITH TIME ZONE,
    ADD COLUMN reread_claimed_until TIMESTAMP WITH TIME ZONE,
    ADD COLUMN reread_cursor VARCHAR;
"""

WALL = """
ALTER TABLE failed_work ENABLE ROW LEVEL SECURITY;
ALTER TABLE failed_work FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON failed_work
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON failed_work TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# The sweep, the operator and the counting of claims belong to no organisation: ids, numbers and times only.
FUNCTIONS = """
CREATE FUNCTION held_work(at timestamptz)
RETURNS TABLE (kind text, organisation_id uuid, subject_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT f.kind, f.organisation_id, f.subject_id FROM failed_work f WHERE f.stopped_at IS NOT NULL OR f.next_at > at
$$;

CREATE FUNCTION all_failed_work()
RETURNS TABLE (organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT f.organisation_id, f.id FROM failed_work f ORDER BY f.stopped_at IS NULL, f.last_at DESC
$$;

CREATE FUNCTION release_stopped_work(of_version text, at timestamptz)
RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    WITH released AS (
        UPDATE failed_work SET stopped_at = NULL, next_at = at, version = of_version
         WHERE stopped_at IS NOT NULL AND version <> of_version RETURNING 1
    ) SELECT count(*) FROM released
$$;

-- What has waited longest to be read, of one kind or of one organisation: who gives a place up hands it on to this.
CREATE FUNCTION next_reading(the_kind text, the_organisation uuid, but_not uuid, at timestamptz)
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT w.work, w.organisation_id, w.id FROM (
        (SELECT 'poll' AS work, c.organisation_id, c.id, c.next_poll_at AS since FROM channels c
          WHERE c.state IN ('active', 'failing') AND c.next_poll_at <= at AND (c.claimed_until IS NULL OR c.claimed_until < at)
            AND (c.kind = the_kind OR c.organisation_id = the_organisation))
        UNION ALL
        (SELECT 'delivery', c.organisation_id, c.id, c.next_delivery_at FROM channels c
          WHERE c.state IN ('active', 'failing') AND c.next_delivery_at <= at
            AND (c.delivery_claimed_until IS NULL OR c.delivery_claimed_until < at)
            AND (c.kind = the_kind OR c.organisation_id = the_organisation)
            AND EXISTS (SELECT 1 FROM deliveries d WHERE d.organisation_id = c.organisation_id AND d.channel_id = c.id))
    ) w
    WHERE w.id <> but_not AND NOT EXISTS (
        SELECT 1 FROM failed_work f WHERE f.organisation_id = w.organisation_id AND f.subject_id = w.id
           AND f.kind = w.work AND (f.stopped_at IS NOT NULL OR f.next_at > at))
    ORDER BY w.since LIMIT 1
$$;
"""

# One line for each kind of work that reads channels: the oldest of each organisation first, and the kinds in turns, so
# that a thousand channels of one kind that wait keep no other kind out of what is returned.
TURNS = """(SELECT '{work}', t.organisation_id, t.id FROM (
        SELECT w.organisation_id, w.id, w.since,
               row_number() OVER (PARTITION BY w.kind ORDER BY w.own_turn, w.since) AS turn
          FROM (SELECT c.organisation_id, c.id, c.kind, c.{since} AS since,
                       row_number() OVER (PARTITION BY c.kind, c.organisation_id ORDER BY c.{since}) AS own_turn
                  FROM channels c WHERE {condition}) w) t
      WHERE t.turn <= of_each ORDER BY t.turn, t.since LIMIT 500)"""
READING = {
    "delivery": (
        "next_delivery_at",
        (
            "c.state IN ('active', 'failing') AND c.next_delivery_at <= at"
            " AND (c.delivery_claimed_until IS NULL OR c.delivery_claimed_until < at)"
            " AND (c.organisation_id, c.id) IN (SELECT d.organisation_id, d.channel_id FROM deliveries d)"
        ),
    ),
    "poll": (
        "next_poll_at",
        (
            "c.state IN ('active', 'failing') AND c.next_poll_at <= at AND (c.claimed_until IS NULL OR c.claimed_until < at)"
        ),
    ),
    "reread": (
        "reread_at",
        (
            "c.state = 'active' AND c.reread_at <= at AND c.backfill_state = 'done'"
            " AND (c.reread_claimed_until IS NULL OR c.reread_claimed_until < at)"
        ),
    ),
    "backfill": (
        "backfill_next_at",
        (
            "c.state IN ('active', 'failing') AND c.backfill_state <> 'done' AND c.backfill_next_at <= at"
            " AND (c.backfill_claimed_until IS NULL OR c.backfill_claimed_until < at)"
        ),
    ),
    "recheck": (
        "recheck_at",
        (
            "c.state = 'active' AND c.recheck_at <= at AND (c.recheck_claimed_until IS NULL OR c.recheck_claimed_until < at)"
        ),
    ),
}
OTHERS = """
    (SELECT 'reply', r.organisation_id, r.id FROM replies r
      WHERE (r.state IN ('queued', 'sending', 'unknown', 'written', 'copied') OR r.pending) AND r.next_attempt_at <= at
      ORDER BY r.next_attempt_at LIMIT 500)
    UNION ALL
    (SELECT 'mail', m.organisation_id, m.id FROM outbox_mails m
      WHERE m.state IN ('queued', 'sending') AND m.next_attempt_at <= at ORDER BY m.next_attempt_at LIMIT 500)
    UNION ALL
    (SELECT 'snoozed', c.organisation_id, c.id FROM conversations c
      WHERE c.status = 'snoozed' AND c.snoozed_until <= at LIMIT 500)
    UNION ALL
    (SELECT 'refresh', c.organisation_id, c.id FROM channels c
      WHERE c.secrets_expire_at <= at + interval '30 minutes' AND c.sealed_secrets IS NOT NULL
        AND (c.token_claimed_until IS NULL OR c.token_claimed_until < at) LIMIT 500)
    UNION ALL
    (SELECT 'discover', o.id, o.id FROM organisations o WHERE o.discover_next_at <= at LIMIT 200)
    UNION ALL
    {reading}
    UNION ALL
    (SELECT 'erase', c.organisation_id, c.id FROM channels c WHERE c.erase_at <= at LIMIT 50)
"""
DUE_WORK = """
CREATE FUNCTION due_work(at timestamptz, of_each integer DEFAULT 20)
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
{body}
$$;
"""

# As it stood before, for going back.
OLD_READING = """
    (SELECT 'backfill', c.organisation_id, c.id FROM channels c
      WHERE c.state IN ('active', 'failing') AND c.backfill_state <> 'done' AND c.backfill_next_at <= at
        AND (c.backfill_claimed_until IS NULL OR c.backfill_claimed_until < at) LIMIT 500)
    UNION ALL
    (SELECT 'poll', c.organisation_id, c.id FROM channels c
      WHERE c.state IN ('active', 'failing') AND c.next_poll_at <= at
        AND (c.claimed_until IS NULL OR c.claimed_until < at)
      ORDER BY c.next_poll_at LIMIT 500)
    UNION ALL
    (SELECT 'recheck', c.organisation_id, c.id FROM channels c
      WHERE c.state = 'active' AND c.recheck_at <= at ORDER BY c.recheck_at LIMIT 200)
    UNION ALL
    (SELECT 'reread', c.organisation_id, c.id FROM channels c
      WHERE c.state = 'active' AND c.reread_at <= at AND c.backfill_state = 'done' ORDER BY c.reread_at LIMIT 200)
    UNION ALL
    (SELECT 'delivery', c.organisation_id, c.id
       FROM (SELECT DISTINCT d.organisation_id, d.channel_id FROM deliveries d) waiting
       JOIN channels c ON c.organisation_id = waiting.organisation_id AND c.id = waiting.channel_id
      WHERE c.state IN ('active', 'failing') AND c.next_delivery_at <= at LIMIT 500)
"""
BEFORE = """
DROP FUNCTION due_work(timestamptz, integer);
DROP FUNCTION held_work(timestamptz), all_failed_work(), release_stopped_work(text, timestamptz);
DROP FUNCTION next_reading(text, uuid, uuid, timestamptz);
DROP TABLE failed_work, outages;
ALTER TABLE channels DROP COLUMN delivery_claimed_until, DROP COLUMN recheck_claimed_until,
    DROP COLUMN reread_claimed_until, DROP COLUMN reread_cursor;
ALTER TABLE heartbeats DROP COLUMN role, DROP COLUMN queues, DROP COLUMN version, DROP COLUMN started_at,
    DROP COLUMN ended_at, DROP COLUMN reads_kind, DROP COLUMN reads_organisation_id, DROP COLUMN reads_until;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(WALL)
    op.execute(FUNCTIONS)
    op.execute("DROP FUNCTION due_work(timestamptz)")
    turns = [TURNS.format(work=work, since=since, condition=when) for work, (since, when) in READING.items()]
    op.execute(DUE_WORK.format(body=OTHERS.format(reading="\n    UNION ALL\n    ".join(turns))))


def downgrade() -> None:
    op.execute(BEFORE)
    old = DUE_WORK.replace(", of_each integer DEFAULT 20", "")
    op.execute(old.format(body=OTHERS.format(reading=OLD_READING)))
