-- Migration 5: full-text search. Filled behind the commit, from the event log (meta search_cursor).

-- rowid is message.id. `account` is one token, a<account.id>, so that a match never leaves its account; `text` is what
-- people see of the message. A revoked message has no row.
CREATE VIRTUAL TABLE message_text USING fts5 (
	account, text, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);

-- rowid is contact.id; names and numbers.
CREATE VIRTUAL TABLE contact_text USING fts5 (
	account, text, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);
