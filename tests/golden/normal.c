/* SPDX-License-Identifier: MIT */
#include "normal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"

#define ONE_MINUTE_MS 60000
#define ONE_DAY_MS (24 * 60 * 60 * 1000LL)

void normal_init(struct normal *normal, int64_t start_ms)
{
	*normal = (struct normal){ .start_ms = start_ms, .names = json_object() };
}

void normal_finish(struct normal *normal)
{
	json_decref(normal->names);
}

static bool is_now(const struct normal *normal, int64_t value)
{
	return value >= normal->start_ms && value < normal->start_ms + ONE_MINUTE_MS;
}

static json_t *copy_integer(const struct normal *normal, json_t *value)
{
	int64_t number = json_integer_value(value);

	if (is_now(normal, number)) {
		return json_string("now");
	}
	return is_now(normal, number - ONE_DAY_MS) ? json_string("now + 24 h") : json_incref(value);
}

static json_t *copy_text(struct normal *normal, json_t *value, bool is_contact)
{
	const char *text = json_string_value(value);
	unsigned char uuid[CW_CLOCK_UUID_BYTES];
	char word[16];

	if (cw_clock_uuid_parse(text, uuid) != CW_OK) {
		return json_incref(value);
	}
	json_t *known = json_object_get(normal->names, text);

	if (known) {
		return json_incref(known);
	}
	(void)snprintf(word, sizeof(word), "%c%d", is_contact ? 'k' : 'm',
		       is_contact ? ++normal->n_contacts : ++normal->n_messages); /* short */
	json_t *name = json_string(word);

	(void)json_object_set(normal->names, text, name); /* out of memory would show as a difference */
	return name;
}

static json_t *copy_member(struct normal *normal, const char *key, json_t *holder, json_t *value)
{
	if (strcmp(key, "epoch") == 0) {
		return json_string("epoch");
	}
	if (json_is_string(value)) {
		return copy_text(normal, value, json_object_get(holder, "username") != NULL);
	}
	return normal_copy(normal, value);
}

static bool is_default(const char *key, const json_t *value)
{
	static const struct {
		const char *key, *text; /* NULL: the number */
		json_int_t number;
	} defaults[] = {
		{ "v", NULL, 1 },       { "epoch", "epoch", 0 },     { "account", "acme", 0 },
		{ "at", "now", 0 },     { "received_at", "now", 0 }, { "created_at", "now", 0 },
		{ "state", "open", 0 }, { "version", NULL, 1 },      { "unread", NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		if (strcmp(key, defaults[i].key) == 0) {
			return defaults[i].text ?
				       json_is_string(value) && strcmp(json_string_value(value), defaults[i].text) == 0 :
				       json_is_integer(value) && json_integer_value(value) == defaults[i].number;
		}
	}
	return json_is_null(value);
}

json_t *normal_copy(struct normal *normal, json_t *value)
{
	const char *key;
	json_t *member;
	size_t index;
	json_t *copy = NULL;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		copy = json_object();
		json_object_foreach(value, key, member)
		{
			json_t *shown = copy_member(normal, key, value, member);

			if (is_default(key, shown)) {
				json_decref(shown);
			} else {
				(void)json_object_set_new(copy, key, shown); /* as above */
			}
		}
		return copy;
	case JSON_ARRAY:
		copy = json_array();
		json_array_foreach(value, index, member)
		{
			(void)json_array_append_new(copy, normal_copy(normal, member)); /* as above */
		}
		return copy;
	case JSON_INTEGER:
		return copy_integer(normal, value);
	case JSON_STRING:
		return copy_text(normal, value, false);
	default:
		return json_incref(value);
	}
}
