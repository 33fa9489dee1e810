/* SPDX-License-Identifier: MIT */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <pthread.h>

/*
 * What the simulated WhatsApp knows: numbers, customers and when they last wrote, every message it took (the
 * ledger), files, and how it is to misbehave. One lock around all of it; functions that say so want it held.
 *
 * Of Convwire it uses http/ and small helpers of core, and nothing that parses, decides or sends: no mistake is made twice.
 */
struct world {
	pthread_mutex_t lock;
	json_t *tokens;    /* [text]: access tokens that are good */
	json_t *numbers;   /* {phone_number_id: display number} */
	json_t *customers; /* {"<phone_number_id>/<customer>": when they last wrote, Unix ms} */
	json_t *ledger;    /* [{number, to, type, body, mark, wamid, at, ...}], in the order in which they were taken */
	json_t *calls;     /* [{status, message_id, typing}]: read marks and typing */
	json_t *files;     /* {media id: {mime_type, sha256, bytes (as they are), url_until}} */
	json_t *rules;     /* [{do, on, after, count, ...}], the first that fits is followed */
	json_t *statuses;  /* how statuses come back: {"words":[…],"delay_ms","double","shuffle","batch"} */
	json_t *limits;    /* {"<phone_number_id>": bucket, "<phone_number_id>/<to>": bucket} */
	json_t *templates; /* [names that exist]; empty: all */
	json_t *app;       /* {"secret", "subscribed", "callback"}: the Meta app behind the numbers */
	int64_t rate;      /* messages per second and number */
	int64_t pair;      /* messages at once to one customer, then one in six seconds */
	bool customers_answer;
	int64_t n_requests;
	int64_t n_ids;
};

/* false without memory. It lives as long as the process. */
bool world_init(struct world *world);

void world_lock(struct world *world);
void world_unlock(struct world *world);

int64_t sim_now_us(void);
int64_t sim_now_ms(void);
/* Random, of real length, with the characters that real ones have; for free(). */
char *sim_new_wamid(void);
/* Digits, unique in this run. With the lock. */
void sim_new_id(struct world *world, char out[40]);

/* A new reference to the next thing that `on` ("message", "upload", "ask", "download") is to do wrong; NULL: nothing. With the lock. */
json_t *world_next_rule(struct world *world, const char *on);

/*
 * Takes one of a bucket of `burst` that gains one in interval_us; false when it is empty. With the lock.
 */
bool world_take(struct world *world, const char *name, int64_t burst, int64_t interval_us);

/* When a customer last wrote to a number, Unix ms; 0: never. With the lock. */
int64_t world_last_written(struct world *world, const char *number, const char *customer);
void world_note_written(struct world *world, const char *number, const char *customer, int64_t at_ms);

#endif
