"""What coverage and quarantine look up, indexed while people read and write."""

from healthberry.core.migrating import build_index, drop_index

revision = "0018_indexes"
down_revision = "0017_no_silent_gap"


def upgrade() -> None:
    build_index("ix_messages_posted", "messages (organisation_id, channel_id, posted_at) WHERE direction = 'inbound'")
    build_index("ix_quarantined_items_tried", "quarantined_items (tried_with)")
    build_index(
        "ix_quarantined_items_waiting", "quarantined_items (organisation_id, received_at) WHERE handled_at IS NULL"
    )


def downgrade() -> None:
    for name in ("ix_quarantined_items_waiting", "ix_quarantined_items_tried", "ix_messages_posted"):
        drop_index(name)
