"""How often the sending of a mail was interrupted, apart from how often the mail server did not take it."""

import sqlalchemy as sa
from alembic import op

revision = "0023_interrupted"
down_revision = "0022_backlogs"


def upgrade() -> None:
    op.add_column("outbox_mails", sa.Column("interruptions", sa.Integer, server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("outbox_mails", "interruptions")
