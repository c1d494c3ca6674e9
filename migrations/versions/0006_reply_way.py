"""Which of several ways a reply takes, and a draft means to take: publicly, or in private to its author."""

from alembic import op

revision = "0006_reply_way"
down_revision = "0005_aside"


def upgrade() -> None:
    for table in ("replies", "drafts"):
        op.execute(f"ALTER TABLE {table} ADD COLUMN way VARCHAR NOT NULL DEFAULT ''")
        op.execute(f"ALTER TABLE {table} ALTER way DROP DEFAULT")


def downgrade() -> None:
    for table in ("replies", "drafts"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN way")
