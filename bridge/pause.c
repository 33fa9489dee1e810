/* SPDX-License-Identifier: MIT */
#include "bridge/pause.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"

/* Several messages meet the same error: only the first one pauses. */
static void on_paused(struct cw_store_op *op)
{
	const char *id = op->pause.phone_number_id;
	size_t len = strlen(id);

	if (op->status == CW_OK) {
		cw_log_error("number …%s is paused: %s", id + (len > 4 ? len - 4 : 0), op->pause.reason);
	}
	free(op->context); /* the phone_number_id's copy */
	free(op);
}

void pause_number(struct cw_store *store, const char *phone_number_id, int code, const char *reason)
{
	struct cw_store_op *op = calloc(1, sizeof(*op));
	char *copy = strdup(phone_number_id);

	if (op && copy) {
		*op = (struct cw_store_op){
			.type = CW_STORE_NUMBER_PAUSE,
			.on_done = on_paused,
			.context = copy,
			.pause = { .change = CW_NUMBER_PAUSE, .phone_number_id = copy, .code = code, .reason = reason }
		};
	}
	if (!op || !copy || cw_store_submit(store, op) != CW_OK) {
		free(copy);
		free(op);
	}
}
