/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_PAUSE_H
#define BRIDGE_PAUSE_H

#include "store/store.h"

/*
 * Pauses a number when WhatsApp refuses it or its token; an event tells agents. If the pause cannot be stored yet (the
 * queue or the disk is full), it is retried, and until then the number sends nothing. Each thread has its own list,
 * which only it may use.
 */
struct pause;
struct pauses {
	struct pause *first;
};

/*
 * code is the Graph API's; reason is a static sentence. Does nothing if that pause is already being stored. Out of
 * memory is logged; the number is then not paused, and its next message meets the same error.
 */
void pauses_want(struct pauses *pauses, struct cw_store *store, const char *phone_number_id, int code,
		 const char *reason);

/* Is a pause of this number not stored yet? */
bool pauses_has(const struct pauses *pauses, const char *phone_number_id);

/* Submits again what is due, and forgets what is stored. Returns when to call it next, in monotonic ms; INT64_MAX: never. */
int64_t pauses_retry(struct pauses *pauses, struct cw_store *store);

/* Frees the list; only after the store's writer has ended. Logs each pause that was not stored. */
void pauses_finish(struct pauses *pauses);

#endif
