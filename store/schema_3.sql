-- Migration 3: sending, files and templates. Names and times as in schema.sql, unless noted.

-- `origin` may now be 'agent'; `status` also has states that come before WhatsApp's.
CREATE TABLE message_3 (
	id           INTEGER PRIMARY KEY,
	account      INTEGER NOT NULL REFERENCES account (id),
	conversation INTEGER NOT NULL REFERENCES conversation (id),
	uid          BLOB NOT NULL,                 -- UUIDv7, the id on the wire; never changes
	wamid        TEXT,                          -- WhatsApp's id, unique per account; an agent's: its newest attempt's
	wamid_hash   INTEGER,                       -- first 64 bits of SHA-256; looked up, then wamid is compared
	kind         TEXT NOT NULL,
	origin       TEXT NOT NULL CHECK (origin IN ('customer', 'phone', 'history', 'agent')),
	outbound     INTEGER NOT NULL,
	late         INTEGER NOT NULL,
	revoked      INTEGER NOT NULL DEFAULT 0,
	position     INTEGER,                       -- order in the thread; NULL for edits and revokes
	sent_at      INTEGER NOT NULL,              -- Meta's time; 0: none given
	received_at  INTEGER NOT NULL,
	edited_at    INTEGER NOT NULL DEFAULT 0,
	version      INTEGER NOT NULL DEFAULT 1,
	status       TEXT,                          -- outbound only: its newest attempt's state, then WhatsApp's status
	target       BLOB,                          -- uid of the message a reaction is for, once known
	target_wamid TEXT,
	body         TEXT NOT NULL,                 -- JSON: content, context, referral, errors, author, error, media, command
	attempt      INTEGER NOT NULL DEFAULT 0     -- an agent's: number of the newest attempt, from 1
) STRICT;
INSERT INTO message_3 SELECT id, account, conversation, uid, wamid, wamid_hash, kind, origin, outbound, late, revoked, position,
	sent_at, received_at, edited_at, version, status, target, target_wamid, body, 0 FROM message;
DROP TABLE message;
ALTER TABLE message_3 RENAME TO message;
CREATE UNIQUE INDEX message_thread ON message (conversation, position);
CREATE INDEX message_wamid ON message (wamid_hash) WHERE wamid_hash IS NOT NULL;
CREATE UNIQUE INDEX message_uid ON message (uid);

-- Did this id ever belong to someone?
CREATE INDEX identity_ended ON identity (account, value) WHERE until IS NOT NULL;

-- The team is done with it; a customer's message reopens it.
ALTER TABLE conversation ADD COLUMN done INTEGER NOT NULL DEFAULT 0;

-- Why a number is paused; all NULL: it is not.
ALTER TABLE number ADD COLUMN paused_at INTEGER;
ALTER TABLE number ADD COLUMN paused_code INTEGER;  -- the Graph API's; 0: a person paused it
ALTER TABLE number ADD COLUMN paused_reason TEXT;   -- a sentence

-- Each attempt to send a message. A conversation's attempts are sent one at a time, by id: the one at the front holds
-- the lane, and no other is sent until it is accepted, has failed, or has been unknown for a while.
CREATE TABLE outbound (
	id           INTEGER PRIMARY KEY,
	message      INTEGER NOT NULL REFERENCES message (id),
	attempt      INTEGER NOT NULL,
	conversation INTEGER NOT NULL REFERENCES conversation (id),
	number       INTEGER NOT NULL REFERENCES number (id),
	media        INTEGER REFERENCES media (id), -- its file, which must be uploaded first
	state        TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'retrying', 'unknown', 'accepted', 'failed')),
	holds_lane   INTEGER NOT NULL,              -- 1: at the front
	tries        INTEGER NOT NULL DEFAULT 0,    -- requests begun
	due_at       INTEGER NOT NULL,              -- not before; `unknown`: the lane continues then. 2^63-1: not by time
	queued_at    INTEGER NOT NULL,
	state_at     INTEGER NOT NULL,              -- when it entered its state
	wamid        TEXT,                          -- once accepted
	wamid_hash   INTEGER,
	code         INTEGER NOT NULL DEFAULT 0,    -- the Graph API's error code for the last try; 0: none
	reported     TEXT,                          -- the highest status that WhatsApp reported
	report       TEXT                           -- JSON: the first error of that status
) STRICT;
CREATE UNIQUE INDEX outbound_attempt ON outbound (message, attempt);
CREATE INDEX outbound_due ON outbound (number, due_at, id) WHERE holds_lane = 1;
CREATE INDEX outbound_waiting ON outbound (conversation, id) WHERE state IN ('queued', 'sending', 'retrying', 'unknown');
CREATE INDEX outbound_open ON outbound (state, id) WHERE state IN ('queued', 'sending', 'retrying', 'unknown');
CREATE INDEX outbound_settled ON outbound (id)
	WHERE reported IS NOT NULL AND (state IN ('retrying', 'unknown') OR (state = 'failed' AND reported <> 'failed'));
