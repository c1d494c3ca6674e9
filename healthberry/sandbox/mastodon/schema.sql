CREATE TABLE IF NOT EXISTS mastodon_apps (
  client_id TEXT PRIMARY KEY, client_secret TEXT NOT NULL, host TEXT NOT NULL, redirect_uris TEXT NOT NULL, scopes TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mastodon_codes (
  code TEXT PRIMARY KEY, client_id TEXT NOT NULL, place TEXT NOT NULL, redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL,
  scope TEXT NOT NULL, expires_at INTEGER NOT NULL
) WITHOUT ROWID;
-- A token without a place is an application's own.
CREATE TABLE IF NOT EXISTS mastodon_tokens (
  token TEXT PRIMARY KEY, client_id TEXT NOT NULL, place TEXT NOT NULL, scope TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mastodon_keys (
  place TEXT NOT NULL, key TEXT NOT NULL, status_id TEXT NOT NULL, kept_at INTEGER NOT NULL, PRIMARY KEY (place, key)
) WITHOUT ROWID;
