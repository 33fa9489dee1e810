/* SPDX-License-Identifier: MIT */
#ifndef STORE_NOTICE_H
#define STORE_NOTICE_H

#include "store/tx.h"

/*
 * What is known of an account's templates, numbers and settings, by field and subject; and the event that tells of
 * it on acct/<a>/events. value (borrowed) replaces what was known; nothing happens when it is the same.
 * Writer's thread; failures are db->failed.
 */
void notice_tell(struct tx *tx, int64_t account, enum cw_event_kind kind, const char *field, const char *subject,
		 json_t *value);

#endif
