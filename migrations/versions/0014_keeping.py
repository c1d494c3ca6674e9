"""One call keeps what a provider sent, in a transaction of its own: a burst waits for one answer each, not for four.

It runs with the rights of its caller, so the wall holds: what it writes must belong to the organisation that it names.
"""

from alembic import op

revision = "0014_keeping"
down_revision = "0013_prints"

KEEP = """
CREATE FUNCTION keep_deliveries(organisation uuid, channel uuid, rows json) RETURNS void
LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
    PERFORM set_config('app.organisation_id', organisation::text, true);
    INSERT INTO deliveries (organisation_id, id, channel_id, key, body, received_at)
    SELECT organisation, given.id, channel, given.key, given.body, given.received_at
      FROM json_to_recordset(rows) AS given (id uuid, key text, body text, received_at timestamptz)
        ON CONFLICT DO NOTHING;
END
$$;
"""


def upgrade() -> None:
    op.execute(KEEP)


def downgrade() -> None:
    op.execute("DROP FUNCTION keep_deliveries")
