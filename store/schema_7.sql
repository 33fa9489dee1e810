-- Migration 7: an index for all conversations of a contact, merged ones included; used whenever someone new writes.
CREATE INDEX conversation_of_contact ON conversation (contact);
