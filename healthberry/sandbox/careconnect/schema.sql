-- Where each organisation's problems go, and what became of them; the problems are in the common tables. Times in UTC milliseconds.
CREATE TABLE IF NOT EXISTS careconnect_links (
    place TEXT PRIMARY KEY, address TEXT NOT NULL, user TEXT NOT NULL, password TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS careconnect_handed (
    serial INTEGER PRIMARY KEY, place TEXT NOT NULL, item_id TEXT NOT NULL, at INTEGER NOT NULL, status INTEGER,
    answer TEXT NOT NULL DEFAULT '', reference TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS careconnect_handed_place ON careconnect_handed (place, serial);
