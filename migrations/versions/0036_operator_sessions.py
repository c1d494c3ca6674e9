"""Operators' sessions are kept here: a cookie that was copied opens nothing once its session has ended."""

from alembic import op

revision = "0036_operator_sessions"
down_revision = "0035_known_browsers"

# Of no organisation, as operator_steps: an operator belongs to none.
TABLE = """
CREATE TABLE operator_sessions (
    name_hash VARCHAR NOT NULL,
    email VARCHAR(200) NOT NULL,
    browser VARCHAR(200) NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    stepped_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_operator_sessions PRIMARY KEY (name_hash)
);
"""


def upgrade() -> None:
    op.execute(TABLE)


def downgrade() -> None:
    op.execute("DROP TABLE operator_sessions")
