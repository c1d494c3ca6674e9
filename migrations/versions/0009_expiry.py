"""Feedback that its provider keeps for a time only: when it happened, and that we forgot its words."""

from alembic import op

revision = "0009_expiry"
down_revision = "0008_paid_reads"

# The last day of the month of the experience, where its author gave one, else the day of posting.
HAPPENED_ON = """CASE
    WHEN experienced ~ '^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$' THEN
        (make_date("left"(experienced, 4)::integer, "right"(experienced, 2)::integer, 1)
            + '1 mon -1 days'::interval)::date
    ELSE (started_at AT TIME ZONE 'UTC')::date
END"""
COLUMNS = f"""
ALTER TABLE conversations
    ADD COLUMN happened_on DATE NOT NULL GENERATED ALWAYS AS ({HAPPENED_ON}) STORED,
    ADD COLUMN expired_at TIMESTAMP WITH TIME ZONE;
CREATE INDEX ix_conversations_lasting ON conversations (organisation_id, channel_id, happened_on)
    WHERE expired_at IS NULL;
"""
# Ids only, of all organisations: who has something to forget.
FUNCTION = """
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
    op.execute(COLUMNS)
    op.execute(FUNCTION)


def downgrade() -> None:
    op.execute("DROP FUNCTION channels_with_expired(text, date)")
    op.execute("ALTER TABLE conversations DROP COLUMN happened_on, DROP COLUMN expired_at")
