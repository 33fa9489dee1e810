/* SPDX-License-Identifier: MIT */
#ifndef SIM_POST_H
#define SIM_POST_H

#include <stdint.h>

#include <jansson.h>

#include "core/status.h"
#include "http/http.h"

/*
 * What the simulated WhatsApp says by itself: signed webhooks, in the order in which they are due, and answers that
 * are slow on purpose. Two threads of its own. A webhook that is not answered with 200 is posted again, as Meta does.
 */
struct post;

/* url, secret are copied. NULL without memory or thread. */
struct post *post_create(const char *url, const char *secret);
/* Ends the threads: answers that wait, and those that come later, are given at once; webhooks are forgotten. */
void post_stop(struct post *post);
/* Stops, and accepts NULL. Nobody may use it any more. */
void post_destroy(struct post *post);

/* Webhooks go there from now on. Any thread. */
void post_set_url(struct post *post, const char *url);

/* Takes changes[0].value, to go out as field `field` after delay_ms. */
void post_value(struct post *post, const char *field, json_t *value, int64_t delay_ms);
/* Takes a whole webhook. */
void post_webhook(struct post *post, json_t *webhook, int64_t delay_ms);
/* Answers a deferred request after delay_ms; takes json. NULL: the connection is closed in place of an answer. */
void post_answer(struct post *post, struct cw_http_request *request, int status, json_t *json, int64_t delay_ms);

/* As Meta writes and signs it: ASCII, \u00e4 in lower case, \/, and <, % and @ escaped. For free(). */
char *post_write(const json_t *webhook);

struct post_counts {
	int64_t posted, refused, waiting;
};
void post_counts(struct post *post, struct post_counts *ret_counts);

#endif
