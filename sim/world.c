/* SPDX-License-Identifier: MIT */
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#define KEY_SIZE 300

bool world_init(struct world *world)
{
	*world = (struct world){ .tokens = json_array(),
				 .numbers = json_object(),
				 .customers = json_object(),
				 .ledger = json_array(),
				 .calls = json_array(),
				 .files = json_object(),
				 .rules = json_array(),
				 .statuses = json_pack("{s:[s,s,s], s:i}", "words", "sent", "delivered", "read",
						       "delay_ms", 50),
				 .limits = json_object(),
				 .templates = json_array(),
				 .app = json_object(),
				 .rate = 80,
				 .pair = 45 };
	return pthread_mutex_init(&world->lock, NULL) == 0 && world->statuses && world->templates;
}

void world_lock(struct world *world)
{
	(void)pthread_mutex_lock(&world->lock); /* a default mutex: cannot fail */
}

void world_unlock(struct world *world)
{
	(void)pthread_mutex_unlock(&world->lock);
}

int64_t sim_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t sim_now_ms(void)
{
	return sim_now_us() / 1000;
}

char *sim_new_wamid(void)
{
	unsigned char bytes[42];
	char *wamid = malloc(sizeof("wamid.") + 4 * ((sizeof(bytes) + 2) / 3));

	if (!wamid || RAND_bytes(bytes, sizeof(bytes)) != 1) {
		free(wamid);
		return NULL;
	}
	memcpy(wamid, "wamid.", 6);
	(void)EVP_EncodeBlock((unsigned char *)wamid + 6, bytes, sizeof(bytes)); /* fits exactly */
	return wamid;
}

void sim_new_id(struct world *world, char out[40])
{
	(void)snprintf(out, 40, "15800000%08lld", (long long)++world->n_ids); /* fits */
}

static bool fits(const json_t *rule, const char *on)
{
	const char *about = json_string_value(json_object_get(rule, "on"));

	return strcmp(about ? about : "message", on) == 0;
}

/* Counts down member `name` of a rule; returns whether it was above zero. */
static bool count_down(json_t *rule, const char *name)
{
	int64_t left = json_integer_value(json_object_get(rule, name));

	if (left > 0) {
		(void)json_object_set_new(rule, name, json_integer(left - 1));
	}
	return left > 0;
}

static bool by_chance(const json_t *rule)
{
	const json_t *share = json_object_get(rule, "share");
	uint32_t random = 0;

	return !share || (RAND_bytes((unsigned char *)&random, sizeof(random)) == 1 &&
			  (double)random / 4294967296.0 < json_number_value(share));
}

json_t *world_next_rule(struct world *world, const char *on)
{
	size_t index;
	json_t *rule;

	json_array_foreach(world->rules, index, rule)
	{
		if (!fits(rule, on) || count_down(rule, "after") || !by_chance(rule)) {
			continue;
		}
		json_incref(rule);
		if (json_object_get(rule, "count") &&
		    !(count_down(rule, "count") && json_integer_value(json_object_get(rule, "count")) > 0)) {
			(void)json_array_remove(world->rules, index); /* used up */
		}
		return rule;
	}
	return NULL;
}

bool world_take(struct world *world, const char *name, int64_t burst, int64_t interval_us)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	int64_t now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	int64_t full_us = json_integer_value(json_object_get(world->limits, name));

	full_us = full_us > now_us ? full_us : now_us;
	if (full_us - now_us > (burst - 1) * interval_us) {
		return false;
	}
	(void)json_object_set_new(world->limits, name, json_integer(full_us + interval_us));
	return true;
}

int64_t world_last_written(struct world *world, const char *number, const char *customer)
{
	char key[KEY_SIZE];

	(void)snprintf(key, sizeof(key), "%s/%s", number, customer); /* if truncated, it matches nobody */
	return json_integer_value(json_object_get(world->customers, key));
}

void world_note_written(struct world *world, const char *number, const char *customer, int64_t at_ms)
{
	char key[KEY_SIZE];

	(void)snprintf(key, sizeof(key), "%s/%s", number, customer);
	if (at_ms > world_last_written(world, number, customer)) {
		(void)json_object_set_new(world->customers, key, json_integer(at_ms));
	}
}
