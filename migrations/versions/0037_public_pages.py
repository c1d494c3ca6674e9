"""Public pages of an organisation: whether and since when there is one, of which channels, and what was taken off it.

No row: there is none, as for everybody until an administrator wants one.
"""

from alembic import op

revision = "0037_public_pages"
down_revision = "0036_operator_sessions"

TABLES = """
CREATE TABLE public_pages (
    organisation_id UUID NOT NULL,
    channels JSONB NOT NULL,
    address_key BYTEA NOT NULL,
    on_since TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_public_pages PRIMARY KEY (organisation_id),
    CONSTRAINT fk_public_pages_organisation_id FOREIGN KEY(organisation_id)
        REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE TABLE public_removals (
    organisation_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    member_name VARCHAR(200) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_public_removals PRIMARY KEY (organisation_id, conversation_id),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id)
        REFERENCES conversations (organisation_id, id) ON DELETE CASCADE
);
"""
NAMES = ("public_pages", "public_removals")

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in NAMES:
        op.execute(WALL.format(table=table))


def downgrade() -> None:
    op.execute("DROP TABLE public_removals, public_pages")
