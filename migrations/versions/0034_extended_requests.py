"""A request about data may be answered two months later, once, for a reason that whoever asked is told."""

from alembic import op

revision = "0034_extended_requests"
down_revision = "0033_print_indexes"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE data_requests ADD COLUMN extended_at TIMESTAMP WITH TIME ZONE,"
        " ADD COLUMN extended_because VARCHAR NOT NULL DEFAULT ''"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE data_requests DROP COLUMN extended_at, DROP COLUMN extended_because")
