"""Claims: how each member proved that they act for their organisation, until when that counts, and disputes.

Whoever may publish now has a year from this moment until they are asked to prove it again.
"""

from alembic import op

revision = "0028_claims"
down_revision = "0027_roles"

TABLES = """
CREATE TABLE claims (
    token VARCHAR NOT NULL,
    way VARCHAR NOT NULL,
    proofs JSONB NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    raised_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    lapsed VARCHAR NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE,
    refused_at TIMESTAMP WITH TIME ZONE,
    refused_by UUID,
    dispute_id UUID,
    mailbox_refused_at TIMESTAMP WITH TIME ZONE,
    next_at TIMESTAMP WITH TIME ZONE,
    tries INTEGER NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_claims PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_claims_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE,
    CONSTRAINT fk_id FOREIGN KEY(organisation_id, id) REFERENCES members (organisation_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_claims_next ON claims (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE disputes (
    why VARCHAR NOT NULL,
    parties JSONB NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    decided_for UUID,
    decided_by VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    organisation_id UUID NOT NULL,
    id UUID NOT NULL,
    CONSTRAINT pk_disputes PRIMARY KEY (organisation_id, id),
    CONSTRAINT fk_disputes_organisation_id FOREIGN KEY(organisation_id) REFERENCES organisations (id) ON DELETE CASCADE,
    CONSTRAINT ck_disputes_why CHECK (why in ('unproven', 'refused'))
);
CREATE UNIQUE INDEX uq_disputes_one_open ON disputes (organisation_id) WHERE decided_at IS NULL;

CREATE TABLE published_mailboxes (
    organisation_id UUID NOT NULL,
    address VARCHAR NOT NULL,
    page VARCHAR NOT NULL,
    looked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_published_mailboxes PRIMARY KEY (organisation_id),
    CONSTRAINT fk_published_mailboxes_organisation_id FOREIGN KEY(organisation_id)
        REFERENCES organisations (id) ON DELETE CASCADE
);

-- They are there already: nobody is told of them, and whoever may publish is reminded in eleven months.
INSERT INTO claims (token, way, proofs, made_at, lapsed, told_at, tries, organisation_id, id)
SELECT 'hb-' || replace(gen_random_uuid()::text, '-', ''), '', '{}', m.created_at, '', now(), 0, m.organisation_id, m.id
  FROM members m WHERE m.left_at IS NULL;
UPDATE claims c
   SET way = 'earlier', raised_at = m.created_at, due_at = now() + interval '365 days',
       next_at = now() + interval '335 days'
  FROM members m WHERE m.organisation_id = c.organisation_id AND m.id = c.id AND m.level = 2;
"""

WALL = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organisation ON {table}
    USING (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid)
    WITH CHECK (organisation_id = nullif(current_setting('app.organisation_id', true), '')::uuid);
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
"""

# Ids only, over all organisations.
FUNCTIONS = """
CREATE FUNCTION due_claims(at timestamptz)
RETURNS TABLE (kind text, organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT 'claim', c.organisation_id, c.id FROM claims c WHERE c.next_at <= at ORDER BY c.next_at LIMIT 200
$$;

CREATE FUNCTION disputes_by_age(decided boolean, most integer)
RETURNS TABLE (organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT d.organisation_id, d.id FROM disputes d
     WHERE (d.decided_at IS NOT NULL) = decided
     ORDER BY d.decided_at DESC, d.opened_at, d.id LIMIT most
$$;
"""

# Also whoever may publish, and has to prove it again soon, may ask to be checked: whoever was, asks no more.
WAITING = """
CREATE OR REPLACE FUNCTION waiting_members()
RETURNS TABLE (organisation_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT m.organisation_id, m.id FROM members m
     WHERE m.check_asked_at IS NOT NULL {level}AND m.left_at IS NULL
     ORDER BY m.check_asked_at, m.id
$$;
"""

OWNED_TABLES = ("claims", "disputes", "published_mailboxes")


def upgrade() -> None:
    op.execute(TABLES)
    for table in OWNED_TABLES:
        op.execute(WALL.format(table=table))
    op.execute(FUNCTIONS)
    op.execute(WAITING.format(level=""))


def downgrade() -> None:
    op.execute(WAITING.format(level="AND m.level = 1 "))
    op.execute("DROP FUNCTION due_claims(timestamptz), disputes_by_age(boolean, integer)")
    for table in reversed(OWNED_TABLES):
        op.execute(f"DROP TABLE {table}")
