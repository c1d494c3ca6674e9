"""Whether anybody else waits for a worker: where nobody does, the loading of histories may take more than its share."""

from alembic import op

revision = "0022_backlogs"
down_revision = "0021_installation"

WAIT = """
CREATE FUNCTION others_wait(the_kind text, the_organisation uuid, kind_full boolean, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT EXISTS (
        SELECT 1 FROM channels c
         WHERE c.state IN ('active', 'failing')
           AND (CASE WHEN kind_full THEN c.kind <> the_kind ELSE c.organisation_id <> the_organisation END)
           AND ((c.next_poll_at <= at AND (c.claimed_until IS NULL OR c.claimed_until < at))
             OR (c.backfill_state <> 'done' AND c.backfill_next_at <= at
                 AND (c.backfill_claimed_until IS NULL OR c.backfill_claimed_until < at))
             OR (c.next_delivery_at <= at AND (c.delivery_claimed_until IS NULL OR c.delivery_claimed_until < at)
                 AND EXISTS (SELECT 1 FROM deliveries d
                              WHERE d.organisation_id = c.organisation_id AND d.channel_id = c.id))))
$$;
"""


def upgrade() -> None:
    op.execute(WAIT)


def downgrade() -> None:
    op.execute("DROP FUNCTION others_wait")
