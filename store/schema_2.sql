-- Migration 2: who has a conversation, and which tokens are refused. Names and times as in schema.sql, unless said.

-- Who has it; NULL: nobody. Kept in the row, so that a message costs no look-up; equal to the current row of
-- `assignment`, and of merged conversations the same in all.
ALTER TABLE conversation ADD COLUMN assignee TEXT;
CREATE INDEX conversation_assignee ON conversation (account, assignee, last_position) WHERE assignee IS NOT NULL;

-- Who had a conversation from which event on: what an agent gained and lost since a cursor. The event has 4 in its
-- `parts`.
CREATE TABLE assignment (
	id           INTEGER PRIMARY KEY,
	account      INTEGER NOT NULL REFERENCES account (id),
	conversation INTEGER NOT NULL REFERENCES conversation (id),
	subject      TEXT NOT NULL,                 -- no foreign key: subjects known only by a foreign token are legal
	from_seq     INTEGER NOT NULL,              -- seq of the event that gave it
	until_seq    INTEGER                        -- seq of the event that took it; NULL: current
) STRICT;
CREATE UNIQUE INDEX assignment_current ON assignment (conversation) WHERE until_seq IS NULL;
CREATE INDEX assignment_ended ON assignment (conversation, until_seq);
CREATE INDEX assignment_gained ON assignment (account, subject, from_seq);
CREATE INDEX assignment_lost ON assignment (account, subject, until_seq);

-- Tokens that are refused although they have not expired (docs/protocol.md). Names, not row ids: a token may speak
-- for _system, or for an account that is not here.
CREATE TABLE revocation (
	kind       TEXT NOT NULL CHECK (kind IN ('jti', 'subject', 'account', 'key')),
	account    TEXT NOT NULL,                   -- '' for a key
	value      TEXT NOT NULL,                   -- jti, subject or kid; '' for an account
	revoked_at INTEGER NOT NULL,                -- Unix seconds: tokens issued up to here
	forget_at  INTEGER NOT NULL,                -- Unix seconds: no token that it hits is valid from here on
	PRIMARY KEY (kind, account, value)
) STRICT, WITHOUT ROWID;

-- Agents limited to some conversations who called /sync: whose feed is kept up.
CREATE TABLE limited_subject (
	account   INTEGER NOT NULL REFERENCES account (id),
	subject   TEXT NOT NULL,
	synced_at INTEGER NOT NULL,                 -- the last time
	PRIMARY KEY (account, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX limited_subject_synced ON limited_subject (synced_at);
