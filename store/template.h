/* SPDX-License-Identifier: MIT */
#ifndef STORE_TEMPLATE_H
#define STORE_TEMPLATE_H

#include "store/tx.h"

/* The bridge is to fetch the WABA's templates, e.g. because a number's WABA has become known. Writer's thread. */
void template_due(struct tx *tx, int64_t account, const char *waba_id);

/*
 * A webhook about a template of a WABA: its status, category or quality is stored at once, and the bridge fetches the
 * WABA's templates again, since webhooks may come late and in any order. value is the change's. Writer's thread.
 */
void template_note(struct tx *tx, int64_t account, const char *waba_id, const json_t *value);

#endif
