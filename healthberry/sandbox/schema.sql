CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Who has been asked for: an ODS code or a handle, as the channel knows it.
CREATE TABLE IF NOT EXISTS places (
  channel TEXT NOT NULL, place TEXT NOT NULL, asked_at INTEGER NOT NULL,
  PRIMARY KEY (channel, place)
) WITHOUT ROWID;
-- One row per organisation that gets new items by itself: `ods:RYJ`, or `x:imperialnhs` where a site knows handles.
CREATE TABLE IF NOT EXISTS living (
  root TEXT PRIMARY KEY, next_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS organisations (
  ods_code TEXT PRIMARY KEY, name TEXT
) WITHOUT ROWID;
-- Whom a site that knows organisations by their ODS code does not have.
CREATE TABLE IF NOT EXISTS unlisted (
  channel TEXT NOT NULL, ods_code TEXT NOT NULL, PRIMARY KEY (channel, ods_code)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS known_handles (
  channel TEXT NOT NULL, ods_code TEXT NOT NULL, handle TEXT NOT NULL, PRIMARY KEY (channel, ods_code)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS used_texts (
  root TEXT NOT NULL, text_id TEXT NOT NULL, times INTEGER NOT NULL,
  PRIMARY KEY (root, text_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS websites (
  host TEXT PRIMARY KEY, behaviour TEXT NOT NULL, handle TEXT, options TEXT NOT NULL
) WITHOUT ROWID;

-- What sites without tables of their own keep (simple.py); `more` is JSON that one site alone knows.
CREATE TABLE IF NOT EXISTS simple_items (
  serial INTEGER PRIMARY KEY, channel TEXT NOT NULL, id TEXT NOT NULL, place TEXT NOT NULL, author TEXT NOT NULL, title TEXT NOT NULL,
  text TEXT NOT NULL, rating INTEGER, created_at INTEGER NOT NULL, published_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'published', in_reply_to TEXT, more TEXT NOT NULL DEFAULT '{}', UNIQUE (channel, id)
);
CREATE INDEX IF NOT EXISTS simple_items_place ON simple_items (channel, place, published_at, serial);
CREATE INDEX IF NOT EXISTS simple_items_author ON simple_items (channel, author);
CREATE TABLE IF NOT EXISTS simple_replies (
  serial INTEGER PRIMARY KEY, channel TEXT NOT NULL, id TEXT NOT NULL, item_id TEXT NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL,
  created_at INTEGER NOT NULL, published_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'published',
  more TEXT NOT NULL DEFAULT '{}', UNIQUE (channel, id)
);
CREATE INDEX IF NOT EXISTS simple_replies_item ON simple_replies (channel, item_id, published_at);
