/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_FILTER_REFERENCE_H
#define TESTS_FUZZ_FILTER_REFERENCE_H

#include <stdbool.h>
#include <string.h>

/*
 * MQTT 5.0, 4.7, implemented literally as a recursion over levels: written from the specification, not from
 * core/topic.c. Both arguments must be valid.
 */
static inline bool reference_levels_match(const char *filter, const char *topic)
{
	size_t filter_len = strcspn(filter, "/");
	size_t topic_len = strcspn(topic, "/");
	bool is_last_topic = topic[topic_len] == '\0';

	if (strcmp(filter, "#") == 0) {
		return true;
	}
	bool is_same = (filter_len == 1 && filter[0] == '+') ||
		       (filter_len == topic_len && memcmp(filter, topic, filter_len) == 0);

	if (!is_same) {
		return false;
	}
	if (filter[filter_len] == '\0') {
		return is_last_topic;
	}
	if (is_last_topic) {
		return strcmp(filter + filter_len, "/#") == 0; /* the parent level too, 4.7.1.2 */
	}
	return reference_levels_match(filter + filter_len + 1, topic + topic_len + 1);
}

static inline bool reference_matches(const char *filter, const char *topic)
{
	bool begins_wild = filter[0] == '#' || filter[0] == '+';

	return !(begins_wild && topic[0] == '$') && reference_levels_match(filter, topic); /* 4.7.2 */
}

#endif
