/* SPDX-License-Identifier: MIT */
#ifndef SIM_POST_H
#define SIM_POST_H

#include <stdint.h>

#include <jansson.h>

#include "core/status.h"
#include "http/http.h"

/*
 * What the simulated WhatsApp sends later: signed webhooks, in the order in which they are due, and deliberately slow
 * answers. Uses two threads of its own. A webhook that is not answered with 200 is posted again, as Meta does.
 */
struct post;

/* Copies url and secret. NULL when out of memory or threads. */
struct post *post_create(const char *url, const char *secret);
/* Ends the threads. Waiting and later answers are sent at once; webhooks are dropped. */
void post_stop(struct post *post);
/* Stops and frees it; nobody may use it afterwards. Accepts NULL. */
void post_destroy(struct post *post);

/* Sends webhooks to this URL from now on. Any thread. */
void post_set_url(struct post *post, const char *url);

/* Takes ownership of value; sends it as changes[0].value of field `field` after delay_ms. */
void post_value(struct post *post, const char *field, json_t *value, int64_t delay_ms);
/* Takes ownership of a whole webhook; sends it after delay_ms. */
void post_webhook(struct post *post, json_t *webhook, int64_t delay_ms);
/* Answers a deferred request after delay_ms; takes ownership of json. NULL: closes the connection instead. */
void post_answer(struct post *post, struct cw_http_request *request, int status, json_t *json, int64_t delay_ms);

/*
 * The webhook as Meta writes and signs it: ASCII, \u00e4 in lower case, \/, and <, % and @ escaped. Freed with free().
 */
char *post_write(const json_t *webhook);

struct post_counts {
	int64_t posted, refused, waiting;
};
void post_counts(struct post *post, struct post_counts *ret_counts);

#endif
