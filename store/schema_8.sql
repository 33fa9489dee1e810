-- Migration 8: names and choices of customers, templates as webhooks tell them, what waits for its message or file.
ALTER TABLE contact ADD COLUMN known_as TEXT;            -- in the phone's address book; of a group, its subject
ALTER TABLE contact ADD COLUMN known_as_at INTEGER;      -- when it was said
ALTER TABLE contact ADD COLUMN marketing TEXT CHECK (marketing IN ('in', 'out'));
ALTER TABLE contact ADD COLUMN marketing_at INTEGER;     -- when they said it

-- What a webhook said of a template since it was last fetched; and the WABAs whose templates are to be fetched again.
ALTER TABLE template ADD COLUMN quality TEXT;
CREATE TABLE template_due (
	account INTEGER NOT NULL REFERENCES account (id),
	waba_id TEXT NOT NULL,
	since   INTEGER NOT NULL,
	PRIMARY KEY (account, waba_id)
) STRICT, WITHOUT ROWID;

-- What waits for its message is forgotten after a while: other apps send from the same numbers.
ALTER TABLE pending_status ADD COLUMN received_at INTEGER NOT NULL DEFAULT 0;
UPDATE pending_status SET received_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000;
