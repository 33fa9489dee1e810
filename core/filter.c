/* SPDX-License-Identifier: MIT */
#include "core/filter.h"

#include <string.h>

#include "core/text.h"

#define MAX_MIXED 512 /* a level of text and placeholder values */

static bool is_char(const char *text, size_t len, char wanted)
{
	return len == 1 && *text == wanted;
}

bool cw_levels_split(const char *text, struct cw_levels *ret_levels)
{
	struct cw_levels *levels = ret_levels;
	size_t start = 0;
	bool has_odd_wildcard = false;

	levels->text = text;
	levels->n = 0;
	levels->has_wildcard = false;
	if (!text || *text == '\0') {
		return false;
	}
	for (size_t at = 0;; at++) {
		if (text[at] > '/') {
			continue; /* all special characters are below digits and letters: one comparison for those */
		}
		if (text[at] == '+' || text[at] == '#') {
			bool is_alone = at == start && (text[at + 1] == '\0' || (text[at + 1] == '/' && text[at] == '+'));

			levels->has_wildcard = true;
			has_odd_wildcard = has_odd_wildcard || !is_alone;
		}
		if (text[at] != '/' && text[at] != '\0') {
			continue;
		}
		if (levels->n == CW_FILTER_MAX_LEVELS || at > UINT16_MAX) {
			return false;
		}
		levels->items[levels->n++] = (struct cw_level){ (uint16_t)start, (uint16_t)(at - start) };
		if (text[at] == '\0') {
			return !has_odd_wildcard;
		}
		start = at + 1;
	}
}

/* CW_PLACE_TEXT when the level has no placeholder. *ret_is_bad: it has an invalid %. */
static enum cw_filter_place place_of(const char *level, size_t len, bool *ret_is_bad)
{
	const char *percent = memchr(level, '%', len);

	if (!percent) {
		return CW_PLACE_TEXT;
	}
	for (const char *at = percent; at; at = memchr(at + 1, '%', len - (size_t)(at + 1 - level))) {
		*ret_is_bad = *ret_is_bad || at + 1 == level + len || !strchr("asc", at[1]);
	}
	if (len != 2) {
		return CW_PLACE_MIXED;
	}
	return level[1] == 'a' ? CW_PLACE_ACCOUNT : level[1] == 's' ? CW_PLACE_SUBJECT : CW_PLACE_CLIENT_ID;
}

enum cw_status cw_filter_compile(const char *text, bool has_places, struct cw_filter *ret_filter)
{
	struct cw_filter filter = { .n = 0 };
	struct cw_levels levels;
	bool is_bad = false;

	/* A topic has at least one level, so both match everything. */
	if (!cw_text_copy(filter.text, sizeof(filter.text), strcmp(text, "+/#") == 0 ? "#" : text) ||
	    !cw_levels_split(filter.text, &levels)) {
		return CW_INVALID;
	}
	for (size_t i = 0; i < levels.n; i++) {
		const char *level = filter.text + levels.items[i].start;

		filter.items[i].level = levels.items[i];
		filter.items[i].place = has_places ? place_of(level, levels.items[i].len, &is_bad) : CW_PLACE_TEXT;
		filter.has_place = filter.has_place || filter.items[i].place != CW_PLACE_TEXT;
	}
	filter.n = levels.n;
	if (is_bad) {
		return CW_INVALID;
	}
	*ret_filter = filter;
	return CW_OK;
}

static const char *name_of(const struct cw_filter_names *names, char letter)
{
	return letter == 'a' ? names->account : letter == 's' ? names->subject : names->client_id;
}

/* A name is unusable if it is not known, or contains a wildcard or a level separator. */
static bool is_usable(const char *name)
{
	return name && *name != '\0' && !strpbrk(name, "+#/");
}

static enum cw_filter_match same_name(const char *name, const char *level, size_t len)
{
	if (!name || *name == '\0') {
		return CW_FILTER_UNKNOWN;
	}
	return strncmp(name, level, len) == 0 && name[len] == '\0' ? CW_FILTER_YES : CW_FILTER_NO;
}

