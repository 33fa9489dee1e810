-- The data model. Applied once, as migration 1; later migrations are numbered steps in sqlite.c.
-- Times are Unix milliseconds, UTC. Keywords in TEXT columns are those of docs/protocol.md.
-- Foreign keys are not enforced by SQLite; the single writer keeps them, and `convwire check` verifies them.

-- Facts about this database as a whole.
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,          -- publisher_cursor
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
	id          INTEGER PRIMARY KEY,
	name        TEXT NOT NULL UNIQUE,           -- the account part of ids and topics
	epoch       TEXT NOT NULL,                  -- random; new after a restore, so that clients reload
	head        INTEGER NOT NULL DEFAULT 0,     -- seq of the newest event
	notice_head INTEGER NOT NULL DEFAULT 0,     -- seq of the newest event on acct/<a>/events
	created_at  INTEGER NOT NULL
) STRICT;

-- A business phone number.
CREATE TABLE number (
	id              INTEGER PRIMARY KEY,
	account         INTEGER NOT NULL REFERENCES account (id),
	phone_number_id TEXT NOT NULL UNIQUE,
	waba_id         TEXT,                       -- NULL until given or learned from a body
	simulated       INTEGER NOT NULL DEFAULT 0, -- `simulate` writes to it
	replaying       INTEGER NOT NULL DEFAULT 0, -- kept changes are being replayed; new ones queue behind them
	created_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX number_waba ON number (waba_id) WHERE waba_id IS NOT NULL;

-- A customer of an account, regardless of how many numbers and ids they have.
CREATE TABLE contact (
	id         INTEGER PRIMARY KEY,
	account    INTEGER NOT NULL REFERENCES account (id),
	uid        BLOB NOT NULL,                   -- UUIDv7, the id on the wire
	version    INTEGER NOT NULL DEFAULT 1,
	name       TEXT,
	username   TEXT,
	wa_id      TEXT,                            -- newest live phone identity
	user_id    TEXT,                            -- newest live business-scoped user id
	created_at INTEGER NOT NULL
) STRICT;

-- Every id by which a contact or a conversation is or was known.
CREATE TABLE identity (
	id           INTEGER PRIMARY KEY,
	account      INTEGER NOT NULL REFERENCES account (id),
	contact      INTEGER NOT NULL REFERENCES contact (id),
	conversation INTEGER REFERENCES conversation (id), -- legacy ids name one conversation
	number       INTEGER REFERENCES number (id),       -- where it was learned
	kind         TEXT NOT NULL CHECK (kind IN ('wa_id', 'user_id', 'parent_user_id', 'group_id', 'legacy')),
	value        TEXT NOT NULL,
	match_key    TEXT,                          -- BR, MX, AR mobiles: core/phone
	since        INTEGER NOT NULL,
	until        INTEGER                        -- NULL: live
) STRICT;
CREATE INDEX identity_value ON identity (account, value) WHERE until IS NULL;
CREATE INDEX identity_match_key ON identity (account, match_key) WHERE until IS NULL AND match_key IS NOT NULL;
CREATE INDEX identity_contact ON identity (contact);

CREATE TABLE conversation (
	id              INTEGER PRIMARY KEY,
	account         INTEGER NOT NULL REFERENCES account (id),
	number          INTEGER NOT NULL REFERENCES number (id),
	contact         INTEGER NOT NULL REFERENCES contact (id),
	name            TEXT NOT NULL UNIQUE,       -- the canonical id; minted once, then fixed
	tag             TEXT NOT NULL,              -- its name in logs
	version         INTEGER NOT NULL,
	last_seq        INTEGER NOT NULL,           -- seq of its newest event; the next event's prev
	top_position    INTEGER NOT NULL,           -- highest position of any of its messages
	read_position   INTEGER NOT NULL,           -- the team has read up to here
	unread          INTEGER NOT NULL,
	window_ends_at  INTEGER NOT NULL,           -- end of the 24-hour window; 0: never opened
	last_message    BLOB,                       -- uid of the last visible message; what lists show of it follows
	last_position   INTEGER NOT NULL,
	last_kind       TEXT,
	last_outbound   INTEGER NOT NULL,
	last_status     TEXT,
	last_preview    TEXT,
	merged_into     INTEGER REFERENCES conversation (id),
	created_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX conversation_contact ON conversation (contact, number) WHERE merged_into IS NULL;
CREATE INDEX conversation_list ON conversation (account, last_position);
CREATE INDEX conversation_merged ON conversation (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE message (
	id           INTEGER PRIMARY KEY,
	account      INTEGER NOT NULL REFERENCES account (id),
	conversation INTEGER NOT NULL REFERENCES conversation (id),
	uid          BLOB NOT NULL,                 -- UUIDv7, the id on the wire; never changes
	wamid        TEXT,                          -- WhatsApp's id; unique per account
	wamid_hash   INTEGER,                       -- first 64 bits of SHA-256; looked up, then wamid is compared
	kind         TEXT NOT NULL,
	origin       TEXT NOT NULL CHECK (origin IN ('customer', 'phone', 'history')),
	outbound     INTEGER NOT NULL,
	late         INTEGER NOT NULL,
	revoked      INTEGER NOT NULL DEFAULT 0,
	position     INTEGER,                       -- order in the thread; NULL for edits and revokes
	sent_at      INTEGER NOT NULL,              -- Meta's time; 0: none given
	received_at  INTEGER NOT NULL,
	edited_at    INTEGER NOT NULL DEFAULT 0,
	version      INTEGER NOT NULL DEFAULT 1,
	status       TEXT,                          -- outbound only
	target       BLOB,                          -- uid of the message a reaction is for, once known
	target_wamid TEXT,
	body         TEXT NOT NULL                  -- JSON: content, context, referral, errors, author, error
) STRICT;
CREATE UNIQUE INDEX message_thread ON message (conversation, position);
CREATE INDEX message_wamid ON message (wamid_hash) WHERE wamid_hash IS NOT NULL;

-- The log, which clients follow by (account, seq) and the publisher by id. It holds no content: events are
-- rendered from the current rows.
CREATE TABLE event (
	id           INTEGER PRIMARY KEY,           -- global, ascending, never reused
	account      INTEGER NOT NULL REFERENCES account (id),
	seq          INTEGER NOT NULL,              -- contiguous per account
	prev         INTEGER NOT NULL,              -- seq of the previous event of the conversation; 0: none
	conversation INTEGER REFERENCES conversation (id),
	kind         TEXT NOT NULL,
	ref          INTEGER,                       -- message.id, or notice.id
	parts        INTEGER NOT NULL,              -- 1: data has the conversation row, 2: data has the contact
	quiet        INTEGER NOT NULL,              -- 1: from a bulk webhook; only heads are published
	at           INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_seq ON event (account, seq);

-- What Meta last said about an account's templates, numbers and settings.
CREATE TABLE notice (
	id      INTEGER PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES account (id),
	kind    TEXT NOT NULL CHECK (kind IN ('template', 'number', 'settings')),
	field   TEXT NOT NULL,                      -- the webhook field
	subject TEXT NOT NULL,                      -- template id, phone number, or ''
	version INTEGER NOT NULL,
	at      INTEGER NOT NULL,
	value   TEXT NOT NULL,                      -- JSON as Meta sent it
	UNIQUE (account, kind, field, subject)
) STRICT;

-- Authentic webhook input that could not be processed: a whole body, or one change.
CREATE TABLE raw_change (
	id              INTEGER PRIMARY KEY,
	at              INTEGER NOT NULL,
	secret          TEXT NOT NULL,              -- name of the app secret that signed it
	waba_id         TEXT,
	phone_number_id TEXT,
	state           TEXT NOT NULL CHECK (state IN ('waiting', 'kept')), -- waiting: until its number is added
	reason          TEXT NOT NULL,
	body            BLOB NOT NULL
) STRICT;
CREATE INDEX raw_change_waiting ON raw_change (phone_number_id) WHERE state = 'waiting';

-- Statuses, edits and revokes that arrived before their message.
CREATE TABLE pending_status (
	id         INTEGER PRIMARY KEY,
	account    INTEGER NOT NULL REFERENCES account (id),
	wamid_hash INTEGER NOT NULL,
	wamid      TEXT NOT NULL,
	kind       TEXT NOT NULL CHECK (kind IN ('status', 'edit', 'revoke')),
	word       TEXT NOT NULL,                   -- the status, or an edit's new message kind
	conversation INTEGER,                       -- edits and revokes: the author's conversation
	outbound   INTEGER,                         -- edits and revokes: the author's side; only authors change a message
	at         INTEGER NOT NULL,
	body       TEXT                             -- errors of a status, content of an edit
) STRICT;
CREATE INDEX pending_status_wamid ON pending_status (wamid_hash);
