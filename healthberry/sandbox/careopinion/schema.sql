CREATE TABLE IF NOT EXISTS co_stories (
  id INTEGER PRIMARY KEY, place TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, author TEXT NOT NULL, author_role TEXT NOT NULL,
  age_group TEXT, submitted_at INTEGER NOT NULL, published_at INTEGER NOT NULL, criticality TEXT,
  tags TEXT NOT NULL DEFAULT '[]', ratings TEXT NOT NULL DEFAULT '[]', state TEXT NOT NULL DEFAULT 'visible'
);
CREATE INDEX IF NOT EXISTS co_stories_published ON co_stories (published_at, id);
CREATE INDEX IF NOT EXISTS co_stories_author ON co_stories (author);
-- A story belongs to its service and to everything above it, so that one range scan answers a hierarchical filter.
CREATE TABLE IF NOT EXISTS co_places (
  nacs TEXT NOT NULL, published_at INTEGER NOT NULL, story_id INTEGER NOT NULL, PRIMARY KEY (nacs, published_at, story_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS co_responses (
  id INTEGER PRIMARY KEY, story_id INTEGER NOT NULL, body TEXT NOT NULL, typed TEXT NOT NULL, author TEXT NOT NULL, author_role TEXT NOT NULL,
  place TEXT NOT NULL, submitted_at INTEGER NOT NULL, published_at INTEGER NOT NULL, change_int INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS co_responses_story ON co_responses (story_id, published_at);
CREATE INDEX IF NOT EXISTS co_responses_published ON co_responses (published_at, id);
CREATE TABLE IF NOT EXISTS co_query_keys (key TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) WITHOUT ROWID;
