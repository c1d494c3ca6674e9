"""How much was read of what a provider charges for: one count a kind and month, for the whole installation.

Providers charge for the same item once a day: `paid_today` holds what was counted already today, as numbers made from ids
that lead back to nobody, and is emptied day by day.
"""

from alembic import op

revision = "0008_paid_reads"
down_revision = "0007_attachments"

TABLES = """
CREATE TABLE paid_reads (
    kind VARCHAR NOT NULL,
    month DATE NOT NULL,
    count BIGINT NOT NULL,
    CONSTRAINT pk_paid_reads PRIMARY KEY (kind, month)
);

CREATE TABLE paid_today (
    kind VARCHAR NOT NULL,
    day DATE NOT NULL,
    item BIGINT NOT NULL,
    CONSTRAINT pk_paid_today PRIMARY KEY (kind, day, item)
);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE paid_today, paid_reads")
