-- Migration 6: the history of outgoing messages, for `convwire trace` and to see when a message was read.
-- Names and times as in schema.sql, unless noted.

-- A step of an outgoing message: a state that an attempt entered, or a status that WhatsApp reported. Kept as long as
-- the message.
CREATE TABLE step (
	message INTEGER NOT NULL REFERENCES message (id),
	attempt INTEGER NOT NULL,                   -- 0: the message was not sent from here, e.g. an echo from the phone
	at      INTEGER NOT NULL,                   -- when it was stored
	word    TEXT NOT NULL,                      -- outbound.state, or a status of invariant 9
	said_at INTEGER NOT NULL,                   -- a status: Meta's time; 0: none given, or this is a state
	code    INTEGER NOT NULL,                   -- the Graph API's error code; 0: none
	PRIMARY KEY (message, attempt, at, word)
) STRICT, WITHOUT ROWID;
