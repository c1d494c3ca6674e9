"""Teams: people who see only what is about some sites, services and channels. The search keeps to that too.

What a member's teams let them see stands with the member (`limited_to`), written by core/teams.py alone: whoever asks
which conversations somebody sees has the member at hand.

And commissioners: the one place where an organisation is shown something of another one. What it is shown is decided
here, in three functions that give counts and what is published, and nothing else (docs/decisions/0024-commissioners.md).
"""

from alembic import op

revision = "0030_teams"
down_revision = "0029_rights"

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

# NOT VALID: rows that are there keep to it already, and are not looked through while the table is held.
ROLES = """
-- squawk-ignore ban-drop-constraint
ALTER TABLE members DROP CONSTRAINT ck_members_role;
ALTER TABLE members ADD CONSTRAINT ck_members_role CHECK (role in ({})) NOT VALID;
"""

# What the operator said of one provider and one commissioner: that it is so, or that it is not, whatever the register
# says. Both of them read it; nobody who acts for any organisation writes it.
COMMISSIONED = """
CREATE TABLE commissioned (
    provider_id UUID NOT NULL,
    commissioner_id UUID NOT NULL,
    is_so BOOLEAN NOT NULL,
    said_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_commissioned PRIMARY KEY (provider_id, commissioner_id),
    CONSTRAINT fk_commissioned_provider_id FOREIGN KEY(provider_id) REFERENCES organisations (id) ON DELETE CASCADE,
    CONSTRAINT fk_commissioned_commissioner_id FOREIGN KEY(commissioner_id)
        REFERENCES organisations (id) ON DELETE CASCADE,
    CONSTRAINT ck_commissioned_two CHECK (provider_id <> commissioner_id)
);
CREATE INDEX ix_commissioned_commissioner ON commissioned (commissioner_id);

ALTER TABLE commissioned ENABLE ROW LEVEL SECURITY;
ALTER TABLE commissioned FORCE ROW LEVEL SECURITY;
CREATE POLICY both_read ON commissioned FOR SELECT
    USING (nullif(current_setting('app.organisation_id', true), '')::uuid IN (provider_id, commissioner_id));
CREATE POLICY operator ON commissioned
    USING (nullif(current_setting('app.organisation_id', true), '') IS NULL)
    WITH CHECK (nullif(current_setting('app.organisation_id', true), '') IS NULL);
CREATE POLICY owner_sees_all ON commissioned TO CURRENT_USER USING (true) WITH CHECK (true);

-- A board commissions all that stands below it in the register (practices by way of their sub-location, sites by way of
-- their trust), as far as somebody has proved to act for it.
CREATE FUNCTION commissioned_by(commissioner uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    WITH RECURSIVE below (ods_code) AS (
        SELECT p.ods_code
          FROM organisations o
          JOIN providers top ON top.ods_code = o.ods_code
          JOIN providers p ON p.parent_code = top.ods_code
         WHERE o.id = commissioner AND top.kind IN ('icb', 'sub_icb', 'health_board') AND top.closed_on IS NULL
        UNION
        SELECT p.ods_code FROM below b JOIN providers p ON p.parent_code = b.ods_code
    )
    SELECT o.id
      FROM organisations o
      LEFT JOIN commissioned c ON c.provider_id = o.id AND c.commissioner_id = commissioner
     WHERE o.id <> commissioner
       AND coalesce(c.is_so, o.listed AND o.ods_code IN (SELECT ods_code FROM below), false)
       AND EXISTS (SELECT FROM members m WHERE m.organisation_id = o.id AND m.level = 2 AND m.left_at IS NULL)
$$;

-- Who asks is always the organisation of the transaction: nobody asks for another one.
CREATE FUNCTION commissioned_here(provider uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    SELECT provider IN (SELECT commissioned_by(nullif(current_setting('app.organisation_id', true), '')::uuid))
$$;

CREATE FUNCTION is_commissioner() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    SELECT EXISTS (
        SELECT FROM organisations o
          LEFT JOIN providers p ON p.ods_code = o.ods_code AND p.closed_on IS NULL
         WHERE o.id = nullif(current_setting('app.organisation_id', true), '')::uuid
           AND (o.listed AND p.kind IN ('icb', 'sub_icb', 'health_board')
                OR EXISTS (SELECT FROM commissioned c WHERE c.commissioner_id = o.id AND c.is_so)))
$$;

CREATE FUNCTION commissioned_providers() RETURNS TABLE (id uuid, ods_code varchar, name varchar, kind varchar, town varchar)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    SELECT o.id, o.ods_code, o.name, o.kind, o.town
      FROM organisations o
      JOIN commissioned_by(nullif(current_setting('app.organisation_id', true), '')::uuid) AS theirs (id) USING (id)
     ORDER BY o.name, o.id
$$;

CREATE FUNCTION commissioners_here() RETURNS TABLE (id uuid, name varchar)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    WITH RECURSIVE above (ods_code) AS (
        SELECT p.parent_code FROM organisations o JOIN providers p ON p.ods_code = o.ods_code
         WHERE o.id = nullif(current_setting('app.organisation_id', true), '')::uuid
        UNION
        SELECT p.parent_code FROM above a JOIN providers p ON p.ods_code = a.ods_code WHERE p.parent_code IS NOT NULL
    )
    SELECT o.id, o.name FROM organisations o
     WHERE (o.ods_code IN (SELECT ods_code FROM above)
            OR o.id IN (SELECT c.commissioner_id FROM commissioned c
                         WHERE c.provider_id = nullif(current_setting('app.organisation_id', true), '')::uuid))
       AND EXISTS (SELECT FROM members m WHERE m.organisation_id = o.id AND m.level = 2 AND m.left_at IS NULL)
       AND nullif(current_setting('app.organisation_id', true), '')::uuid IN (SELECT commissioned_by(o.id))
     ORDER BY o.name, o.id
$$;

-- Counts as the NHS publishes them: 1 to 7 are not said (NULL), others to the nearest five.
CREATE FUNCTION said_count(exactly bigint) RETURNS integer
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT CASE WHEN exactly = 0 THEN 0 WHEN exactly < 8 THEN NULL ELSE (round(exactly / 5.0) * 5)::integer END
$$;

-- Twelve months by the calendar of London. Without a month: all of them; without a kind: all channels.
CREATE FUNCTION commissioned_figures(provider uuid)
RETURNS TABLE (month date, channel_kind varchar, items integer, answered integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    WITH counted AS (
        SELECT date_trunc('month', c.started_at AT TIME ZONE 'Europe/London')::date AS month, c.channel_kind,
               count(*) AS items, count(*) FILTER (WHERE c.replied) AS answered
          FROM conversations c
         WHERE c.organisation_id = provider AND commissioned_here(provider)
           AND c.started_at >= (date_trunc('month', now() AT TIME ZONE 'Europe/London') - interval '11 months')
                               AT TIME ZONE 'Europe/London'
           AND c.status NOT IN ('aside', 'copy') AND NOT c.restricted AND NOT c.withdrawn AND c.erased_at IS NULL
         GROUP BY GROUPING SETS ((1, 2), (1), (2), ())
    )
    SELECT month, channel_kind, said_count(items), CASE WHEN items >= 8 THEN said_count(answered) END
      FROM counted WHERE items > 0
     ORDER BY month DESC NULLS FIRST, channel_kind NULLS FIRST
$$;

-- What anybody can read on the site itself: only kinds of channels that publish, only what is still there. No author,
-- no colleague, no time of day. What is not named here is not given.
CREATE FUNCTION commissioned_words(provider uuid, before timestamptz, before_id uuid, most integer)
RETURNS TABLE (conversation_id uuid, started_at timestamptz, channel_kind varchar, service_name varchar, rating float,
               rating_out_of float, direction varchar, title varchar, words varchar, posted_on date, url varchar)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    WITH shown AS (
        SELECT c.*
          FROM conversations c
         WHERE c.organisation_id = provider AND commissioned_here(provider)
           AND c.channel_kind IN ('bluesky', 'careopinion', 'facebook', 'feed', 'google', 'instagram', 'mastodon',
                                  'nhsuk', 'x', 'youtube')
           AND c.status NOT IN ('aside', 'copy') AND NOT c.restricted AND NOT c.withdrawn
           AND c.erased_at IS NULL AND c.expired_at IS NULL
           AND (before IS NULL OR (c.started_at, c.id) < (before, before_id))
           AND EXISTS (SELECT FROM messages m
                        WHERE m.organisation_id = provider AND m.conversation_id = c.id AND m.direction = 'inbound'
                          AND m.withdrawn_at IS NULL AND NOT m.source @> '{"private": true}')
         ORDER BY c.started_at DESC, c.id DESC
         LIMIT least(most, 50)
    )
    SELECT c.id, c.started_at, c.channel_kind, c.service_name, c.rating, c.rating_out_of, m.direction, m.title, m.text,
           (m.posted_at AT TIME ZONE 'Europe/London')::date, coalesce(m.url, c.url)
      FROM shown c JOIN messages m ON m.organisation_id = c.organisation_id AND m.conversation_id = c.id
     WHERE m.withdrawn_at IS NULL AND NOT m.source @> '{"private": true}' AND m.title || m.text <> ''
     ORDER BY c.started_at DESC, c.id DESC, m.posted_at, m.id
$$;
"""
FUNCTIONS = (
    "commissioned_words, commissioned_figures, said_count, commissioners_here, commissioned_providers,"
    " is_commissioner, commissioned_here, commissioned_by"
)


def upgrade() -> None:
    op.execute(TABLES)
    for table in NAMES:
        op.execute(WALL.format(table=table))
    op.execute(SEARCH.replace("{within}", WITHIN))
    op.execute(ROLES.format("'administrator', 'approver', 'responder', 'viewer', 'commissioner'"))
    op.execute(COMMISSIONED)


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {FUNCTIONS}")
    op.execute("DROP TABLE commissioned")
    op.execute("UPDATE members SET role = 'viewer' WHERE role = 'commissioner'")
    op.execute(ROLES.format("'administrator', 'approver', 'responder', 'viewer'"))
    op.execute(SEARCH.replace("    {within}\n", ""))
    op.execute("DROP TABLE team_members, teams")
    op.execute("ALTER TABLE members DROP COLUMN limited_to")
