-- Migration 4: agents who sign in here, and their sessions. Names and times as in schema.sql, unless noted.

-- An account's agents. Subjects known only from external tokens have no row here.
CREATE TABLE agent (
	id            INTEGER PRIMARY KEY,
	account       INTEGER NOT NULL REFERENCES account (id),
	subject       TEXT NOT NULL,
	email         TEXT UNIQUE,                  -- lower case; also works for signing in; NULL: none
	name          TEXT NOT NULL,                -- what colleagues see
	role          TEXT NOT NULL,                -- a section of roles.acl
	password_hash TEXT NOT NULL,                -- crypt(5), yescrypt
	disabled_at   INTEGER,                      -- NULL: may sign in
	created_at    INTEGER NOT NULL,
	UNIQUE (account, subject)
) STRICT;

-- Sessions: one row per signed-in browser.
CREATE TABLE session (
	id            INTEGER PRIMARY KEY,
	secret_sha256 BLOB NOT NULL UNIQUE,         -- of the refresh cookie, which is not stored anywhere
	agent         INTEGER NOT NULL REFERENCES agent (id),
	created_at    INTEGER NOT NULL,
	used_at       INTEGER NOT NULL,             -- to the hour
	expires_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX session_agent ON session (agent);
CREATE INDEX session_expires ON session (expires_at);

-- `kind` may now be 'agent'.
CREATE TABLE notice_4 (
	id      INTEGER PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES account (id),
	kind    TEXT NOT NULL CHECK (kind IN ('template', 'number', 'settings', 'agent')),
	field   TEXT NOT NULL,                      -- the webhook field; 'sending', 'agent': Convwire's own
	subject TEXT NOT NULL,                      -- template id, phone number, agent, or ''
	version INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	value   TEXT NOT NULL,                      -- JSON, as Meta sent it; for Convwire's own see docs/protocol.md
	UNIQUE (account, kind, field, subject)
) STRICT;
INSERT INTO notice_4 SELECT id, account, kind, field, subject, version, at, value FROM notice;
DROP TABLE notice;
ALTER TABLE notice_4 RENAME TO notice;
