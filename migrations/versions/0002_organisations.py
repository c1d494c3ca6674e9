"""Organisations, members, channels, conversations, replies, and the wall between organisations.

Every table that carries `organisation_id` has row-level security, forced: a role sees the rows of the organisation named by
`app.organisation_id` only, and none without it. The owner of the tables sees all, because the functions below run as the
owner; each of them returns ids only, or keeps to the transaction's organisation itself.
"""

from alembic import op

revision = "0002_organisations"
down_revision = "0001_register"

OWNED = (
    "organisation_details",
    "activity_counters",
    "members",
    "channels",
    "quarantined_items",
    "authors",
    "conversations",
    "messages",
    "search_texts",
    "unread",
    "notes",
    "activities",
    "drafts",
    "replies",
    "outbox_mails",
    "mail_causes",
)

TABLES = """
CREATE TABLE email_codes (
    id UUID NOT NULL,
    purpose VARCHAR NOT NULL,
    email VARCHAR(200) NOT NULL,
    subject VARCHAR NOT NULL,
    ip VARCHAR NOT NULL,
    code_hash VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    tries INTEGER NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_email_codes PRIMARY KEY (id)
);

CREATE INDEX ix_email_codes_email_made_at ON email_codes (email, made_at);

CREATE INDEX ix_email_codes_ip_made_at ON email_codes (ip, made_at);

CREATE INDEX ix_email_codes_subject_made_at ON email_codes (subject, made_at);

CREATE TABLE heartbeats (
    process VARCHAR NOT NULL,
    beat_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_heartbeats PRIMARY KEY (process)
);

CREATE TABLE organisations (
    id UUID NOT NULL,
    ods_code VARCHAR,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    nation VARCHAR NOT NULL,
    town VARCHAR,
    postcode VARCHAR,
    web_domain VARCHAR,
    listed BOOLEAN NOT NULL,
    discover_next_at TIMESTAMP WITH TIME ZONE,
    discover_failures INTEGER NOT NULL,
    discovered_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_organisations PRIMARY KEY (id),
    CONSTRAINT uq_organisations_ods_code UNIQUE (ods_code)
);

CREATE TABLE organisation_details (
    organisation_id UUID NOT NULL,
    alert_excerpts BOOLEAN NOT NULL,
    discovery_problems JSONB NOT NULL,
    CONSTRAINT pk_organisation_details PRIMARY KEY (organisation_id),
    CONSTRAINT fk_organisation_details_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE TABLE activity_counters (
    organisation_id UUID NOT NULL,
    last_number INTEGER NOT NULL,
    CONSTRAINT pk_activity_counters PRIMARY KEY (organisation_id),
    CONSTRAINT fk_activity_counters_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE TABLE channels (
    kind VARCHAR NOT NULL,
    remote_id VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    found_at VARCHAR NOT NULL,
    amount VARCHAR NOT NULL,
    config JSONB NOT NULL,
    sealed_secrets BYTEA,
    secrets_expire_at TIMESTAMP WITH TIME ZONE,
    token_claimed_until TIMESTAMP WITH TIME ZONE,
    account VARCHAR,
    state VARCHAR NOT NULL,
    trouble VARCHAR NOT NULL,
    poll_cursor VARCHAR,
    backfill_cursor VARCHAR,
    backfill_state VARCHAR NOT NULL,
    backfill_next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    backfill_claimed_until TIMESTAMP WITH TIME ZONE,
    backfill_finished_at TIMESTAMP WITH TIME ZONE,
    items_loaded INTEGER NOT NULL,
    items_total INTEGER,
    items_quarantined INTEGER NOT NULL,
    failures_in_a_row INTEGER NOT NULL,
    last_success_at TIMESTAMP WITH TIME ZONE,
    next_poll_at TIMESTAMP WITH TIME ZONE NOT NULL,
    claimed_until TIMESTAMP WITH TIME ZONE,
    recheck_at TIMESTAMP WITH TIME ZONE NOT NULL,
    rechecked_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_channels PRIMARY KEY (organisation_id, id),
    CONSTRAINT uq_channels_organisation_id_kind_remote_id UNIQUE (organisation_id, kind, remote_id),
    CONSTRAINT ck_channels_state CHECK (state in ('active', 'off', 'failing')),
    CONSTRAINT ck_channels_backfill_state CHECK (backfill_state in ('waiting', 'running', 'done')),
    CONSTRAINT fk_channels_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE INDEX ix_channels_due ON channels (next_poll_at) WHERE state <> 'off';

CREATE TABLE members (
    email VARCHAR(200) NOT NULL,
    name VARCHAR(200) NOT NULL,
    role VARCHAR NOT NULL,
    level INTEGER NOT NULL,
    wants_alerts BOOLEAN NOT NULL,
    session_key UUID NOT NULL,
    approval_asked_at TIMESTAMP WITH TIME ZONE,
    check_asked_at TIMESTAMP WITH TIME ZONE,
    left_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_members PRIMARY KEY (organisation_id, id),
    CONSTRAINT uq_members_organisation_id_email UNIQUE (organisation_id, email),
    CONSTRAINT ck_members_level CHECK (level in (1, 2)),
    CONSTRAINT ck_members_role CHECK (role in ('administrator', 'responder', 'viewer')),
    CONSTRAINT fk_members_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE INDEX ix_members_email ON members (email);

CREATE TABLE authors (
    channel_id UUID NOT NULL,
    remote_id VARCHAR,
    screen_name VARCHAR NOT NULL,
    url VARCHAR,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_authors PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id) REFERENCES channels (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_authors_organisation_id_channel_id_remote_id UNIQUE (organisation_id, channel_id, remote_id),
    CONSTRAINT fk_authors_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE TABLE conversations (
    channel_id UUID NOT NULL,
    channel_kind VARCHAR NOT NULL,
    remote_thread_id VARCHAR NOT NULL,
    screen_name VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    first_words VARCHAR NOT NULL,
    url VARCHAR,
    rating DOUBLE PRECISION,
    rating_out_of DOUBLE PRECISION,
    service_code VARCHAR,
    service_name VARCHAR,
    author_role VARCHAR,
    experienced VARCHAR,
    syndication_key VARCHAR,
    status VARCHAR NOT NULL,
    closed_reason VARCHAR,
    snoozed_until TIMESTAMP WITH TIME ZONE,
    assignee_id UUID,
    historic BOOLEAN NOT NULL,
    withdrawn BOOLEAN NOT NULL,
    replied BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_activity_at TIMESTAMP WITH TIME ZONE NOT NULL,
    arrived_at TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_conversations PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id) REFERENCES channels (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_assignee_id FOREIGN KEY(organisation_id, assignee_id) REFERENCES members (organisation_id, id) ON DELETE SET NULL (assignee_id),
    CONSTRAINT uq_conversations_organisation_id_channel_id_remote_thread_id UNIQUE (organisation_id, channel_id, remote_thread_id),
    CONSTRAINT ck_conversations_status CHECK (status in ('open', 'waiting', 'snoozed', 'closed')),
    CONSTRAINT fk_conversations_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE INDEX ix_conversations_assignee ON conversations (organisation_id, assignee_id, last_activity_at, id);

CREATE INDEX ix_conversations_channel ON conversations (organisation_id, channel_id, last_activity_at, id);

CREATE INDEX ix_conversations_newest ON conversations (organisation_id, last_activity_at, id);

CREATE INDEX ix_conversations_service ON conversations (organisation_id, service_code, last_activity_at, id);

CREATE INDEX ix_conversations_snoozed ON conversations (snoozed_until) WHERE status = 'snoozed';

CREATE INDEX ix_conversations_status ON conversations (organisation_id, status, last_activity_at, id);

CREATE TABLE quarantined_items (
    channel_id UUID NOT NULL,
    fingerprint VARCHAR NOT NULL,
    remote_id VARCHAR,
    raw VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_quarantined_items PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id) REFERENCES channels (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_quarantined_items_organisation_id_channel_id_fingerprint UNIQUE (organisation_id, channel_id, fingerprint),
    CONSTRAINT fk_quarantined_items_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE TABLE activities (
    organisation_id UUID NOT NULL,
    number INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    conversation_id UUID,
    channel_id UUID,
    member_id UUID,
    member_name VARCHAR NOT NULL,
    details JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_activities PRIMARY KEY (organisation_id, number),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_channel_id FOREIGN KEY(organisation_id, channel_id) REFERENCES channels (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id) REFERENCES members (organisation_id, id) ON DELETE SET NULL (member_id),
    CONSTRAINT fk_activities_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE INDEX ix_activities_conversation ON activities (organisation_id, conversation_id, number);

CREATE TABLE drafts (
    conversation_id UUID NOT NULL,
    member_id UUID NOT NULL,
    text VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_drafts PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id) REFERENCES members (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_drafts_organisation_id_conversation_id_member_id UNIQUE (organisation_id, conversation_id, member_id),
    CONSTRAINT fk_drafts_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE TABLE messages (
    conversation_id UUID NOT NULL,
    channel_id UUID NOT NULL,
    remote_id VARCHAR NOT NULL,
    direction VARCHAR NOT NULL,
    author_id UUID,
    member_id UUID,
    screen_name VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    in_reply_to VARCHAR,
    ratings JSONB NOT NULL,
    attachments JSONB NOT NULL,
    url VARCHAR,
    source JSONB NOT NULL,
    may_not_reply VARCHAR,
    historic BOOLEAN NOT NULL,
    posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    edited_at TIMESTAMP WITH TIME ZONE,
    withdrawn_at TIMESTAMP WITH TIME ZONE,
    recheck_at TIMESTAMP WITH TIME ZONE,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_messages PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_author_id FOREIGN KEY(organisation_id, author_id) REFERENCES authors (organisation_id, id) ON DELETE SET NULL (author_id),
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id) REFERENCES members (organisation_id, id) ON DELETE SET NULL (member_id),
    CONSTRAINT uq_messages_organisation_id_channel_id_remote_id UNIQUE (organisation_id, channel_id, remote_id),
    CONSTRAINT ck_messages_direction CHECK (direction in ('inbound', 'outbound')),
    CONSTRAINT fk_messages_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE INDEX ix_messages_conversation ON messages (organisation_id, conversation_id, posted_at, id);

CREATE INDEX ix_messages_recheck ON messages (organisation_id, channel_id, recheck_at) WHERE recheck_at IS NOT NULL;

CREATE TABLE notes (
    conversation_id UUID NOT NULL,
    member_id UUID,
    member_name VARCHAR(200) NOT NULL,
    text VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_notes PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id) REFERENCES members (organisation_id, id) ON DELETE SET NULL (member_id),
    CONSTRAINT fk_notes_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE INDEX ix_notes_conversation ON notes (organisation_id, conversation_id);

CREATE TABLE outbox_mails (
    member_id UUID NOT NULL,
    conversation_id UUID,
    kind VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    message_id VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    attempts INTEGER NOT NULL,
    reason VARCHAR NOT NULL,
    queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_outbox_mails PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id) REFERENCES members (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_outbox_mails_organisation_id_member_id_kind_about UNIQUE (organisation_id, member_id, kind, about),
    CONSTRAINT ck_outbox_mails_state CHECK (state in ('queued', 'sending', 'sent', 'failed', 'skipped')),
    CONSTRAINT fk_outbox_mails_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE INDEX ix_outbox_mails_about ON outbox_mails (organisation_id, about) WHERE conversation_id IS NULL;

CREATE INDEX ix_outbox_mails_conversation ON outbox_mails (organisation_id, conversation_id);

CREATE INDEX ix_outbox_mails_open ON outbox_mails (next_attempt_at) WHERE state in ('queued', 'sending');

CREATE TABLE mail_causes (
    organisation_id UUID NOT NULL,
    about VARCHAR NOT NULL,
    conversation_id UUID NOT NULL,
    CONSTRAINT pk_mail_causes PRIMARY KEY (organisation_id, about, conversation_id),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE
);

CREATE INDEX ix_mail_causes_conversation ON mail_causes (organisation_id, conversation_id);

CREATE TABLE search_texts (
    organisation_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    words TSVECTOR NOT NULL,
    CONSTRAINT pk_search_texts PRIMARY KEY (organisation_id, conversation_id),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE
);

CREATE INDEX ix_search_texts_words ON search_texts USING gin (organisation_id, words);

CREATE TABLE unread (
    organisation_id UUID NOT NULL,
    member_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    CONSTRAINT pk_unread PRIMARY KEY (organisation_id, member_id, conversation_id),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id) REFERENCES members (organisation_id, id) ON DELETE CASCADE
);

CREATE TABLE replies (
    conversation_id UUID NOT NULL,
    target_id UUID NOT NULL,
    member_id UUID,
    member_name VARCHAR(200) NOT NULL,
    mode VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    pending BOOLEAN NOT NULL,
    attempts INTEGER NOT NULL,
    reason VARCHAR NOT NULL,
    remote_id VARCHAR,
    url VARCHAR,
    queued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    attempted_at TIMESTAMP WITH TIME ZONE,
    next_attempt_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_replies PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id) REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_target_id FOREIGN KEY(organisation_id, target_id) REFERENCES messages (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id) REFERENCES members (organisation_id, id) ON DELETE SET NULL (member_id),
    CONSTRAINT ck_replies_state CHECK (state in ('queued', 'sending', 'unknown', 'sent', 'failed', 'written', 'copied', 'cancelled')),
    CONSTRAINT fk_replies_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE
);

CREATE INDEX ix_replies_conversation ON replies (organisation_id, conversation_id);

CREATE INDEX ix_replies_open ON replies (next_attempt_at) WHERE state in ('queued', 'sending', 'unknown', 'written', 'copied') or pending;

CREATE UNIQUE INDEX uq_replies_one_at_a_time ON replies (organisation_id, conversation_id) WHERE state in ('queued', 'sending', 'unknown', 'written', 'copied');
"""

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# Whoever signs up has to find the organisation, and these are public facts of the register; they are changed from within
# only. What an organisation decided and what was not found for it stands in organisation_details, behind the wall.
ORGANISATIONS_WALL = """
ALTER TABLE organisations ENABLE ROW LEVEL SECURITY;
ALTER TABLE organisations FORCE ROW LEVEL SECURITY;
CREATE POLICY anybody_reads ON organisations FOR SELECT USING (true);
CREATE POLICY anybody_joins ON organisations FOR INSERT WITH CHECK (true);
CREATE POLICY own_organisation ON organisations FOR UPDATE
    USING (id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON organisations TO CURRENT_USER USING (true) WITH CHECK (true);
"""

