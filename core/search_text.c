/* SPDX-License-Identifier: MIT */
#include "core/search_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <unictype.h>
#include <unistr.h>

#include "core/buf.h"

#define MAX_TEXT_BYTES 16384
#define MAX_DEPTH 16
/* Lao and Thai are the first scripts without spaces. */
#define FIRST_WITHOUT_SPACES 0x0e00
#define SHORTEST_ENDING 4

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

/* Unicode Standard Annex #14 names these: line breaks in them need a dictionary, or may be anywhere. */
static bool is_without_spaces(ucs4_t letter)
{
	static const char *const names[] = { "Han",  "Hiragana", "Katakana", "Bopomofo",
					     "Thai", "Lao",      "Khmer",    "Myanmar" };
	const uc_script_t *script = letter >= FIRST_WITHOUT_SPACES ? uc_script(letter) : NULL;

	for (size_t i = 0; script && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(script->name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

char *cw_search_words(const char *text, size_t left)
{
	bool was_apart = false;
	/* A space is added before a letter of at least 3 bytes, and after a run of them. */
	char *words = malloc(left + left / 2 + 2);
	size_t len = 0;

	while (words && left > 0) {
		ucs4_t letter = 0;
		int n = u8_mbtouc(&letter, (const uint8_t *)text, left);
		bool is_apart = is_without_spaces(letter);
		bool is_mark = is_apart && uc_is_general_category(letter, UC_MARK); /* belongs to the letter before it */

		if ((is_apart && !is_mark) || (was_apart && !is_apart)) {
			words[len++] = ' ';
		}
		memcpy(words + len, text, (size_t)n);
		len += (size_t)n;
		text += n;
		left -= (size_t)n;
		was_apart = is_apart;
	}
	if (words) {
		words[len] = '\0';
	}
	return words;
}

void cw_search_endings(const char *digits, char out[CW_SEARCH_ENDINGS_MAX])
{
	size_t n = strlen(digits);
	size_t len = 0;

	out[0] = '\0';
	for (size_t from = 1; from + SHORTEST_ENDING <= n && len + 1 + (n - from) < CW_SEARCH_ENDINGS_MAX; from++) {
		out[len++] = ' ';
		memcpy(out + len, digits + from, n - from + 1);
		len += n - from;
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
	char *text = cw_search_words(out.len > 0 ? out.data : "", out.len);

	cw_buf_finish(&out);
	return text;
}
