"""How often the sending of a mail was interrupted, apart from how often the mail server did not take it.

And a way to forget failures of work that is long done by another way.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023_interrupted"
down_revision = "0022_backlogs"

FORGET = """
CREATE FUNCTION forget_failed_work(before timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    DELETE FROM failed_work WHERE stopped_at IS NULL AND next_at < before
$$;
"""


def upgrade() -> None:
    op.execute(FORGET)
    op.add_column("outbox_mails", sa.Column("interruptions", sa.Integer, server_default="0", nullable=False))


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_failed_work(timestamptz)")
    op.drop_column("outbox_mails", "interruptions")
