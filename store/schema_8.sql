-- Migration 8: names that are not the customer's own, and what customers said about marketing messages.
ALTER TABLE contact ADD COLUMN known_as TEXT;            -- in the phone's address book; of a group, its subject
ALTER TABLE contact ADD COLUMN marketing TEXT CHECK (marketing IN ('in', 'out'));
ALTER TABLE contact ADD COLUMN marketing_at INTEGER;     -- when they said it
