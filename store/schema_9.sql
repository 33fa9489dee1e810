-- Migration 9: who gave the conversation to its assignee, or took it away.
ALTER TABLE conversation ADD COLUMN assigned_by TEXT;    -- NULL: an operator, or it was never assigned
