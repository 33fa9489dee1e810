/* SPDX-License-Identifier: MIT */
#include "core/webhook_party.h"

#include <stdlib.h>
#include <string.h>

#include "core/conversation_id.h"
#include "core/memory.h"
#include "core/phone.h"
#include "core/unicode.h"
#include "core/webhook_message.h"

#define MAX_CONTACTS 1000
/* Of a customer's name, in bytes; WhatsApp's own are far shorter. */
#define MAX_NAME 512

const char *cw_party_own(struct cw_party_source *source, const char *text, size_t len)
{
	json_t *copy = json_stringn(text, len);

	if (!source->webhook->texts) {
		source->webhook->texts = json_array();
	}
	if (json_array_append_new(source->webhook->texts, copy) != 0) {
		return NULL;
	}
	return json_string_value(copy);
}

const char *cw_party_phone(struct cw_party_source *source, const char *text)
{
	char digits[CW_PHONE_MAX + 1];

	if (!text || cw_phone_digits(text, digits, NULL) != CW_OK) {
		return NULL;
	}
	return strcmp(text, digits) == 0 ? text : cw_party_own(source, digits, strlen(digits));
}

const char *cw_party_name(struct cw_party_source *source, json_t *object, const char *key)
{
	const char *text = cw_webhook_text(object, key);
	size_t len = text ? cw_unicode_cut(text, MAX_NAME) : 0;

	return text && text[len] != '\0' ? cw_party_own(source, text, len) : text;
}

void cw_party_set_phone(struct cw_party_source *source, struct cw_party *party, const char *text)
{
	if (cw_user_id_is_valid(text)) {
		party->user_id = party->user_id ? party->user_id : text;
	} else {
		party->wa_id = cw_party_phone(source, text);
	}
}

static bool same_text(const char *one, const char *other)
{
	return one && other && strcmp(one, other) == 0;
}

/* A contact of the change, read once. */
struct contact {
	json_t *json;
	const char *wa_id, *user_id;
	char key[CW_PHONE_MAX + 1]; /* "": the number has one spelling */
};

static void read_key(const char *wa_id, char key[CW_PHONE_MAX + 1])
{
	if (cw_phone_match_key(wa_id, key) != CW_OK) {
		key[0] = '\0';
	}
}

void cw_party_source_init(struct cw_party_source *source, struct cw_webhook *webhook, json_t *contacts)
{
	size_t n = json_array_size(contacts); /* Meta sends one per update, at most 1000 */

	*source = (struct cw_party_source){ .webhook = webhook, .n_contacts = n < MAX_CONTACTS ? n : MAX_CONTACTS };
	source->contacts = n ? calloc(source->n_contacts, sizeof(*source->contacts)) : NULL;
	if (!source->contacts) {
		source->n_contacts = 0;
		if (n) {
			cw_memory_note_out();
		}
	}
	for (size_t i = 0; i < source->n_contacts; i++) {
		struct contact *contact = &source->contacts[i];
		struct cw_party party = { .wa_id = NULL };

		contact->json = json_array_get(contacts, i);
		party.user_id = cw_webhook_user_id(contact->json, "user_id");
		cw_party_set_phone(source, &party, cw_webhook_text(contact->json, "wa_id"));
		contact->wa_id = party.wa_id;
		contact->user_id = party.user_id;
		read_key(party.wa_id, contact->key);
	}
}

void cw_party_source_finish(struct cw_party_source *source)
{
	free(source->contacts);
	source->contacts = NULL;
}

static void take_names(struct cw_party_source *source, const struct contact *contact, struct cw_party *party)
{
	json_t *profile = json_object_get(contact->json, "profile");

	party->name = cw_party_name(source, profile, "name");
	party->username = cw_party_name(source, profile, "username");
}

/* contacts[i] need not belong to messages[i]: they are matched by their ids. */
static void add_contact(struct cw_party_source *source, struct cw_party *party)
{
	char key[CW_PHONE_MAX + 1];

	read_key(party->wa_id, key);
	for (size_t i = 0; i < source->n_contacts; i++) {
		const struct contact *contact = &source->contacts[i];

		if (!same_text(contact->wa_id, party->wa_id) && !same_text(contact->user_id, party->user_id) &&
		    (key[0] == '\0' || strcmp(contact->key, key) != 0)) {
			continue;
		}
		party->wa_id = party->wa_id ? party->wa_id : contact->wa_id;
		party->user_id = party->user_id ? party->user_id : contact->user_id;
		party->parent_user_id = party->parent_user_id ? party->parent_user_id :
								cw_webhook_user_id(contact->json, "parent_user_id");
		take_names(source, contact, party);
		return;
	}
	if (source->is_single) { /* Meta's own sample has a wrong digit here */
		take_names(source, &source->contacts[0], party);
	}
}

void cw_party_read(struct cw_party_source *source, json_t *element, const char *phone_key, const char *user_key,
		   const char *parent_key, struct cw_party *party)
{
	party->user_id = cw_webhook_user_id(element, user_key);
	party->parent_user_id = cw_webhook_user_id(element, parent_key);
	cw_party_set_phone(source, party, cw_webhook_text(element, phone_key));
	add_contact(source, party);
}

bool cw_party_is_known(const struct cw_party *party)
{
	return party->wa_id || party->user_id || party->group_id;
}

bool cw_party_same(struct cw_party_source *source, const char *one, const char *other)
{
	char key[CW_PHONE_MAX + 1];
	char other_key[CW_PHONE_MAX + 1];
	const char *phone = cw_party_phone(source, one);
	const char *other_phone = cw_party_phone(source, other);

	read_key(phone, key);
	read_key(other_phone, other_key);
	return same_text(one, other) || same_text(phone, other_phone) || (key[0] != '\0' && strcmp(key, other_key) == 0);
}
