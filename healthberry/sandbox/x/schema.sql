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
CREATE TABLE IF NOT EXISTS x_flags (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS x_webhooks (id INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, valid INTEGER NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS x_subscriptions (
  id INTEGER PRIMARY KEY, event_type TEXT NOT NULL, user_id INTEGER NOT NULL, tag TEXT, webhook_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL, UNIQUE (event_type, user_id, webhook_id)
);
CREATE TABLE IF NOT EXISTS x_rules (id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE, tag TEXT);
