-- E-mails in mailboxes; serial is the UID. raw holds bytes, each as the character of that number.
CREATE TABLE IF NOT EXISTS email_mails (
    serial INTEGER PRIMARY KEY AUTOINCREMENT,
    address TEXT NOT NULL,
    folder TEXT NOT NULL,
    message_id TEXT NOT NULL,
    raw TEXT NOT NULL,
    flags TEXT NOT NULL DEFAULT '',
    arrived_at INTEGER NOT NULL,
    author TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'published'
);
CREATE INDEX IF NOT EXISTS email_mails_folder ON email_mails (address, folder, serial);
CREATE INDEX IF NOT EXISTS email_mails_id ON email_mails (message_id);
CREATE TABLE IF NOT EXISTS email_folders (
    address TEXT NOT NULL, folder TEXT NOT NULL, validity INTEGER NOT NULL, PRIMARY KEY (address, folder)
);
-- What was handed over for sending; names holds every Message-ID that it answers, each between blanks.
CREATE TABLE IF NOT EXISTS email_outgoing (
    serial INTEGER PRIMARY KEY AUTOINCREMENT,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message_id TEXT NOT NULL,
    names TEXT NOT NULL,
    raw TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS email_codes (
    code TEXT PRIMARY KEY, address TEXT NOT NULL, redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS email_tokens (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, address TEXT NOT NULL, expires_at INTEGER NOT NULL
);
