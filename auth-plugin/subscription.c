/* SPDX-License-Identifier: MIT */
#include "auth-plugin/subscription.h"

#include <stdlib.h>
#include <string.h>

#include "core/topic.h"

/* The filter after `$share/<group>/` (MQTT 5.0, 4.8.2). */
static const char *plain_filter(const char *filter)
{
	const char *slash = strncmp(filter, "$share/", 7) == 0 ? strchr(filter + 7, '/') : NULL;

	return slash ? slash + 1 : filter;
}

void subscriptions_add(struct subscription **list, const char *filter, int64_t now_s)
{
	size_t len = strlen(filter);
	int n = 0;

	for (const struct subscription *known = *list; known; known = known->next) {
		if (++n == SUBSCRIPTIONS_MAX || strcmp(known->filter, filter) == 0) {
			return;
		}
	}
	struct subscription *fresh = malloc(sizeof(*fresh) + len + 1);

	if (fresh) {
		fresh->next = *list;
		fresh->since_s = now_s;
		memcpy(fresh->filter, filter, len + 1);
		*list = fresh;
	}
}

void subscriptions_remove(struct subscription **list, const char *filter)
{
	for (struct subscription **at = list; *at; at = &(*at)->next) {
		struct subscription *known = *at;

		if (strcmp(known->filter, filter) == 0) {
			*at = known->next;
			free(known);
			return;
		}
	}
}

void subscriptions_free(struct subscription **list)
{
	while (*list) {
		struct subscription *next = (*list)->next;

		free(*list);
		*list = next;
	}
}

const struct subscription *subscriptions_find(const struct subscription *list, const char *topic)
{
	while (list && !cw_topic_matches(plain_filter(list->filter), topic)) {
		list = list->next;
	}
	return list;
}
