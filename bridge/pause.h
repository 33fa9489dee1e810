/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_PAUSE_H
#define BRIDGE_PAUSE_H

#include "store/store.h"

/*
 * Numbers that WhatsApp does not let send are paused; an event tells agents. Storing the pause may fail for now (the
 * queue or the disk is full): it is then tried again until it is stored, and the number sends nothing meanwhile. Each
 * thread that pauses has a list of its own; its functions are for that thread.
 */
struct pause;
struct pauses {
	struct pause *first;
};

/* Pauses a number. code is the Graph API's; reason is a static sentence. A pause that is wanted already is not wanted twice. */
void pauses_want(struct pauses *pauses, struct cw_store *store, const char *phone_number_id, int code,
		 const char *reason);

/* Is a pause of the number still to be stored? */
bool pauses_has(const struct pauses *pauses, const char *phone_number_id);

/* Submits again what is due, and forgets what is stored. Returns when to call it next, in monotonic ms; INT64_MAX: never. */
int64_t pauses_retry(struct pauses *pauses, struct cw_store *store);

/* Frees the list; only after the store's writer has ended. Logs each pause that was not stored. */
void pauses_finish(struct pauses *pauses);

#endif
