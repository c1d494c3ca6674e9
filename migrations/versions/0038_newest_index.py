"""What the public page shows is read by when it began, the newest first: as quickly however much there is."""

from healthberry.core.migrating import build_index, drop_index

revision = "0038_newest_index"
down_revision = "0037_public_pages"


def upgrade() -> None:
    build_index("ix_conversations_started", "conversations (organisation_id, started_at, id)")


def downgrade() -> None:
    drop_index("ix_conversations_started")
