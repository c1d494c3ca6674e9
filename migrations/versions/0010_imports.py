"""Files that people upload: what waits in them, what became of them, and published counts of the Friends and Family Test.

An import's file is kept only until it is done, at the latest for a day. What an import brought is found again by the import's
id in `messages.source`, as long as it can be taken back.
"""

from alembic import op

revision = "0010_imports"
down_revision = "0009_expiry"

TABLES = """
CREATE TABLE imports (
    channel_id UUID NOT NULL,
    member_id UUID,
    member_name VARCHAR NOT NULL,
    file_name VARCHAR NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 VARCHAR NOT NULL,
    content BYTEA,
    state VARCHAR NOT NULL,
    answers JSONB NOT NULL,
    look JSONB NOT NULL,
    outcome JSONB NOT NULL,
    reason VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_imports PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id) REFERENCES channels (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id) REFERENCES members (organisation_id, id) ON DELETE SET NULL (member_id),
    CONSTRAINT ck_imports_state CHECK (state in ('reading', 'asking', 'checking', 'ready', 'importing', 'done', 'undoing', 'undone', 'failed')),
    CONSTRAINT fk_imports_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
CREATE INDEX ix_imports_channel ON imports (organisation_id, channel_id, made_at);
CREATE INDEX ix_imports_due ON imports (next_at) WHERE state IN ('reading', 'checking', 'importing', 'undoing');
CREATE INDEX ix_imports_content ON imports (made_at) WHERE content IS NOT NULL;

CREATE TABLE fft_counts (
    organisation_id UUID NOT NULL,
    month VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    level VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    import_id UUID NOT NULL,
    suppressed BOOLEAN NOT NULL,
    very_good INTEGER,
    good INTEGER,
    neither INTEGER,
    poor INTEGER,
    very_poor INTEGER,
    dont_know INTEGER,
    CONSTRAINT pk_fft_counts PRIMARY KEY (organisation_id, month, service, level, code, name),
    CONSTRAINT fk_import_id FOREIGN KEY(organisation_id, import_id) REFERENCES imports (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_fft_counts_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);
"""

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# The sweep belongs to no organisation: these say, in ids only, what waits, and forget files that nobody came back to.
FUNCTIONS = """
CREATE FUNCTION due_imports(at timestamptz)
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT 'import', i.organisation_id, i.id FROM imports i
     WHERE i.state IN ('reading', 'checking', 'importing', 'undoing') AND i.next_at <= at ORDER BY i.next_at LIMIT 200
$$;

CREATE FUNCTION forget_imports(made_before timestamptz)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    DELETE FROM imports WHERE made_at < made_before AND state IN ('reading', 'asking', 'checking', 'ready', 'failed');
    UPDATE imports SET content = NULL WHERE made_at < made_before AND content IS NOT NULL AND state <> 'importing';
$$;
"""

BEFORE = """
DROP FUNCTION due_imports(timestamptz), forget_imports(timestamptz);
DROP TABLE fft_counts, imports;
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("imports", "fft_counts"):
        op.execute(WALL.format(table=table))
    op.execute(FUNCTIONS)


def downgrade() -> None:
    op.execute(BEFORE)
