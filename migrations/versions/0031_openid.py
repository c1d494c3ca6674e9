"""Signing in with an organisation's own accounts: its issuer of OpenID Connect, and whose accounts are whose."""

from alembic import op

revision = "0031_openid"
down_revision = "0030_teams"

OWNED = """
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_{table} PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_{table}_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE"""

TABLES = f"""
CREATE TABLE sign_in_issuers (
    issuer VARCHAR NOT NULL,
    client_id VARCHAR NOT NULL,
    sealed BYTEA NOT NULL,
    domains JSONB NOT NULL,
    role VARCHAR NOT NULL,
    counts_as_step BOOLEAN NOT NULL,
    tested_at TIMESTAMP WITH TIME ZONE,
    on_since TIMESTAMP WITH TIME ZONE,
    {OWNED.format(table="sign_in_issuers")},
    CONSTRAINT uq_sign_in_issuers_organisation_id UNIQUE (organisation_id),
    CONSTRAINT ck_sign_in_issuers_role CHECK (role in ('responder', 'viewer')),
    CONSTRAINT ck_sign_in_issuers_tested CHECK (on_since IS NULL OR tested_at IS NOT NULL)
);

CREATE TABLE linked_identities (
    member_id UUID NOT NULL,
    issuer VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    linked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    {OWNED.format(table="linked_identities")},
    CONSTRAINT fk_member_id FOREIGN KEY(organisation_id, member_id)
        REFERENCES members (organisation_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_linked_identities_organisation_id_issuer_subject UNIQUE (organisation_id, issuer, subject)
);
CREATE INDEX ix_linked_identities_member ON linked_identities (organisation_id, member_id);

ALTER TABLE member_sessions ADD COLUMN step_elsewhere BOOLEAN NOT NULL DEFAULT false;
"""

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# What the page for signing in offers to whoever types an address of this domain: a name, whoever asks.
OFFERS = """
CREATE FUNCTION sign_in_offers(domain text)
RETURNS TABLE (organisation_id uuid, organisation_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT i.organisation_id, o.name
      FROM sign_in_issuers i JOIN organisations o ON o.id = i.organisation_id
     WHERE i.on_since IS NOT NULL AND i.domains ? domain
     ORDER BY o.name LIMIT 50
$$;
"""

OWNED_TABLES = ("sign_in_issuers", "linked_identities")


def upgrade() -> None:
    op.execute(TABLES)
    for table in OWNED_TABLES:
        op.execute(WALL.format(table=table))
    op.execute(OFFERS)


def downgrade() -> None:
    op.execute("DROP FUNCTION sign_in_offers")
    for table in reversed(OWNED_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("ALTER TABLE member_sessions DROP COLUMN step_elsewhere")
