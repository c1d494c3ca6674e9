"""A third direction of messages: what another organisation answered in the same thread."""

from alembic import op

revision = "0011_other_voices"
down_revision = "0010_imports"

DIRECTION = """
ALTER TABLE messages DROP CONSTRAINT ck_messages_direction;
ALTER TABLE messages ADD CONSTRAINT ck_messages_direction CHECK (direction in ({known}));
"""


def upgrade() -> None:
    op.execute(DIRECTION.format(known="'inbound', 'outbound', 'other'"))


def downgrade() -> None:
    op.execute("DELETE FROM messages WHERE direction = 'other'")
    op.execute(DIRECTION.format(known="'inbound', 'outbound'"))
