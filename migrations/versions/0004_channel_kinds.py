"""Channels that somebody links, that are never asked, or that tell us: half-finished links and verified deliveries.

`pending_links` holds, sealed, what a member has entered or signed in to until a channel is chosen. `deliveries` holds what
a provider sent, verified and not yet read; no row is written to by every delivery, so a burst waits for nothing.
"""

from alembic import op

revision = "0004_channel_kinds"
down_revision = "0003_unlinking"

TABLES = """
ALTER TABLE channels ALTER next_poll_at DROP NOT NULL;
ALTER TABLE channels ADD COLUMN reread_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE channels ADD COLUMN next_delivery_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now();
ALTER TABLE channels ALTER next_delivery_at DROP DEFAULT;
ALTER TABLE channels ADD COLUMN last_delivery_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_channels_remote ON channels (kind, remote_id);
CREATE INDEX ix_channels_reread ON channels (reread_at) WHERE reread_at IS NOT NULL;

CREATE TABLE pending_links (
    member_id UUID NOT NULL,
    channel_id UUID,
    kind VARCHAR NOT NULL,
    state_hash VARCHAR NOT NULL,
    sealed BYTEA NOT NULL,
    wanted VARCHAR NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_pending_links PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id) REFERENCES members (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id) REFERENCES channels (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_pending_links_organisation_id_state_hash UNIQUE (organisation_id, state_hash),
    CONSTRAINT fk_pending_links_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
CREATE INDEX ix_pending_links_made_at ON pending_links (made_at);

CREATE TABLE deliveries (
    channel_id UUID NOT NULL,
    key VARCHAR NOT NULL,
    body TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_deliveries PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id) REFERENCES channels (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_deliveries_organisation_id_channel_id_key UNIQUE (organisation_id, channel_id, key),
    CONSTRAINT fk_deliveries_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
"""

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# Whoever sends something is no member of anything: these functions say, in ids only, whose channel it is for.
FUNCTIONS = """
CREATE FUNCTION channels_called(wanted_kind text, wanted_id text)
RETURNS TABLE (organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT c.organisation_id, c.id FROM channels c
     WHERE c.kind = wanted_kind AND c.remote_id = wanted_id AND c.state IN ('active', 'failing')
$$;

CREATE FUNCTION channel_owner(wanted_kind text, wanted uuid)
RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT c.organisation_id FROM channels c
     WHERE c.id = wanted AND c.kind = wanted_kind AND c.state IN ('active', 'failing')
$$;

CREATE FUNCTION listening_channels(wanted_kinds text[])
RETURNS TABLE (organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT c.organisation_id, c.id FROM channels c
     WHERE c.kind = ANY (wanted_kinds) AND c.state = 'active' ORDER BY c.id
$$;

CREATE FUNCTION forget_pending_links(made_before timestamptz)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    DELETE FROM pending_links WHERE made_at < made_before
$$;

CREATE INDEX ix_channels_id ON channels (id);
"""

BEFORE = """
DROP FUNCTION channels_called(text, text), channel_owner(text, uuid), listening_channels(text[]),
    forget_pending_links(timestamptz);
DROP TABLE pending_links, deliveries;
UPDATE channels SET next_poll_at = now() WHERE next_poll_at IS NULL;
DROP INDEX ix_channels_id, ix_channels_remote, ix_channels_reread;
ALTER TABLE channels DROP COLUMN reread_at, DROP COLUMN next_delivery_at, DROP COLUMN last_delivery_at,
    ALTER next_poll_at SET NOT NULL;
"""

DUE_WORK = """
CREATE OR REPLACE FUNCTION due_work(at timestamptz)
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    (SELECT 'discover', o.id, o.id FROM organisations o WHERE o.discover_next_at <= at LIMIT 200)
    UNION ALL
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
{more}    UNION ALL
    (SELECT 'erase', c.organisation_id, c.id FROM channels c WHERE c.erase_at <= at LIMIT 50)
    UNION ALL
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

PUSHED = """    UNION ALL
    (SELECT 'reread', c.organisation_id, c.id FROM channels c
      WHERE c.state = 'active' AND c.reread_at <= at AND c.backfill_state = 'done' ORDER BY c.reread_at LIMIT 200)
    UNION ALL
    (SELECT 'delivery', c.organisation_id, c.id
       FROM (SELECT DISTINCT d.organisation_id, d.channel_id FROM deliveries d) waiting
       JOIN channels c ON c.organisation_id = waiting.organisation_id AND c.id = waiting.channel_id
      WHERE c.state IN ('active', 'failing') AND c.next_delivery_at <= at LIMIT 500)
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("pending_links", "deliveries"):
        op.execute(WALL.format(table=table))
    op.execute(FUNCTIONS)
    op.execute(DUE_WORK.format(more=PUSHED))


def downgrade() -> None:
    op.execute(DUE_WORK.format(more=""))
    op.execute(BEFORE)