static enum cw_filter_match same_mixed(const char *pattern, size_t pattern_len, const struct cw_filter_names *names,
				       const char *level, size_t len)
{
	char text[MAX_MIXED];
	size_t used = 0;

	for (size_t i = 0; i < pattern_len; i++) {
		const char *piece = pattern + i;
		size_t piece_len = 1;

		if (*piece == '%') {
			piece = name_of(names, pattern[++i]);
			if (!is_usable(piece)) {
				return CW_FILTER_UNKNOWN;
			}
			piece_len = strlen(piece);
		}
		if (used + piece_len > sizeof(text)) {
			return CW_FILTER_UNKNOWN;
		}
		memcpy(text + used, piece, piece_len);
		used += piece_len;
	}
	return used == len && memcmp(text, level, len) == 0 ? CW_FILTER_YES : CW_FILTER_NO;
}

static enum cw_filter_match level_covers(const struct cw_filter *filter, size_t i, const struct cw_filter_names *names,
					 const char *level, size_t len)
{
	const char *text = filter->text + filter->items[i].level.start;
	size_t text_len = filter->items[i].level.len;

	switch (filter->items[i].place) {
	case CW_PLACE_ACCOUNT:
		return same_name(names->account, level, len);
	case CW_PLACE_SUBJECT:
		return same_name(names->subject, level, len);
	case CW_PLACE_CLIENT_ID:
		return is_usable(names->client_id) ? same_name(names->client_id, level, len) : CW_FILTER_UNKNOWN;
	case CW_PLACE_MIXED:
		return same_mixed(text, text_len, names, level, len);
	default:
		return is_char(text, text_len, '+') || (text_len == len && memcmp(text, level, len) == 0) ?
			       CW_FILTER_YES :
			       CW_FILTER_NO;
	}
}

static bool ends_in_hash(const struct cw_filter *filter, size_t i)
{
	return i < filter->n && is_char(filter->text + filter->items[i].level.start, filter->items[i].level.len, '#');
}

enum cw_filter_match cw_filter_covers(const struct cw_filter *filter, const struct cw_filter_names *names,
				      const struct cw_levels *levels)
{
	enum cw_filter_match match = CW_FILTER_YES;
	bool begins_with_wildcard = filter->text[0] == '+' || filter->text[0] == '#';
	/* The parent of "/#" would be the empty topic, which does not exist: all topics it matches have two levels. */
	bool is_root_tree = levels->n == 2 && levels->items[0].len == 0 && strcmp(levels->text, "/#") == 0;

	if (begins_with_wildcard && levels->text[0] == '$') {
		return CW_FILTER_NO;
	}
	for (size_t i = 0; i < levels->n; i++) {
		const char *level = levels->text + levels->items[i].start;
		size_t len = levels->items[i].len;

		if (ends_in_hash(filter, i)) {
			return match;
		}
		if (is_char(level, len, '#')) {
			/* "/#" is included in "/+/#". */
			bool is_all_of_root = is_root_tree && i + 2 == filter->n && ends_in_hash(filter, i + 1) &&
					      is_char(filter->text + filter->items[i].level.start,
						      filter->items[i].level.len, '+');

			return is_all_of_root ? match : CW_FILTER_NO;
		}
		enum cw_filter_match one = i < filter->n ? level_covers(filter, i, names, level, len) : CW_FILTER_NO;

		if (one == CW_FILTER_NO) {
			return CW_FILTER_NO;
		}
		match = one == CW_FILTER_UNKNOWN ? CW_FILTER_UNKNOWN : match;
	}
	/* a/# also matches its parent a (MQTT 5.0, 4.7.1.2) */
	return levels->n == filter->n || (levels->n + 1 == filter->n && ends_in_hash(filter, levels->n)) ? match :
													   CW_FILTER_NO;
}
