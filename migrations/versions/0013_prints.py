"""The four prints of a conversation stand in one row: a quarter of the rows, and half of what its indexes hold."""

from alembic import op

revision = "0013_prints"
down_revision = "0012_readers"

WALL = """
ALTER TABLE copy_prints ENABLE ROW LEVEL SECURITY;
ALTER TABLE copy_prints FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON copy_prints
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON copy_prints TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# The kind of a print was its upper 32 bits.
FORWARD = """
ALTER TABLE copy_prints RENAME TO copy_prints_before;
ALTER TABLE copy_prints_before RENAME CONSTRAINT pk_copy_prints TO pk_copy_prints_before;
CREATE TABLE copy_prints (
    organisation_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    first BIGINT NOT NULL,
    second BIGINT NOT NULL,
    third BIGINT NOT NULL,
    fourth BIGINT NOT NULL,
    CONSTRAINT pk_copy_prints PRIMARY KEY (organisation_id, conversation_id)
);
INSERT INTO copy_prints
SELECT organisation_id, conversation_id,
       max(print & 4294967295) FILTER (WHERE print >> 32 = 0),
       max(print & 4294967295) FILTER (WHERE print >> 32 = 1),
       max(print & 4294967295) FILTER (WHERE print >> 32 = 2),
       max(print & 4294967295) FILTER (WHERE print >> 32 = 3)
  FROM copy_prints_before GROUP BY organisation_id, conversation_id;
DROP TABLE copy_prints_before;
CREATE INDEX ix_copy_prints_first ON copy_prints (organisation_id, first);
CREATE INDEX ix_copy_prints_second ON copy_prints (organisation_id, second);
CREATE INDEX ix_copy_prints_third ON copy_prints (organisation_id, third);
CREATE INDEX ix_copy_prints_fourth ON copy_prints (organisation_id, fourth);
"""

BACK = """
ALTER TABLE copy_prints RENAME TO copy_prints_after;
ALTER TABLE copy_prints_after RENAME CONSTRAINT pk_copy_prints TO pk_copy_prints_after;
CREATE TABLE copy_prints (
    organisation_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    print BIGINT NOT NULL,
    CONSTRAINT pk_copy_prints PRIMARY KEY (organisation_id, conversation_id, print)
);
INSERT INTO copy_prints
SELECT organisation_id, conversation_id,
       unnest(ARRAY[first, second | (1::bigint << 32), third | (2::bigint << 32), fourth | (3::bigint << 32)])
  FROM copy_prints_after;
DROP TABLE copy_prints_after;
CREATE INDEX ix_copy_prints_print ON copy_prints (organisation_id, print, conversation_id);
"""

KEY = """
ALTER TABLE copy_prints ADD CONSTRAINT fk_conversation_id FOREIGN KEY (organisation_id, conversation_id)
    REFERENCES conversations (organisation_id, id) ON DELETE CASCADE;
"""


def upgrade() -> None:
    op.execute(FORWARD)
    op.execute(KEY)
    op.execute(WALL)


def downgrade() -> None:
    op.execute(BACK)
    op.execute(KEY)
    op.execute(WALL)
