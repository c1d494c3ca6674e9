"""The other id by which a second reader of a channel knows the same message."""

from alembic import op

revision = "0012_readers"
down_revision = "0011_other_voices"


def upgrade() -> None:
    op.execute("ALTER TABLE messages ADD COLUMN also_id VARCHAR")
    op.execute(
        "CREATE INDEX ix_messages_also ON messages (organisation_id, channel_id, also_id) WHERE also_id IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE messages DROP COLUMN also_id")
