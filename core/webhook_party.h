/* SPDX-License-Identifier: MIT */
#ifndef CORE_WEBHOOK_PARTY_H
#define CORE_WEBHOOK_PARTY_H

#include "core/webhook.h"

/*
 * Who an element of a change is from or to: ids, and names from contacts[]. What is unusable is left out by itself.
 * When memory runs out, a value is left out, too; core/memory knows. Only core/webhook_items.c includes this.
 */
struct cw_party_source {
	struct cw_webhook *webhook; /* owns texts that are not as they were sent */
	struct contact *contacts;
	size_t n_contacts;
	bool is_single; /* one message and one contact: they belong together, whatever the ids say */
};

/* Reads contacts[], which may be NULL, and stays alive with the webhook. Finish frees what init allocated. */
void cw_party_source_init(struct cw_party_source *source, struct cw_webhook *webhook, json_t *contacts);
void cw_party_source_finish(struct cw_party_source *source);

/* Reads the members of element whose names are given. */
void cw_party_read(struct cw_party_source *source, json_t *element, const char *phone_key, const char *user_key,
		   const char *parent_key, struct cw_party *party);

/* Sets the phone number, or the user id if text has the form of one: some senders put it in the number's place. */
void cw_party_set_phone(struct cw_party_source *source, struct cw_party *party, const char *text);

/* The digits of a phone number that may be written for people. NULL: it is none, or text is NULL. */
const char *cw_party_phone(struct cw_party_source *source, const char *text);

/* Do both texts name the same person? NULL names nobody. */
bool cw_party_same(struct cw_party_source *source, const char *one, const char *other);

/* A text that the webhook owns: the first len bytes. NULL when out of memory. */
const char *cw_party_own(struct cw_party_source *source, const char *text, size_t len);

/* A name, cut to the limit at a character. NULL: none. */
const char *cw_party_name(struct cw_party_source *source, json_t *object, const char *key);

/* Is there an id by which a conversation can be found? */
bool cw_party_is_known(const struct cw_party *party);

#endif
