"""The audit log: who did what, from where. Added to and read, never changed; each entry seals the one before it.

The database numbers, dates and seals every entry, whatever its writer says: core/audit.py only names what happened.
And conversations that are restricted because of what they say: who was let in to read them.
"""

from alembic import op

revision = "0025_audit"
down_revision = "0024_guarded"

# No foreign keys: one that sets a column to NULL would change what is sealed, and the log outlives what it is about.
# The nil UUID stands for the installation itself, which belongs to no organisation.
TABLES = """
CREATE TABLE audit_chains (
    organisation_id UUID NOT NULL,
    last_number BIGINT NOT NULL,
    last_hash BYTEA NOT NULL,
    anchor_number BIGINT NOT NULL,
    anchor_hash BYTEA NOT NULL,
    CONSTRAINT pk_audit_chains PRIMARY KEY (organisation_id)
);

CREATE TABLE audit_entries (
    organisation_id UUID NOT NULL,
    number BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor VARCHAR NOT NULL,
    member_id UUID,
    name VARCHAR(200) NOT NULL,
    action VARCHAR NOT NULL,
    object_kind VARCHAR NOT NULL,
    object_id VARCHAR NOT NULL,
    network VARCHAR NOT NULL,
    request_id VARCHAR NOT NULL,
    details JSONB NOT NULL,
    previous_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT pk_audit_entries PRIMARY KEY (organisation_id, number),
    CONSTRAINT ck_audit_entries_actor CHECK (actor in ('member', 'operator', 'system', 'nobody'))
);
CREATE INDEX ix_audit_entries_at ON audit_entries (organisation_id, at);
CREATE INDEX ix_audit_entries_object ON audit_entries (organisation_id, object_id, number);
CREATE INDEX ix_audit_entries_action ON audit_entries (organisation_id, action, number);
"""
CONCERNS = """
ALTER TABLE restrictions ADD COLUMN kind VARCHAR NOT NULL DEFAULT 'request';

CREATE TABLE reading_grants (
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    member_id UUID NOT NULL,
    conversation_id UUID,
    given_by_id UUID,
    given_by VARCHAR(200) NOT NULL,
    given_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    ended_by VARCHAR NOT NULL,
    CONSTRAINT pk_reading_grants PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_reading_grants_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE,
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id)
        REFERENCES members (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_conversation_id FOREIGN KEY(organisation_id, conversation_id)
        REFERENCES conversations (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_given_by_id FOREIGN KEY(organisation_id, given_by_id)
        REFERENCES members (organisation_id, id) ON DELETE SET NULL (given_by_id)
);
CREATE INDEX ix_reading_grants_conversation ON reading_grants (organisation_id, conversation_id);
CREATE INDEX ix_reading_grants_member ON reading_grants (organisation_id, member_id);
"""
NAMES = ("audit_chains", "audit_entries", "reading_grants")

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""
# Whoever is in no organisation yet may be written down, and reads nothing.
INSTALLATION = """
CREATE POLICY of_the_installation ON audit_entries FOR INSERT
    WITH CHECK (organisation_id = '00000000-0000-0000-0000-000000000000');
"""

