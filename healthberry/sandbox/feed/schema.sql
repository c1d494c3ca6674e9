-- How the feed of a place behaves otherwise than well.
CREATE TABLE IF NOT EXISTS feed_ways (place TEXT PRIMARY KEY, way TEXT NOT NULL);
