"""How long things are kept, erasing what one author wrote, restricting it meanwhile, and legal holds."""

from alembic import op

revision = "0019_letting_go"
down_revision = "0017_no_silent_gap"

OWNED = """
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_{table} PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_{table}_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE"""
CHANNEL = (
    "CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id)"
    " REFERENCES channels (organisation_id, id) ON DELETE CASCADE"
)
MEMBER = (
    "CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id)"
    " REFERENCES members (organisation_id, id) ON DELETE SET NULL (member_id)"
)
AUTHOR = (
    "CONSTRAINT fk_author_id FOREIGN KEY(organisation_id, author_id)"
    " REFERENCES authors (organisation_id, id) ON DELETE SET NULL (author_id)"
)
CONVERSATION = (
    "CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id)"
    " REFERENCES conversations (organisation_id, id) ON DELETE"
)

TABLES = f"""
CREATE TABLE keeping_limits (
    organisation_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    days INTEGER NOT NULL,
    CONSTRAINT pk_keeping_limits PRIMARY KEY (organisation_id, kind),
    CONSTRAINT ck_keeping_limits_days CHECK (days > 0),
    CONSTRAINT fk_keeping_limits_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE TABLE keeping_nights (
    night DATE NOT NULL,
    let_go JSONB NOT NULL,
    reason VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    {OWNED.format(table="keeping_nights")},
    CONSTRAINT uq_keeping_nights_organisation_id_night UNIQUE (organisation_id, night)
);
CREATE INDEX ix_keeping_nights_due ON keeping_nights (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE erasures (
    channel_id UUID NOT NULL,
    author_id UUID,
    conversation_id UUID,
    member_id UUID,
    member_name VARCHAR(200) NOT NULL,
    reference VARCHAR(200) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    wanted JSONB NOT NULL,
    counts JSONB NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    {OWNED.format(table="erasures")},
    {CHANNEL},
    {AUTHOR},
    {CONVERSATION} SET NULL (conversation_id),
    {MEMBER}
);
CREATE INDEX ix_erasures_due ON erasures (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX ix_erasures_channel ON erasures (organisation_id, channel_id);

CREATE TABLE suppressions (
    organisation_id UUID NOT NULL,
    channel_id UUID NOT NULL,
    mark BYTEA NOT NULL,
    effect VARCHAR NOT NULL,
    before TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_suppressions PRIMARY KEY (organisation_id, channel_id, mark, effect),
    CONSTRAINT ck_suppressions_effect CHECK (effect in ('erased', 'restricted')),
    {CHANNEL}
);

CREATE TABLE restrictions (
    channel_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    author_id UUID,
    member_id UUID,
    member_name VARCHAR(200) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    lifted_at TIMESTAMP WITH TIME ZONE,
    lifted_by VARCHAR NOT NULL,
    {OWNED.format(table="restrictions")},
    {CHANNEL},
    {AUTHOR},
    {CONVERSATION} CASCADE,
    {MEMBER}
);
CREATE INDEX ix_restrictions_conversation ON restrictions (organisation_id, conversation_id);
CREATE INDEX ix_restrictions_author ON restrictions (organisation_id, author_id);

CREATE TABLE holds (
    channel_id UUID NOT NULL,
    conversation_id UUID,
    member_id UUID,
    member_name VARCHAR(200) NOT NULL,
    reason VARCHAR(200) NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    lifted_at TIMESTAMP WITH TIME ZONE,
    lifted_by VARCHAR NOT NULL,
    {OWNED.format(table="holds")},
    {CHANNEL},
    {CONVERSATION} CASCADE,
    {MEMBER}
);
CREATE INDEX ix_holds_active ON holds (organisation_id, channel_id) WHERE lifted_at IS NULL;

CREATE TABLE held_words (
    organisation_id UUID NOT NULL,
    message_id UUID NOT NULL,
    sealed BYTEA NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_held_words PRIMARY KEY (organisation_id, message_id),
    CONSTRAINT fk_message_id FOREIGN KEY(organisation_id, message_id) REFERENCES messages (organisation_id, id) ON DELETE CASCADE
);
"""
NAMES = (
    "keeping_limits",
    "keeping_nights",
    "erasures",
    "suppressions",
    "restrictions",
    "holds",
    "held_words",
)

# A constant default is written into no row: the tables are not rewritten.
COLUMNS = """
ALTER TABLE channels ADD COLUMN suppresses BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE conversations
    ADD COLUMN restricted BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN erased_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE organisation_details ADD COLUMN suppression_key BYTEA;
"""

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# The clock belongs to no organisation: these begin a night for each, and say in ids only what waits.
FUNCTIONS = """
CREATE FUNCTION begin_keeping(tonight date, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    INSERT INTO keeping_nights (organisation_id, id, night, let_go, reason, attempts, begun_at, next_at)
    SELECT o.id, gen_random_uuid(), tonight, '{}', '', 0, at, at FROM organisations o
        ON CONFLICT DO NOTHING
$$;

CREATE FUNCTION due_keeping(at timestamptz)
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    (SELECT 'night', n.organisation_id, n.id FROM keeping_nights n WHERE n.next_at <= at ORDER BY n.next_at LIMIT 200)
     UNION ALL
    (SELECT 'erasure', e.organisation_id, e.id FROM erasures e WHERE e.next_at <= at ORDER BY e.next_at LIMIT 200)
$$;
DROP FUNCTION channels_with_expired(text, date);
"""

BEFORE = """
DROP FUNCTION begin_keeping(date, timestamptz), due_keeping(timestamptz);
DROP TABLE {tables};
ALTER TABLE channels DROP COLUMN suppresses;
ALTER TABLE conversations DROP COLUMN restricted, DROP COLUMN erased_at;
ALTER TABLE organisation_details DROP COLUMN suppression_key;
CREATE FUNCTION channels_with_expired(wanted_kind text, before date)
RETURNS TABLE (organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT c.organisation_id, c.id FROM channels c
     WHERE c.kind = wanted_kind
       AND EXISTS (SELECT FROM conversations v
                    WHERE v.organisation_id = c.organisation_id AND v.channel_id = c.id
                      AND v.expired_at IS NULL AND v.happened_on < before);
$$;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(COLUMNS)
    for table in NAMES:
        op.execute(WALL.format(table=table))
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute(BEFORE.format(tables=", ".join(NAMES)))
