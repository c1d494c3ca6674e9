-- Codes and tokens of Google's sign-in; `codes` are the organisations that whoever signed in manages, in JSON.
CREATE TABLE IF NOT EXISTS google_codes (
  code TEXT PRIMARY KEY, codes TEXT NOT NULL, scope TEXT NOT NULL, redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS google_tokens (
  token TEXT PRIMARY KEY, kind TEXT NOT NULL, codes TEXT NOT NULL, scope TEXT NOT NULL, expires_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'live'
) WITHOUT ROWID;
-- Locations that control said something about.
CREATE TABLE IF NOT EXISTS google_locations (
  ods_code TEXT PRIMARY KEY, verified INTEGER NOT NULL, title TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS google_notifications (
  account TEXT PRIMARY KEY, topic TEXT NOT NULL, types TEXT NOT NULL
) WITHOUT ROWID;
