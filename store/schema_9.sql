-- Migration 9: who gave the conversation to its assignee, or took it away; what people call a number; a better search.
ALTER TABLE conversation ADD COLUMN assigned_by TEXT;    -- NULL: an operator, or it was never assigned

-- The number as customers know it, from its newest webhook.
ALTER TABLE number ADD COLUMN display_phone TEXT;        -- digits; NULL: no webhook has come

-- Search: each message has its conversation's token, a letter of a script without spaces is a word, and contacts are
-- found by the last digits of their number. What is indexed already is indexed again, from here downwards.
INSERT INTO meta (key, value) SELECT 'search_old_messages', CAST(top + 1 AS TEXT)
	FROM (SELECT max(id) AS top FROM message) WHERE top IS NOT NULL;
INSERT INTO meta (key, value) SELECT 'search_old_contacts', CAST(top + 1 AS TEXT)
	FROM (SELECT max(id) AS top FROM contact) WHERE top IS NOT NULL;
