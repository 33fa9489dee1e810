/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_SUBSCRIPTION_H
#define AUTH_PLUGIN_SUBSCRIPTION_H

#include <stdint.h>

/*
 * A session's subscriptions, so that an administrator can ask who receives a topic; mosquitto does not say. They decide
 * nothing: if one is missing (out of memory, more than SUBSCRIPTIONS_MAX), only that answer is incomplete.
 */
#define SUBSCRIPTIONS_MAX 32

struct subscription {
	struct subscription *next;
	int64_t since_s;
	char filter[]; /* as sent, including any $share prefix */
};

/* Call when a SUBSCRIBE was allowed. A repeated filter keeps its original time. */
void subscriptions_add(struct subscription **list, const char *filter, int64_t now_s);
void subscriptions_remove(struct subscription **list, const char *filter);
void subscriptions_free(struct subscription **list);

/* A subscription whose filter matches the topic, or NULL. */
const struct subscription *subscriptions_find(const struct subscription *list, const char *topic);

#endif
