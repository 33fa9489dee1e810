/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_TEMPLATES_H
#define BRIDGE_TEMPLATES_H

#include <jansson.h>
#include <stdatomic.h>

#include "bridge/bridge.h"

/*
 * Message templates as the Graph API lists them. One thread fetches those of a WhatsApp Business Account again after a
 * webhook said that one was approved or changed, and when the account becomes known; with an error, it tries again later.
 */
struct templates;

/* NULL when out of memory. Start begins the thread; stop ends it within a second. Destroy stops, and accepts NULL. */
struct templates *templates_create(const struct bridge_options *options);
CW_MUST_CHECK enum cw_status templates_start(struct templates *templates, struct cw_store *store,
					     struct cw_error *reterr);
void templates_stop(struct templates *templates);
void templates_destroy(struct templates *templates);

/* Some may be due. Any thread. */
void templates_wake(struct templates *templates);

/*
 * Appends all templates of a WABA to rows, an array. Blocks; *is_stopping (NULL: never) ends it with CW_BUSY. CW_BUSY:
 * WhatsApp cannot be reached; CW_DENIED: it refused; CW_NOMEM. Any thread.
 */
CW_MUST_CHECK enum cw_status templates_fetch(const char *graph_url, const char *waba_id, const char *token,
					     const atomic_bool *is_stopping, json_t *rows, struct cw_error *reterr);

#endif
