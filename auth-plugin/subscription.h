/* SPDX-License-Identifier: MIT */
#ifndef AUTH_PLUGIN_SUBSCRIPTION_H
#define AUTH_PLUGIN_SUBSCRIPTION_H

#include <stdint.h>

/*
 * What a session subscribed to, so that an administrator can ask who receives a topic: mosquitto tells nobody. It
 * decides nothing, and one that is missing (no memory, more than SUBSCRIPTIONS_MAX) only makes that answer poorer.
 */
#define SUBSCRIPTIONS_MAX 32

struct subscription {
	struct subscription *next;
	int64_t since_s;
	char filter[]; /* as it was sent, $share and all */
};

/* SUBSCRIBE was allowed. The same filter again keeps its time. */
void subscriptions_add(struct subscription **list, const char *filter, int64_t now_s);
void subscriptions_remove(struct subscription **list, const char *filter);
void subscriptions_free(struct subscription **list);

/* One whose filter matches the topic; NULL. */
const struct subscription *subscriptions_find(const struct subscription *list, const char *topic);

#endif
