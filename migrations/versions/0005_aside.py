"""Conversations that the ordinary list does not show: copies of one story on two sites, and noise that was set aside.

Both are statuses, so that every list, count and search leaves them out by the index it has. `copy_prints` finds
near-identical texts by equality, which row-level security lets use an index. Nothing that is set aside is deleted.
"""

from alembic import op

revision = "0005_aside"
down_revision = "0004_channel_kinds"

TABLES = """
CREATE TABLE noise_rules (
    channel_id UUID NOT NULL,
    kind VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    member_id UUID,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_noise_rules PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id) REFERENCES channels (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id) REFERENCES members (organisation_id, id) ON DELETE SET NULL (member_id),
    CONSTRAINT uq_noise_rules_organisation_id_channel_id_kind_value UNIQUE (organisation_id, channel_id, kind, value),
    CONSTRAINT ck_noise_rules_kind CHECK (kind in ('must', 'must_not', 'author', 'refused')),
    CONSTRAINT fk_noise_rules_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

ALTER TABLE conversations ADD COLUMN copy_of UUID, ADD COLUMN copy_parted BOOLEAN NOT NULL DEFAULT false,
    ADD COLUMN also_on VARCHAR[] NOT NULL DEFAULT '{}', ADD COLUMN aside_rule_id UUID;
ALTER TABLE conversations ALTER copy_parted DROP DEFAULT, ALTER also_on DROP DEFAULT;
ALTER TABLE conversations DROP CONSTRAINT ck_conversations_status;
ALTER TABLE conversations ADD CONSTRAINT ck_conversations_status
    CHECK (status in ('open', 'waiting', 'snoozed', 'closed', 'aside', 'copy'));
ALTER TABLE conversations ADD CONSTRAINT fk_copy_of FOREIGN KEY (organisation_id, copy_of)
    REFERENCES conversations (organisation_id, id) ON DELETE SET NULL (copy_of);
ALTER TABLE conversations ADD CONSTRAINT fk_aside_rule_id FOREIGN KEY (organisation_id, aside_rule_id)
    REFERENCES noise_rules (organisation_id, id) ON DELETE SET NULL (aside_rule_id);
CREATE INDEX ix_conversations_copies ON conversations (organisation_id, copy_of) WHERE copy_of IS NOT NULL;
CREATE INDEX ix_conversations_aside ON conversations (organisation_id, aside_rule_id) WHERE aside_rule_id IS NOT NULL;
CREATE INDEX ix_conversations_syndication ON conversations (organisation_id, syndication_key)
    WHERE syndication_key IS NOT NULL;

CREATE TABLE copy_prints (
    organisation_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    print BIGINT NOT NULL,
    CONSTRAINT pk_copy_prints PRIMARY KEY (organisation_id, conversation_id, print),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_copy_prints_print ON copy_prints (organisation_id, print, conversation_id);
"""

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

BEFORE = """
UPDATE conversations SET status = 'closed', closed_reason = 'duplicate' WHERE status = 'copy';
UPDATE conversations SET status = 'closed', closed_reason = 'not_about_us' WHERE status = 'aside';
DROP TABLE copy_prints;
DROP INDEX ix_conversations_copies, ix_conversations_syndication, ix_conversations_aside;
ALTER TABLE conversations DROP CONSTRAINT ck_conversations_status, DROP CONSTRAINT fk_copy_of,
    DROP CONSTRAINT fk_aside_rule_id, DROP COLUMN copy_of, DROP COLUMN copy_parted, DROP COLUMN also_on,
    DROP COLUMN aside_rule_id;
ALTER TABLE conversations ADD CONSTRAINT ck_conversations_status
    CHECK (status in ('open', 'waiting', 'snoozed', 'closed'));
DROP TABLE noise_rules;
"""

