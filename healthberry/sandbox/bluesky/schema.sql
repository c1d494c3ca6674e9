CREATE TABLE IF NOT EXISTS bluesky_accounts (
  did TEXT PRIMARY KEY, handle TEXT NOT NULL UNIQUE
) WITHOUT ROWID;
-- Access tokens live two hours, those for renewal 90 days and once.
CREATE TABLE IF NOT EXISTS bluesky_tokens (
  token TEXT PRIMARY KEY, did TEXT NOT NULL, kind TEXT NOT NULL, expires_at INTEGER NOT NULL
) WITHOUT ROWID;