# The same bytes in any language (core/audit_verifying.py): each field as "length in bytes:text".
SEALING = """
CREATE FUNCTION audit_field(value text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT octet_length(coalesce(value, ''))::text || ':' || coalesce(value, '')
$$;

CREATE FUNCTION audit_hash(e audit_entries) RETURNS bytea
LANGUAGE sql STABLE SET search_path = public, pg_catalog AS $$
    SELECT sha256(convert_to(
        audit_field(e.organisation_id::text) || audit_field(e.number::text)
        || audit_field(to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || audit_field(e.actor) || audit_field(e.member_id::text) || audit_field(e.name) || audit_field(e.action)
        || audit_field(e.object_kind) || audit_field(e.object_id) || audit_field(e.network)
        || audit_field(e.request_id) || audit_field(e.details::text)
        || audit_field(encode(e.previous_hash, 'hex')), 'UTF8'))
$$;

-- Whoever writes two kinds of numbers in one transaction takes both rows in one order: that of changes first.
CREATE FUNCTION audit_seal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
DECLARE
    chain audit_chains;
    nothing bytea := decode(repeat('00', 32), 'hex');
BEGIN
    IF NEW.organisation_id <> '00000000-0000-0000-0000-000000000000' THEN
        INSERT INTO activity_counters (organisation_id, last_number) VALUES (NEW.organisation_id, 0)
            ON CONFLICT DO NOTHING;
        PERFORM 1 FROM activity_counters WHERE organisation_id = NEW.organisation_id FOR NO KEY UPDATE;
    END IF;
    INSERT INTO audit_chains VALUES (NEW.organisation_id, 0, nothing, 0, nothing) ON CONFLICT DO NOTHING;
    SELECT * INTO chain FROM audit_chains WHERE organisation_id = NEW.organisation_id FOR NO KEY UPDATE;
    NEW.number := chain.last_number + 1;
    NEW.at := clock_timestamp();
    NEW.previous_hash := chain.last_hash;
    NEW.hash := audit_hash(NEW);
    UPDATE audit_chains SET last_number = NEW.number, last_hash = NEW.hash
     WHERE organisation_id = NEW.organisation_id;
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_seal BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION audit_seal();
"""

# Who may change tables at all can still take a trigger away: that is what the seals show.
REFUSING = """
CREATE FUNCTION audit_refuse() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' AND TG_LEVEL = 'ROW' AND TG_TABLE_NAME = 'audit_entries' THEN
        IF OLD.at < clock_timestamp() - interval '6 years'
           AND EXISTS (SELECT 1 FROM audit_chains c
                        WHERE c.organisation_id = OLD.organisation_id AND c.anchor_number >= OLD.number) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'The audit log is only added to.' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_kept BEFORE UPDATE OR DELETE ON audit_entries FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_kept BEFORE DELETE ON audit_chains FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_not_emptied BEFORE TRUNCATE ON audit_chains FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

CREATE FUNCTION let_go_of_audit(organisation uuid, older_than timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_catalog AS $$
DECLARE
    ended bigint;
    gone integer;
BEGIN
    IF organisation <> '00000000-0000-0000-0000-000000000000'
       AND organisation IS DISTINCT FROM nullif(current_setting('app.organisation_id', true), '')::uuid THEN
        RAISE EXCEPTION 'Not this organisation.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM 1 FROM audit_chains WHERE organisation_id = organisation FOR NO KEY UPDATE;
    WITH first AS (
        SELECT e.number, e.at FROM audit_entries e WHERE e.organisation_id = organisation ORDER BY e.number LIMIT most
    )
    SELECT coalesce(min(number) FILTER (WHERE at >= least(older_than, clock_timestamp() - interval '6 years')) - 1,
                    max(number))
      INTO ended FROM first;
    UPDATE audit_chains c SET anchor_number = e.number, anchor_hash = e.hash FROM audit_entries e
     WHERE c.organisation_id = organisation AND e.organisation_id = organisation AND e.number = ended;
    DELETE FROM audit_entries WHERE organisation_id = organisation AND number <= ended;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$;
"""

READING = """
CREATE FUNCTION installation_audit(below bigint, most integer) RETURNS SETOF audit_entries
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_catalog AS $$
    SELECT * FROM audit_entries
     WHERE organisation_id = '00000000-0000-0000-0000-000000000000' AND number < below
     ORDER BY number DESC LIMIT most
$$;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(CONCERNS)
    for table in NAMES:
        op.execute(WALL.format(table=table))
    for statements in (INSTALLATION, SEALING, REFUSING, READING):
        op.execute(statements)


def downgrade() -> None:
    op.execute("DROP FUNCTION installation_audit, let_go_of_audit")
    op.execute("DROP TABLE reading_grants")
    op.execute("ALTER TABLE restrictions DROP COLUMN kind")
    op.execute("DROP TABLE audit_entries, audit_chains CASCADE")
    op.execute("DROP FUNCTION audit_seal, audit_refuse, audit_field")