MEMBERSHIPS = """
CREATE FUNCTION memberships_of(wanted text)
RETURNS TABLE (organisation_id uuid, member_id uuid, organisation_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT m.organisation_id, m.id, o.name
      FROM members m JOIN organisations o ON o.id = m.organisation_id
     WHERE m.email = wanted AND m.left_at IS NULL
     ORDER BY o.name
$$;
"""

# Who asked the operator to be checked: ids only, over all organisations, whoever has waited longest first.
WAITING_MEMBERS = """
CREATE FUNCTION waiting_members()
RETURNS TABLE (organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT m.organisation_id, m.id FROM members m
     WHERE m.check_asked_at IS NOT NULL AND m.level = 1 AND m.left_at IS NULL
     ORDER BY m.check_asked_at, m.id
$$;
"""

# What the sweep has to nudge again: ids only, over all organisations.
DUE_WORK = """
CREATE FUNCTION due_work(at timestamptz)
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    (SELECT 'discover', o.id, o.id FROM organisations o WHERE o.discover_next_at <= at LIMIT 200)
    UNION ALL
    (SELECT 'backfill', c.organisation_id, c.id FROM channels c
      WHERE c.state <> 'off' AND c.backfill_state <> 'done' AND c.backfill_next_at <= at
        AND (c.backfill_claimed_until IS NULL OR c.backfill_claimed_until < at) LIMIT 500)
    UNION ALL
    (SELECT 'poll', c.organisation_id, c.id FROM channels c
      WHERE c.state <> 'off' AND c.next_poll_at <= at AND (c.claimed_until IS NULL OR c.claimed_until < at)
      ORDER BY c.next_poll_at LIMIT 500)
    UNION ALL
    (SELECT 'recheck', c.organisation_id, c.id FROM channels c
      WHERE c.state = 'active' AND c.recheck_at <= at ORDER BY c.recheck_at LIMIT 200)
    UNION ALL
    (SELECT 'refresh', c.organisation_id, c.id FROM channels c
      WHERE c.secrets_expire_at <= at + interval '30 minutes' AND c.sealed_secrets IS NOT NULL
        AND (c.token_claimed_until IS NULL OR c.token_claimed_until < at) LIMIT 500)
    UNION ALL
    (SELECT 'reply', r.organisation_id, r.id FROM replies r
      WHERE (r.state IN ('queued', 'sending', 'unknown', 'written', 'copied') OR r.pending) AND r.next_attempt_at <= at
      ORDER BY r.next_attempt_at LIMIT 500)
    UNION ALL
    (SELECT 'mail', m.organisation_id, m.id FROM outbox_mails m
      WHERE m.state IN ('queued', 'sending') AND m.next_attempt_at <= at ORDER BY m.next_attempt_at LIMIT 500)
    UNION ALL
    (SELECT 'snoozed', c.organisation_id, c.id FROM conversations c
      WHERE c.status = 'snoozed' AND c.snoozed_until <= at LIMIT 500)
$$;
"""

