-- Pages (object 'page') and, for Instagram, professional accounts ('instagram'): ids are made of the name they are known by.
CREATE TABLE IF NOT EXISTS facebook_pages (
  page_id TEXT PRIMARY KEY, place TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facebook_codes (
  code TEXT PRIMARY KEY, redirect_uri TEXT NOT NULL, scopes TEXT NOT NULL, pages TEXT NOT NULL, expires_at INTEGER NOT NULL
) WITHOUT ROWID;
-- kind: short, long (both a person's) or page. `pages` are ids with commas between; of a page token, its one. subcode: why it is dead.
CREATE TABLE IF NOT EXISTS facebook_tokens (
  token TEXT PRIMARY KEY, kind TEXT NOT NULL, scopes TEXT NOT NULL, pages TEXT NOT NULL, expires_at INTEGER NOT NULL,
  subcode INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
-- Where the app is told of what is new, by object; which fields of which page it asked for.
CREATE TABLE IF NOT EXISTS facebook_hooks (
  object TEXT PRIMARY KEY, callback TEXT NOT NULL, fields TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facebook_subscribed (page_id TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
-- Switches: hide_authors, require_proof, batch (how often a delivery is sent), tasks.
CREATE TABLE IF NOT EXISTS facebook_flags (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
