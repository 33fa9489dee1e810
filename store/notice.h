/* SPDX-License-Identifier: MIT */
#ifndef STORE_NOTICE_H
#define STORE_NOTICE_H

#include "store/tx.h"

/*
 * Stores the latest value for one of an account's templates, numbers, settings or agents, by field and subject, and
 * makes the event for acct/<a>/events. value (borrowed) replaces the old one; nothing happens when it is the same.
 * Writer's thread; failures are in db->failed.
 */
void notice_tell(struct tx *tx, int64_t account, enum cw_event_kind kind, const char *field, const char *subject,
		 json_t *value);

#endif
