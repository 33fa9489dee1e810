/* SPDX-License-Identifier: MIT */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/*
 * MQTT topic filters split into levels (MQTT 5.0, 4.7), and one function for both questions of the access
 * rules: does a filter match a topic, and does it include another filter? A rule's filter may contain
 * placeholders for a client's names, which are compared in place, so that rules are compiled once for all
 * clients. No state and no allocation; any thread.
 */
#define CW_FILTER_MAX_LEVELS 32
#define CW_FILTER_MAX 256

struct cw_level {
	uint16_t start, len;
};

/* A topic, or a filter from a client. Valid as long as its text. */
struct cw_levels {
	const char *text;
	size_t n;
	bool has_wildcard;
	struct cw_level items[CW_FILTER_MAX_LEVELS];
};

/*
 * The values of the placeholders. NULL or "": not known, and then nothing matches. account and subject follow their
 * grammar (core/conversation_id.h); a client id may be anything.
 */
struct cw_filter_names {
	const char *account, *subject, *client_id;
};

enum cw_filter_place {
	CW_PLACE_TEXT, /* + and # too */
	CW_PLACE_ACCOUNT,
	CW_PLACE_SUBJECT,
	CW_PLACE_CLIENT_ID,
	CW_PLACE_MIXED /* %a %s %c with other text in the same level */
};

/* A filter of a rule. */
struct cw_filter {
	char text[CW_FILTER_MAX + 1];
	size_t n;
	bool has_place;
	struct {
		struct cw_level level;
		enum cw_filter_place place;
	} items[CW_FILTER_MAX_LEVELS];
};

enum cw_filter_match {
	CW_FILTER_NO,
	CW_FILTER_YES,
	CW_FILTER_UNKNOWN, /* depends on a name that is not known */
};

/* false: empty, too many levels, longer than 65535, a wildcard not alone in its level, or a # not last. */
CW_MUST_CHECK bool cw_levels_split(const char *text, struct cw_levels *ret_levels);

/* Compiles a rule's filter; with has_places, %a %s %c are placeholders. CW_INVALID: malformed, or any other %. */
CW_MUST_CHECK enum cw_status cw_filter_compile(const char *text, bool has_places, struct cw_filter *ret_filter);

/*
 * Does the filter match the topic, or include every topic that the given filter matches? Strict inclusion,
 * decided level by level. Wildcards in the first level never match a topic that begins with '$'.
 */
enum cw_filter_match cw_filter_covers(const struct cw_filter *filter, const struct cw_filter_names *names,
				      const struct cw_levels *levels);

#endif
