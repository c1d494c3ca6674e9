"""Signing in with a second step: authenticator apps, recovery codes, passkeys; sessions that their owner sees and ends.

Whoever is an administrator now has seven days from this moment to set up a second step (`role_since`).
"""

from alembic import op

revision = "0026_sign_in"
down_revision = "0025_audit"

OWNED = """
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_{table} PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_{table}_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE"""
MEMBER = (
    "CONSTRAINT fk_{column} FOREIGN KEY(organisation_id, {column})"
    " REFERENCES members (organisation_id, id) ON DELETE CASCADE"
)
OF_MEMBER = MEMBER.format(column="member_id")

COLUMNS = """
ALTER TABLE members ADD COLUMN role_since TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now();
ALTER TABLE organisation_details ADD COLUMN second_step_since TIMESTAMP WITH TIME ZONE;
"""

TABLES = f"""
CREATE TABLE second_steps (
    sealed BYTEA,
    last_step BIGINT NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    wrong INTEGER NOT NULL,
    wrong_at TIMESTAMP WITH TIME ZONE,
    {OWNED.format(table="second_steps")},
    {MEMBER.format(column="id")}
);

CREATE TABLE operator_steps (
    email VARCHAR(200) NOT NULL CONSTRAINT pk_operator_steps PRIMARY KEY,
    sealed BYTEA,
    last_step BIGINT NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    wrong INTEGER NOT NULL,
    wrong_at TIMESTAMP WITH TIME ZONE
);

CREATE TABLE recovery_codes (
    member_id UUID NOT NULL,
    code_hash VARCHAR NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    {OWNED.format(table="recovery_codes")},
    {OF_MEMBER}
);
CREATE INDEX ix_recovery_codes_member ON recovery_codes (organisation_id, member_id);

CREATE TABLE passkeys (
    member_id UUID NOT NULL,
    credential_id BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    sign_count BIGINT NOT NULL,
    name VARCHAR(200) NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    {OWNED.format(table="passkeys")},
    {OF_MEMBER},
    CONSTRAINT uq_passkeys_organisation_id_credential_id UNIQUE (organisation_id, credential_id)
);

CREATE TABLE member_sessions (
    member_id UUID NOT NULL,
    session_key UUID NOT NULL,
    browser VARCHAR(200) NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    proven_at TIMESTAMP WITH TIME ZONE,
    remembered_until TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    held BYTEA,
    held_at TIMESTAMP WITH TIME ZONE,
    {OWNED.format(table="member_sessions")},
    {OF_MEMBER}
);
CREATE INDEX ix_member_sessions_member ON member_sessions (organisation_id, member_id);
"""

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

OWNED_TABLES = ("second_steps", "recovery_codes", "passkeys", "member_sessions")


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(TABLES)
    for table in OWNED_TABLES:
        op.execute(WALL.format(table=table))


def downgrade() -> None:
    for table in reversed(OWNED_TABLES):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP TABLE operator_steps")
    op.execute("ALTER TABLE organisation_details DROP COLUMN second_step_since")
    op.execute("ALTER TABLE members DROP COLUMN role_since")
