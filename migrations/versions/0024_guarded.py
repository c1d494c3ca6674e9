"""What an organisation publishes of itself, and what somebody let stand in a public reply."""

from alembic import op

revision = "0024_guarded"
down_revision = "0023_interrupted"


def upgrade() -> None:
    # Constants as defaults: no row is written.
    op.execute("ALTER TABLE organisation_details ADD COLUMN published_contacts JSONB NOT NULL DEFAULT '[]'")
    op.execute("ALTER TABLE replies ADD COLUMN let_stand JSONB NOT NULL DEFAULT '[]'")


def downgrade() -> None:
    op.execute("ALTER TABLE replies DROP COLUMN let_stand")
    op.execute("ALTER TABLE organisation_details DROP COLUMN published_contacts")
