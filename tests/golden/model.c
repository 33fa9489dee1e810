/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_init(struct model *model, const char *name)
{
	*model = (struct model){ .name = name,
				 .messages = json_object(),
				 .conversations = json_object(),
				 .contacts = json_object(),
				 .notices = json_object(),
				 .last_seq = json_object() };
}

void model_finish(struct model *model)
{
	json_decref(model->messages);
	json_decref(model->conversations);
	json_decref(model->contacts);
	json_decref(model->notices);
	json_decref(model->last_seq);
}

static void complain(struct model *model, const char *what, json_t *one, json_t *other)
{
	char *one_text = json_dumps(one, JSON_COMPACT | JSON_ENCODE_ANY);
	char *other_text = json_dumps(other, JSON_COMPACT | JSON_ENCODE_ANY);

	(void)fprintf(stderr, "%s: %s\n  %s\n  %s\n", model->name, what, one_text ? one_text : "nothing",
		      other_text ? other_text : "nothing");
	free(one_text);
	free(other_text);
	model->n_faults++;
}

static json_int_t version_of(json_t *part)
{
	return json_integer_value(json_object_get(part, "version"));
}

static void put(struct model *model, json_t *table, const char *key, json_t *part)
{
	json_t *known = json_object_get(table, key);

	if (known && version_of(known) == version_of(part) && !json_equal(known, part)) {
		complain(model, "one version, two contents", known, part);
	}
	if (!known || version_of(part) > version_of(known)) {
		(void)json_object_set(table, key, part); /* out of memory would show as a difference */
	}
}

void model_put_message(struct model *model, json_t *message)
{
	if (message) {
		put(model, model->messages, json_string_value(json_object_get(message, "id")), message);
	}
}

static void put_contact(struct model *model, json_t *contact)
{
	if (contact) {
		put(model, model->contacts, json_string_value(json_object_get(contact, "id")), contact);
	}
}

/* The contact in a row is a copy with its own version. */
void model_put_conversation(struct model *model, json_t *conversation)
{
	if (!conversation) {
		return;
	}
	json_t *contact = json_object_get(conversation, "contact");
	json_t *row = json_copy(conversation);

	put_contact(model, contact);
	(void)json_object_set(row, "contact", json_object_get(contact, "id")); /* as above */
	put(model, model->conversations, json_string_value(json_object_get(row, "id")), row);
	json_decref(row);
}

static void put_notice(struct model *model, const char *kind, json_t *notice)
{
	char key[400];

	if (notice) {
		(void)snprintf(key, sizeof(key), "%s %s %s", kind, json_string_value(json_object_get(notice, "field")),
			       json_string_value(json_object_get(notice, "subject"))); /* unique enough even if truncated */
		put(model, model->notices, key, notice);
	}
}

static void check_order(struct model *model, json_t *event)
{
	const char *conversation = json_string_value(json_object_get(event, "conversation"));
	const char *key = conversation ? conversation : "";
	json_t *seq = json_object_get(event, "seq");
	json_int_t last = json_integer_value(json_object_get(model->last_seq, key));

	if (json_integer_value(seq) != model->seq + 1) {
		complain(model, "seq is not contiguous", seq, event);
	}
	if (json_integer_value(json_object_get(event, "prev")) != last) {
		complain(model, "prev is not the previous event of the conversation", json_object_get(event, "prev"),
			 event);
	}
	model->seq = json_integer_value(seq);
	(void)json_object_set(model->last_seq, key, seq); /* as above */
}

void model_apply(struct model *model, json_t *event)
{
	json_t *data = json_object_get(event, "data");
	static const char *const notice_kinds[] = { "template", "number", "settings" };

	check_order(model, event);
	model_put_message(model, json_object_get(data, "message"));
	model_put_conversation(model, json_object_get(data, "conversation"));
	put_contact(model, json_object_get(data, "contact"));
	for (size_t i = 0; i < sizeof(notice_kinds) / sizeof(notice_kinds[0]); i++) {
		put_notice(model, notice_kinds[i], json_object_get(data, notice_kinds[i]));
	}
}

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The preview of a text is its beginning, in a group after its author's name; a revoked message has none. */
static bool preview_is_of(json_t *shown, json_t *message)
{
	const char *preview = text_of(shown, "preview");
	const char *body = text_of(json_object_get(message, "content"), "body");

	if (json_is_true(json_object_get(message, "revoked"))) {
		return preview[0] == '\0';
	}
	const char *author = text_of(json_object_get(message, "author"), "name");
	size_t len = strlen(author);

	if (len > 0 && strncmp(preview, author, len) == 0 && strncmp(preview + len, ": ", 2) == 0) {
		preview += len + 2;
	}
	return strcmp(text_of(message, "kind"), "text") != 0 || (preview[0] && strstr(body, preview) == body);
}

void model_check_rows(struct model *model)
{
	const char *id;
	json_t *row;

	json_object_foreach(model->conversations, id, row)
	{
		json_t *shown = json_object_get(row, "last_message");
		json_t *message = json_object_get(model->messages, text_of(shown, "id"));

		if (json_is_null(shown)) {
			continue;
		}
		if (!message || strcmp(text_of(shown, "kind"), text_of(message, "kind")) != 0 ||
		    strcmp(text_of(shown, "status"), text_of(message, "status")) != 0 || !preview_is_of(shown, message)) {
			complain(model, "a row shows its last message otherwise than that is", shown, message);
		}
	}
}

/* A contact that no row refers to is on no screen: it was merged into another. */
static void forget_strangers(struct model *model)
{
	json_t *named = json_object();
	const char *key;
	json_t *part;
	void *next;

	json_object_foreach(model->conversations, key, part)
	{
		(void)json_object_set_new(named, text_of(part, "contact"), json_true()); /* as above */
	}
	json_object_foreach_safe(model->contacts, next, key, part)
	{
		if (!json_object_get(named, key)) {
			(void)json_object_del(model->contacts, key);
		}
	}
	json_decref(named);
}

static int table_differs(const struct model *model, json_t *one, json_t *other, const char *what)
{
	struct model heard = *model;
	const char *key;
	json_t *part;

	heard.n_faults = 0;
	json_object_foreach(one, key, part)
	{
		if (!json_object_get(other, key) || !json_equal(part, json_object_get(other, key))) {
			complain(&heard, what, part, json_object_get(other, key));
		}
	}
	json_object_foreach(other, key, part)
	{
		if (!json_object_get(one, key)) {
			complain(&heard, what, NULL, part);
		}
	}
	return heard.n_faults;
}

int model_differs(struct model *one, struct model *other, const char *what)
{
	forget_strangers(one);
	forget_strangers(other);
	return table_differs(one, one->messages, other->messages, what) +
	       table_differs(one, one->conversations, other->conversations, what) +
	       table_differs(one, one->contacts, other->contacts, what);
}
