"""Teams: people who see only what is about some sites, services and channels. The search keeps to that too.

What a member's teams let them see stands with the member (`limited_to`), written by core/teams.py alone: whoever asks
which conversations somebody sees has the member at hand.
"""

from alembic import op

revision = "0030_teams"
down_revision = "0027_roles"

TABLES = """
ALTER TABLE members ADD COLUMN limited_to JSONB;

CREATE TABLE teams (
    name VARCHAR(200) NOT NULL,
    sites VARCHAR[] NOT NULL,
    services VARCHAR[] NOT NULL,
    channels UUID[] NOT NULL,
    unplaced BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_teams PRIMARY KEY (organisation_id, id),
    CONSTRAINT uq_teams_organisation_id_name UNIQUE (organisation_id, name),
    CONSTRAINT fk_teams_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE TABLE team_members (
    organisation_id UUID NOT NULL,
    team_id UUID NOT NULL,
    member_id UUID NOT NULL,
    CONSTRAINT pk_team_members PRIMARY KEY (organisation_id, team_id, member_id),
    CONSTRAINT fk_team_members_organisation_id FOREIGN KEY(organisation_id)
        REFERENCES organisations (id) ON DELETE CASCADE,
    CONSTRAINT fk_team_id FOREIGN KEY(organisation_id, team_id)
        REFERENCES teams (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id)
        REFERENCES members (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_team_members_member ON team_members (organisation_id, member_id);
"""
NAMES = ("teams", "team_members")

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# As in 0005, save that `within` keeps to places: the same ones, in the same way, as core/places.py.
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
    IF filters ? 'status' THEN conditions := conditions || ' AND c.status = $3->>''status''';
    ELSE conditions := conditions || ' AND c.status NOT IN (''aside'', ''copy'')'; END IF;
    IF filters ? 'channel' THEN conditions := conditions
            || ' AND (c.channel_kind = $3->>''channel'' OR $3->>''channel'' = ANY (c.also_on))';
    END IF;
    {within}
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
WITHIN = """IF filters ? 'within' THEN conditions := conditions
            || ' AND (($3->''within''->''sites'') ? split_part(c.service_code, '' '', 1)'
            || ' OR ($3->''within''->''services'') ? coalesce(nullif(c.service_code, ''''), c.service_name)'
            || ' OR ($3->''within''->''channels'') ? c.channel_id::text'
            || ' OR (($3->''within''->>''unplaced'')::boolean'
            || ' AND coalesce(c.service_code, '''') = '''' AND coalesce(c.service_name, '''') = ''''))';
    END IF;"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in NAMES:
        op.execute(WALL.format(table=table))
    op.execute(SEARCH.replace("{within}", WITHIN))


def downgrade() -> None:
    op.execute(SEARCH.replace("    {within}\n", ""))
    op.execute("DROP TABLE team_members, teams")
    op.execute("ALTER TABLE members DROP COLUMN limited_to")