# The search goes past row-level security (which takes the GIN index away, because @@ is not leakproof) and keeps to the
# transaction's organisation itself. Few hits: take them from the index and sort. Many hits: walk the list from the newest
# and look at each one's words, for the first page is found soon. Filters are put in as text so that each shape gets its plan.
SEARCH = """
CREATE FUNCTION search_walk(statement text, org uuid, query tsquery, filters jsonb)
RETURNS SETOF uuid LANGUAGE plpgsql STABLE
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    RETURN QUERY EXECUTE statement USING org, query, filters;
END
$$;

CREATE FUNCTION search_conversations(words text, filters jsonb, size integer)
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
    IF filters ? 'status' THEN conditions := conditions || ' AND c.status = $3->>''status'''; END IF;
    IF filters ? 'channel' THEN conditions := conditions || ' AND c.channel_kind = $3->>''channel'''; END IF;
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


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    op.execute(TABLES)
    for table in OWNED:
        op.execute(WALL.format(table=table))
    op.execute(ORGANISATIONS_WALL)
    op.execute(MEMBERSHIPS)
    op.execute(WAITING_MEMBERS)
    op.execute(DUE_WORK)
    op.execute(SEARCH)


def downgrade() -> None:
    op.execute("DROP FUNCTION search_conversations, search_walk, due_work, waiting_members, memberships_of")
    for table in reversed((*OWNED, "email_codes", "heartbeats", "organisations")):
        op.execute(f"DROP TABLE IF EXISTS {table} CASCADE")
