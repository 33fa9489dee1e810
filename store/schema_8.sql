-- Migration 8: names that are not the customer's own, what customers said about marketing messages, and how long
-- statuses wait for their message.
ALTER TABLE contact ADD COLUMN known_as TEXT;            -- in the phone's address book; of a group, its subject
ALTER TABLE contact ADD COLUMN marketing TEXT CHECK (marketing IN ('in', 'out'));
ALTER TABLE contact ADD COLUMN marketing_at INTEGER;     -- when they said it

-- What waits for its message is forgotten after a while: other apps send from the same numbers.
ALTER TABLE pending_status ADD COLUMN received_at INTEGER NOT NULL DEFAULT 0;
UPDATE pending_status SET received_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000;
