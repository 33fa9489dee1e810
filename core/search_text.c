/* SPDX-License-Identifier: MIT */
#include "core/search_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/buf.h"

#define MAX_TEXT_BYTES 16384
#define MAX_DEPTH 16

/* Members of the Cloud API's message objects that people read; ids, types and URLs are not searched. */
static bool is_read_by_people(const char *name)
{
	static const char *const names[] = { "body",        "caption", "filename",       "name",       "address",
					     "text",        "title",   "formatted_name", "first_name", "last_name",
					     "description", "phone",   "email",          "company",    "response_json",
					     "footer",      "header" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static void gather(struct cw_buf *out, const json_t *json, bool is_wanted, int depth)
{
	const char *name = NULL;
	json_t *member = NULL;
	size_t i = 0;

	if (json_is_string(json) && is_wanted) {
		if (cw_buf_append_format(out, "%s\n", json_string_value(json)) != CW_OK) {
			return; /* the rest is not searchable, which is acceptable */
		}
	} else if (json_is_object(json) && depth < MAX_DEPTH) {
		json_object_foreach((json_t *)json, name, member)
		{
			gather(out, member, is_read_by_people(name), depth + 1);
		}
	} else if (json_is_array(json) && depth < MAX_DEPTH) {
		json_array_foreach(json, i, member)
		{
			gather(out, member, is_wanted, depth + 1);
		}
	}
}

char *cw_search_text(const char *body)
{
	json_t *json = json_loads(body, 0, NULL);
	struct cw_buf out;

	if (!json) {
		return NULL;
	}
	cw_buf_init(&out, MAX_TEXT_BYTES);
	gather(&out, json_object_get(json, "content"), false, 0);
	json_decref(json);
	char *text = out.len > 0 ? strdup(out.data) : calloc(1, 1);

	cw_buf_finish(&out);
	return text;
}
