/* SPDX-License-Identifier: MIT */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <pthread.h>

/*
 * The state of the simulated WhatsApp: numbers, customers and when they last wrote, every accepted message (the
 * ledger), files, and rules for misbehaving. One lock guards all of it; functions that need it held say so.
 *
 * From Convwire it uses http/ and small helpers of core, but nothing that parses, decides or sends, so that it cannot
 * share Convwire's mistakes.
 */
struct world {
	pthread_mutex_t lock;
	json_t *tokens;    /* [string]: valid access tokens */
	json_t *numbers;   /* {phone_number_id: display number} */
	json_t *customers; /* {"<phone_number_id>/<customer>": when they last wrote, Unix ms} */
	json_t *ledger;    /* [{number, to, type, body, mark, wamid, at, ...}], in the order of acceptance */
	json_t *calls;     /* [{status, message_id, typing}]: read marks and typing */
	json_t *files;     /* {media id: {mime_type, sha256, bytes (as they are), url_until}} */
	json_t *rules;     /* [{do, on, after, count, ...}], the first that matches applies */
	json_t *statuses;  /* how statuses are sent: {"words":[…],"delay_ms","double","shuffle","batch"} */
	json_t *limits;    /* {"<phone_number_id>": bucket, "<phone_number_id>/<to>": bucket} */
	json_t *templates; /* [what GET message_templates lists]; empty: every name exists */
	json_t *app;       /* {"secret", "subscribed", "callback"}: the Meta app behind the numbers */
	int64_t rate;      /* messages per second for each number */
	int64_t pair;      /* burst of messages to one customer, then one every six seconds */
	bool customers_answer;
	int64_t n_requests;
	int64_t n_ids;
};

/* false when out of memory. Never freed. */
bool world_init(struct world *world);

void world_lock(struct world *world);
void world_unlock(struct world *world);

int64_t sim_now_us(void);
int64_t sim_now_ms(void);
/* A random id with the length and characters of real ones; freed with free(). */
char *sim_new_wamid(void);
/* Digits, unique in this run. The lock must be held. */
void sim_new_id(struct world *world, char out[40]);

/*
 * A new reference to the rule for misbehaving now on `on` ("message", "upload", "ask", "download"); NULL: none. The
 * lock must be held.
 */
json_t *world_next_rule(struct world *world, const char *on);

/* Takes one from a bucket of `burst` that gains one every interval_us. false: it is empty. The lock must be held. */
bool world_take(struct world *world, const char *name, int64_t burst, int64_t interval_us);

/* When a customer last wrote to a number, Unix ms; 0: never. The lock must be held. */
int64_t world_last_written(struct world *world, const char *number, const char *customer);
void world_note_written(struct world *world, const char *number, const char *customer, int64_t at_ms);

#endif
