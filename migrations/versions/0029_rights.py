"""People's rights: what they ask about their data, until when, and what was done; and replies that said too much.

A mail can go to an address that is no member's: whoever asked, and the data protection contact.
"""

from alembic import op

revision = "0029_rights"
down_revision = "0028_claims"

# What ran before this revision takes such a mail for one to somebody who has left, and skips it: nothing breaks.
COLUMNS = """
-- squawk-ignore ban-drop-not-null
ALTER TABLE outbox_mails ALTER COLUMN member_id DROP NOT NULL;
ALTER TABLE organisation_details ADD COLUMN dpo_name VARCHAR(200) NOT NULL DEFAULT '';
ALTER TABLE organisation_details ADD COLUMN dpo_email VARCHAR(200) NOT NULL DEFAULT '';
"""

OWNED = """
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_{table} PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_{table}_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE"""
BY_MEMBER = (
    "CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id)"
    " REFERENCES members (organisation_id, id) ON DELETE SET NULL (member_id)"
)

TABLES = f"""
CREATE TABLE data_requests (
    reference VARCHAR(20) NOT NULL,
    kind VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    words VARCHAR NOT NULL,
    contact VARCHAR(200) NOT NULL,
    written_by VARCHAR(200) NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    due_on DATE NOT NULL,
    acknowledge_by DATE,
    acknowledged_at TIMESTAMP WITH TIME ZONE,
    outcome VARCHAR NOT NULL,
    answer VARCHAR NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by VARCHAR(200) NOT NULL,
    forgotten_at TIMESTAMP WITH TIME ZONE,
    {OWNED.format(table="data_requests")},
    CONSTRAINT uq_data_requests_organisation_id UNIQUE (organisation_id, reference),
    CONSTRAINT ck_data_requests_kind CHECK (kind in ('erase', 'copy', 'object', 'complain')),
    CONSTRAINT ck_data_requests_outcome CHECK (outcome in ('', 'erased', 'answered', 'refused'))
);
CREATE INDEX ix_data_requests_due ON data_requests (organisation_id, due_on) WHERE closed_at IS NULL;
CREATE INDEX ix_data_requests_contact ON data_requests (organisation_id, contact, received_at);

CREATE TABLE data_request_steps (
    request_id UUID NOT NULL,
    step VARCHAR NOT NULL,
    member_id UUID,
    member_name VARCHAR(200) NOT NULL,
    words VARCHAR(200) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    {OWNED.format(table="data_request_steps")},
    {BY_MEMBER},
    CONSTRAINT fk_request_id FOREIGN KEY(organisation_id, request_id)
        REFERENCES data_requests (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_data_request_steps_request ON data_request_steps (organisation_id, request_id, at);

CREATE TABLE disclosures (
    conversation_id UUID,
    channel_id UUID,
    message_id UUID NOT NULL,
    member_id UUID,
    member_name VARCHAR(200) NOT NULL,
    what JSONB NOT NULL,
    found_at TIMESTAMP WITH TIME ZONE NOT NULL,
    removal VARCHAR NOT NULL,
    trouble VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE,
    removed_at TIMESTAMP WITH TIME ZONE,
    removed_by VARCHAR(200) NOT NULL,
    outcome VARCHAR NOT NULL,
    ico_reference VARCHAR(200) NOT NULL,
    reason VARCHAR NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    closed_by VARCHAR(200) NOT NULL,
    {OWNED.format(table="disclosures")},
    {BY_MEMBER},
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id)
        REFERENCES conversations (organisation_id, id) ON DELETE SET NULL (conversation_id),
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id)
        REFERENCES channels (organisation_id, id) ON DELETE SET NULL (channel_id),
    CONSTRAINT ck_disclosures_removal CHECK (removal in ('asked', 'by_hand', 'done')),
    CONSTRAINT ck_disclosures_outcome CHECK (outcome in ('', 'reported', 'not_reportable'))
);
CREATE UNIQUE INDEX uq_disclosures_open ON disclosures (organisation_id, message_id) WHERE closed_at IS NULL;
CREATE INDEX ix_disclosures_conversation ON disclosures (organisation_id, conversation_id);
CREATE INDEX ix_disclosures_due ON disclosures (next_at) WHERE next_at IS NOT NULL;
"""
NAMES = ("data_requests", "data_request_steps", "disclosures")

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# Ids only, of all organisations: what the sweep finds and hands to a worker.
DUE = """
CREATE FUNCTION due_disclosures(at timestamptz) RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT 'disclosure', d.organisation_id, d.id FROM disclosures d WHERE d.next_at <= at ORDER BY d.next_at LIMIT 20
$$;
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(TABLES)
    op.execute(DUE)
    for table in NAMES:
        op.execute(WALL.format(table=table))


def downgrade() -> None:
    op.execute("DROP FUNCTION due_disclosures(timestamptz)")
    for table in reversed(NAMES):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE organisation_details DROP COLUMN dpo_name, DROP COLUMN dpo_email")
    op.execute("DELETE FROM outbox_mails WHERE member_id IS NULL")
    op.execute("ALTER TABLE outbox_mails ALTER COLUMN member_id SET NOT NULL")