CREATE INDEX outbound_media ON outbound (media) WHERE media IS NOT NULL AND state = 'queued';
CREATE INDEX outbound_wamid ON outbound (wamid_hash) WHERE wamid_hash IS NOT NULL;

-- Accepted commands, kept forever: repeating an id returns the same answer.
CREATE TABLE command (
	account INTEGER NOT NULL REFERENCES account (id),
	subject TEXT NOT NULL,                      -- who sent it: the topic's last level, or the token's
	id      TEXT NOT NULL,                      -- chosen by the sender
	digest  BLOB NOT NULL,                      -- SHA-256 of the request
	answer  TEXT NOT NULL,                      -- JSON
	conversation INTEGER NOT NULL REFERENCES conversation (id),
	at      INTEGER NOT NULL,
	PRIMARY KEY (account, subject, id)
) STRICT, WITHOUT ROWID;

-- Files of messages. The bytes are in DIR/media under their SHA-256.
CREATE TABLE media (
	id           INTEGER PRIMARY KEY,
	uid          BLOB NOT NULL UNIQUE,          -- UUIDv7, the id on the wire
	account      INTEGER NOT NULL REFERENCES account (id),
	conversation INTEGER NOT NULL REFERENCES conversation (id), -- whoever may see it may see the file
	message      INTEGER REFERENCES message (id), -- inbound: the message it belongs to; NULL: an agent's upload
	state        TEXT NOT NULL CHECK (state IN ('pending', 'ready', 'failed')),
	mime_type    TEXT NOT NULL,
	filename     TEXT,
	size         INTEGER NOT NULL DEFAULT 0,    -- bytes, once ready
	sha256       BLOB,                          -- of the bytes, once ready; before that, as WhatsApp gave it, if it did
	source       TEXT,                          -- inbound: WhatsApp's media id
	number       INTEGER REFERENCES number (id),-- inbound: where it arrived; outbound: where it is or will be uploaded
	uploaded_as  TEXT,                          -- outbound: WhatsApp's media id at that number
	uploaded_at  INTEGER NOT NULL DEFAULT 0,    -- 0: not yet
	tries        INTEGER NOT NULL DEFAULT 0,
	due_at       INTEGER,                       -- earliest time to fetch or upload it; NULL: nothing to do
	error        TEXT,                          -- a sentence
	created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX media_due ON media (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX media_message ON media (message) WHERE message IS NOT NULL;

-- Templates as the Graph API last listed them.
CREATE TABLE template (
	account    INTEGER NOT NULL REFERENCES account (id),
	waba_id    TEXT NOT NULL,
	name       TEXT NOT NULL,
	language   TEXT NOT NULL,
	status     TEXT NOT NULL,                   -- as Meta sends it: APPROVED, PENDING and others
	category   TEXT NOT NULL,
	components TEXT NOT NULL,                   -- JSON, as Meta sends it
	synced_at  INTEGER NOT NULL,
	PRIMARY KEY (account, waba_id, name, language)
) STRICT, WITHOUT ROWID;
