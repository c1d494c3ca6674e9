CREATE TABLE IF NOT EXISTS nu_comments (
  ref INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE, ods_code TEXT NOT NULL, org_type TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL,
  screen_name TEXT NOT NULL, submitted_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, published_at INTEGER NOT NULL,
  status TEXT NOT NULL DEFAULT 'Published', publisher_id TEXT NOT NULL, publishers_ref TEXT NOT NULL, original_url TEXT,
  rating INTEGER, visit_month INTEGER NOT NULL, visit_year INTEGER NOT NULL, department TEXT,
  UNIQUE (publisher_id, publishers_ref)
);
CREATE INDEX IF NOT EXISTS nu_comments_place ON nu_comments (ods_code, status, submitted_at, ref);
CREATE INDEX IF NOT EXISTS nu_comments_type ON nu_comments (org_type, status, submitted_at, ref);
CREATE INDEX IF NOT EXISTS nu_comments_author ON nu_comments (screen_name);
CREATE TABLE IF NOT EXISTS nu_responses (
  ref INTEGER PRIMARY KEY, guid TEXT NOT NULL UNIQUE, comment_ref INTEGER NOT NULL UNIQUE, body TEXT NOT NULL, author TEXT NOT NULL,
  submitted_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, published_at INTEGER NOT NULL,
  publisher_id TEXT NOT NULL, publishers_ref TEXT NOT NULL, original_url TEXT,
  UNIQUE (publisher_id, publishers_ref)
);
