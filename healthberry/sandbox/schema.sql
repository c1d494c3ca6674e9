CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Who has been asked for: an ODS code at one channel, or a handle at X.
CREATE TABLE IF NOT EXISTS places (
  channel TEXT NOT NULL, place TEXT NOT NULL, asked_at INTEGER NOT NULL,
  PRIMARY KEY (channel, place)
) WITHOUT ROWID;
-- One row per organisation that gets new items by itself: `ods:RYJ` or `x:imperialnhs`.
CREATE TABLE IF NOT EXISTS living (
  root TEXT PRIMARY KEY, next_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS organisations (
  ods_code TEXT PRIMARY KEY, name TEXT, listed_careopinion INTEGER NOT NULL DEFAULT 1, listed_nhsuk INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS handles (ods_code TEXT PRIMARY KEY, handle TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS used_texts (
  root TEXT NOT NULL, text_id TEXT NOT NULL, times INTEGER NOT NULL,
  PRIMARY KEY (root, text_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS websites (
  host TEXT PRIMARY KEY, behaviour TEXT NOT NULL, handle TEXT, options TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS x_users (
  id INTEGER PRIMARY KEY, username TEXT NOT NULL, username_key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  organisation INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'active', created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS x_posts (
  id INTEGER PRIMARY KEY, author_id INTEGER NOT NULL, text TEXT NOT NULL, lead INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL, conversation_id INTEGER NOT NULL, in_reply_to INTEGER, quoted INTEGER,
  first_id INTEGER NOT NULL, newest INTEGER NOT NULL DEFAULT 1, state TEXT NOT NULL DEFAULT 'visible',
  reply_settings TEXT NOT NULL DEFAULT 'everyone', dedupe TEXT
);
CREATE INDEX IF NOT EXISTS x_posts_author ON x_posts (author_id, id);
CREATE INDEX IF NOT EXISTS x_posts_conversation ON x_posts (conversation_id, id);
CREATE INDEX IF NOT EXISTS x_posts_reply ON x_posts (in_reply_to, id) WHERE in_reply_to IS NOT NULL;
CREATE INDEX IF NOT EXISTS x_posts_first ON x_posts (first_id, id);
CREATE INDEX IF NOT EXISTS x_posts_dedupe ON x_posts (author_id, dedupe) WHERE dedupe IS NOT NULL;
CREATE TABLE IF NOT EXISTS x_mentions (
  user_id INTEGER NOT NULL, post_id INTEGER NOT NULL, PRIMARY KEY (user_id, post_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS x_codes (
  code TEXT PRIMARY KEY, user_id INTEGER NOT NULL, redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL, method TEXT NOT NULL,
  scope TEXT NOT NULL, expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS x_tokens (
  token TEXT PRIMARY KEY, kind TEXT NOT NULL, family TEXT NOT NULL, user_id INTEGER NOT NULL, scope TEXT NOT NULL,
  expires_at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'live'
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS x_tokens_family ON x_tokens (family);

CREATE TABLE IF NOT EXISTS co_stories (
  id INTEGER PRIMARY KEY, place TEXT NOT NULL, title TEXT NOT NULL, body TEXT NOT NULL, author TEXT NOT NULL, author_role TEXT NOT NULL,
  age_group TEXT, submitted_at INTEGER NOT NULL, published_at INTEGER NOT NULL, criticality TEXT,
  tags TEXT NOT NULL DEFAULT '[]', state TEXT NOT NULL DEFAULT 'visible'
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
