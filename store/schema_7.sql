-- Migration 7: all conversations of a contact, also merged ones, are asked for whenever somebody new writes.
CREATE INDEX conversation_of_contact ON conversation (contact);
