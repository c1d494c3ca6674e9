"""The national register of providers, and what it is searched by.

`register_words` is a view of the words in `providers`, kept on disk and made anew by whoever changes the register; each word
lies there with what is left of it when one letter is missing, which finds typing mistakes by plain look-up.
"""

from alembic import op

revision = "0001_register"
down_revision = None

PROVIDERS = """
CREATE TABLE providers (
    ods_code VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    parent_code VARCHAR,
    street VARCHAR,
    town VARCHAR,
    postcode VARCHAR,
    nation VARCHAR NOT NULL,
    web_domain VARCHAR,
    opened_on DATE,
    closed_on DATE,
    former_names VARCHAR[] NOT NULL,
    short_names VARCHAR[] NOT NULL,
    predecessor_codes VARCHAR[] NOT NULL,
    successor_codes VARCHAR[] NOT NULL,
    source VARCHAR NOT NULL,
    source_as_of DATE NOT NULL,
    weight SMALLINT NOT NULL,
    name_key VARCHAR COLLATE "C" NOT NULL,
    other_keys VARCHAR[] NOT NULL,
    document TSVECTOR NOT NULL,
    CONSTRAINT pk_providers PRIMARY KEY (ods_code)
);

CREATE INDEX ix_providers_document ON providers USING gin (document);

CREATE INDEX ix_providers_document_of_large ON providers USING gin (document) WHERE weight >= 20;

CREATE INDEX ix_providers_name_key ON providers (name_key);

CREATE INDEX ix_providers_parent_code ON providers (parent_code, kind);

CREATE TABLE register_versions (
    id SMALLINT NOT NULL,
    content_hash VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    total_count INTEGER NOT NULL,
    open_count INTEGER NOT NULL,
    loaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    refreshed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_register_versions PRIMARY KEY (id),
    CONSTRAINT ck_register_versions_one_row CHECK (id = 1)
)
"""

WORDS = """
CREATE MATERIALIZED VIEW register_words AS
SELECT word::varchar COLLATE "C" AS word,
       ndoc AS uses,
       ARRAY(SELECT DISTINCT left(word, gap - 1) || substr(word, gap + 1) FROM generate_series(1, length(word)) AS gap)
           || word AS variants
FROM ts_stat('SELECT document FROM public.providers', 'abc')
WHERE word ~ '^[a-z]{4,}$'
WITH DATA;

CREATE UNIQUE INDEX ix_register_words_word ON register_words (word);

CREATE INDEX ix_register_words_variants ON register_words USING gin (variants);

CREATE INDEX ix_register_words_trigrams ON register_words USING gin (word gin_trgm_ops)
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for script in (PROVIDERS, WORDS):
        for statement in script.split(";"):
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW register_words")
    op.execute("DROP TABLE register_versions")
    op.execute("DROP TABLE providers")
