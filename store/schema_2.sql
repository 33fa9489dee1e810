-- Migration 2: assignments and revocations. Names and times as in schema.sql, unless noted.

-- The agent it is assigned to; NULL: nobody. Kept in the row so that messages need no lookup. Always equal to the
-- current row of `assignment`; merged conversations all have the same assignee.
ALTER TABLE conversation ADD COLUMN assignee TEXT;
CREATE INDEX conversation_assignee ON conversation (account, assignee, last_position) WHERE assignee IS NOT NULL;

-- The history of assignments, for finding what an agent gained and lost since a cursor. Events that change the assignee
-- have bit 4 in `parts`.
CREATE TABLE assignment (
	id           INTEGER PRIMARY KEY,
	account      INTEGER NOT NULL REFERENCES account (id),
	conversation INTEGER NOT NULL REFERENCES conversation (id),
	subject      TEXT NOT NULL,                 -- no foreign key: a subject may be known only from an external token
	from_seq     INTEGER NOT NULL,              -- seq of the event that assigned it
	until_seq    INTEGER                        -- seq of the event that ended it; NULL: current
) STRICT;
CREATE UNIQUE INDEX assignment_current ON assignment (conversation) WHERE until_seq IS NULL;
CREATE INDEX assignment_ended ON assignment (conversation, until_seq);
CREATE INDEX assignment_gained ON assignment (account, subject, from_seq);
CREATE INDEX assignment_lost ON assignment (account, subject, until_seq);

-- Tokens that are refused although they have not expired (docs/protocol.md). Names, not row ids: a token may be for
-- _system, or for an account that does not exist here.
CREATE TABLE revocation (
	kind       TEXT NOT NULL CHECK (kind IN ('jti', 'subject', 'account', 'key')),
	account    TEXT NOT NULL,                   -- '' for a key
	value      TEXT NOT NULL,                   -- jti, subject or kid; '' for an account
	revoked_at INTEGER NOT NULL,                -- Unix seconds: applies to tokens issued up to this time
	forget_at  INTEGER NOT NULL,                -- Unix seconds: all these tokens have expired by this time
	PRIMARY KEY (kind, account, value)
) STRICT, WITHOUT ROWID;

-- Agents limited to assigned conversations who called /sync: their feeds are published.
CREATE TABLE limited_subject (
	account   INTEGER NOT NULL REFERENCES account (id),
	subject   TEXT NOT NULL,
	synced_at INTEGER NOT NULL,                 -- last call
	PRIMARY KEY (account, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX limited_subject_synced ON limited_subject (synced_at);
