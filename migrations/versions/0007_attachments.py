"""Files that came with a message and that nobody else keeps: the pictures that Care Connect hands over."""

from alembic import op

revision = "0007_attachments"
down_revision = "0006_reply_way"

TABLE = """
CREATE TABLE attachments (
    message_id UUID NOT NULL,
    name VARCHAR(200) NOT NULL,
    content_type VARCHAR(200) NOT NULL,
    body BYTEA NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_attachments PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_message_id FOREIGN KEY(organisation_id, message_id) REFERENCES messages (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_attachments_size CHECK (octet_length(body) <= 5242880),
    CONSTRAINT fk_attachments_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
CREATE INDEX ix_attachments_message ON attachments (organisation_id, message_id);
"""

WALL = """
ALTER TABLE attachments ENABLE ROW LEVEL SECURITY;
ALTER TABLE attachments FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON attachments
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON attachments TO CURRENT_USER USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(WALL)


def downgrade() -> None:
    op.execute("DROP TABLE attachments")
