"""When the permission of an unlinked channel is given back at its provider: its tokens are kept until then, a day at most."""

from alembic import op

revision = "0015_revocations"
down_revision = "0014_keeping"

DUE = """
CREATE FUNCTION due_revocations(at timestamptz)
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT 'revoke', c.organisation_id, c.id FROM channels c WHERE c.revoke_at <= at ORDER BY c.revoke_at LIMIT 200
$$;
"""


def upgrade() -> None:
    op.execute("ALTER TABLE channels ADD COLUMN revoke_at TIMESTAMP WITH TIME ZONE")
    op.execute("CREATE INDEX ix_channels_revoke ON channels (revoke_at) WHERE revoke_at IS NOT NULL")
    op.execute(DUE)


def downgrade() -> None:
    op.execute("DROP FUNCTION due_revocations(timestamptz)")
    op.execute("UPDATE channels SET sealed_secrets = NULL WHERE revoke_at IS NOT NULL")
    op.execute("ALTER TABLE channels DROP COLUMN revoke_at")
