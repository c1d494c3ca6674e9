-- Where each survey sends to, and what became of it; items and answers are in the common tables. Times in UTC milliseconds.
CREATE TABLE IF NOT EXISTS webhook_hooks (place TEXT PRIMARY KEY, hook TEXT NOT NULL, secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS webhook_sent (
    serial INTEGER PRIMARY KEY, place TEXT NOT NULL, item_id TEXT NOT NULL, change TEXT NOT NULL, at INTEGER NOT NULL,
    status INTEGER, answer TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS webhook_sent_place ON webhook_sent (place, serial);
