"""A code is asked for by a stranger, or by a browser whose owner has proven the address before: each is counted apart."""

from alembic import op

revision = "0035_known_browsers"
down_revision = "0034_extended_requests"


def upgrade() -> None:
    op.execute("ALTER TABLE email_codes ADD COLUMN browser VARCHAR NOT NULL DEFAULT ''")


def downgrade() -> None:
    op.execute("ALTER TABLE email_codes DROP COLUMN browser")