# As in 0002, save that what is aside or a copy is left out where no status is asked for, and that a channel also finds
# what is shown once for several.
SEARCH = """
CREATE OR REPLACE FUNCTION search_conversations(words text, filters jsonb, size integer)
RETURNS SETOF uuid LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
DECLARE
    org uuid := nullif(current_setting('app.organisation_id', true), '')::uuid;
    query tsquery := websearch_to_tsquery('english', words);
    hits uuid[];
    conditions text := '';
    ordering text := ' ORDER BY c.last_activity_at DESC, c.id DESC LIMIT ' || size;
    statement text;
BEGIN
    IF org IS NULL OR numnode(query) = 0 THEN
        RETURN;
    END IF;
    {status}
    {channel}
    IF filters ? 'service' THEN conditions := conditions || ' AND c.service_code = $3->>''service'''; END IF;
    IF filters ? 'assignee' THEN conditions := conditions || ' AND c.assignee_id = ($3->>''assignee'')::uuid'; END IF;
    IF filters ? 'nobody' THEN conditions := conditions || ' AND c.assignee_id IS NULL'; END IF;
    IF filters ? 'unread' THEN
        conditions := conditions || ' AND EXISTS (SELECT 1 FROM unread u WHERE u.organisation_id = $1'
            || ' AND u.member_id = ($3->>''unread'')::uuid AND u.conversation_id = c.id)';
    END IF;
    IF filters ? 'only' THEN conditions := conditions || ' AND c.id = ($3->>''only'')::uuid'; END IF;
    IF filters ? 'at' THEN
        conditions := conditions || ' AND (c.last_activity_at, c.id) ' || CASE WHEN filters ? 'upwards' THEN '>' ELSE '<' END
            || ' (($3->>''at'')::timestamptz, ($3->>''id'')::uuid)';
    END IF;
    IF filters ? 'upwards' THEN ordering := ' ORDER BY c.last_activity_at, c.id LIMIT ' || size; END IF;
    SELECT array_agg(found.conversation_id) INTO hits FROM (
        SELECT s.conversation_id FROM search_texts s WHERE s.organisation_id = org AND s.words @@ query LIMIT 1501
    ) AS found;
    IF coalesce(cardinality(hits), 0) <= 1500 THEN
        statement := 'SELECT c.id FROM unnest($2) AS found (id)'
            || ' JOIN conversations c ON c.organisation_id = $1 AND c.id = found.id'
            || ' WHERE true' || conditions || ordering;
        RETURN QUERY EXECUTE statement USING org, hits, filters;
    ELSE
        statement := 'SELECT c.id FROM conversations c JOIN search_texts s'
            || ' ON s.organisation_id = $1 AND s.conversation_id = c.id AND s.words @@ $2'
            || ' WHERE c.organisation_id = $1' || conditions || ordering;
        RETURN QUERY SELECT * FROM search_walk(statement, org, query, filters);
    END IF;
END
$$;
"""

CHANNEL_BEFORE = """IF filters ? 'channel' THEN
        conditions := conditions || ' AND c.channel_kind = $3->>''channel'''; END IF;"""
CHANNEL = """IF filters ? 'channel' THEN conditions := conditions
            || ' AND (c.channel_kind = $3->>''channel'' OR $3->>''channel'' = ANY (c.also_on))';
    END IF;"""
STATUS_BEFORE = """IF filters ? 'status' THEN conditions := conditions || ' AND c.status = $3->>''status'''; END IF;"""
STATUS = """IF filters ? 'status' THEN conditions := conditions || ' AND c.status = $3->>''status''';
    ELSE conditions := conditions || ' AND c.status NOT IN (''aside'', ''copy'')'; END IF;"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in ("noise_rules", "copy_prints"):
        op.execute(WALL.format(table=table))
    op.execute(SEARCH.replace("{status}", STATUS).replace("{channel}", CHANNEL))


def downgrade() -> None:
    op.execute(SEARCH.replace("{status}", STATUS_BEFORE).replace("{channel}", CHANNEL_BEFORE))
    op.execute(BEFORE)
