-- Migration 5: full-text search. Filled after the commit, from the event log (meta search_cursor).

-- rowid is message.id. `account` is a single token, a<account.id>, so that a search never matches another account;
-- `text` is the message's visible text. Revoked messages have no row.
CREATE VIRTUAL TABLE message_text USING fts5 (
	account, text, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);

-- rowid is contact.id; names and numbers.
CREATE VIRTUAL TABLE contact_text USING fts5 (
	account, text, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);
