-- Migration 6: when a message of ours went through what, for `convwire trace` and for people who ask when it was read.
-- Names and times as in schema.sql, unless said.

-- A step of a message that goes out: a state that an attempt entered, or a status that WhatsApp reported. Kept as long
-- as the message.
CREATE TABLE step (
	message INTEGER NOT NULL REFERENCES message (id),
	attempt INTEGER NOT NULL,                   -- 0: of a message that was not sent from here, as an echo of the phone's
	at      INTEGER NOT NULL,                   -- when it was stored
	word    TEXT NOT NULL,                      -- outbound.state, or a status of invariant 9
	said_at INTEGER NOT NULL,                   -- a status: Meta's time; 0: none given, or a state
	code    INTEGER NOT NULL,                   -- the Graph API's error; 0: none
	PRIMARY KEY (message, attempt, at, word)
) STRICT, WITHOUT ROWID;
