"""A print says on which channel and when its conversation began: copies are looked for elsewhere and near in time only.

Until now the database looked at every conversation of the organisation for each page that was read.
"""

from alembic import op

revision = "0032_print_days"
down_revision = "0031_openid"

FORWARD = """
ALTER TABLE copy_prints ADD COLUMN channel_id UUID, ADD COLUMN started_at TIMESTAMP WITH TIME ZONE;
UPDATE copy_prints AS p SET channel_id = c.channel_id, started_at = c.started_at
  FROM conversations AS c WHERE c.organisation_id = p.organisation_id AND c.id = p.conversation_id;
"""


def upgrade() -> None:
    op.execute(FORWARD)


def downgrade() -> None:
    op.execute("ALTER TABLE copy_prints DROP COLUMN channel_id, DROP COLUMN started_at")
