/* SPDX-License-Identifier: MIT */
#ifndef STORE_READ_RIGHTS_H
#define STORE_READ_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/revocation.h"
#include "core/status.h"

/* Reading assignments and revocations: part of store/store.h. */

struct cw_reader;

typedef bool (*cw_assignment_fn)(void *context, const char *conversation, const char *subject);
typedef bool (*cw_assignment_change_fn)(void *context, const char *conversation, bool is_gained);
typedef bool (*cw_revocation_fn)(void *context, const struct cw_revocation *revocation);
typedef bool (*cw_limited_fn)(void *context, const char *account, const char *subject, int64_t synced_at_ms);

/*
 * Current assignments of all accounts, in pages of at most limit; start with after_id 0. *ret_last_id is the after_id
 * of the next page; it equals after_id when there are no more.
 */
CW_MUST_CHECK enum cw_status cw_store_assignments(struct cw_reader *reader, int64_t after_id, int64_t limit,
						  cw_assignment_fn on_assignment, void *context, int64_t *ret_last_id,
						  struct cw_error *reterr);

/*
 * Conversations that were assigned to the agent since seq `since` (gained) and those that no longer are (lost).
 * CW_NOT_FOUND: account.
 */
CW_MUST_CHECK enum cw_status cw_store_assignment_changes(struct cw_reader *reader, const char *account,
							 const char *subject, int64_t since,
							 cw_assignment_change_fn on_change, void *context,
							 struct cw_error *reterr);

/*
 * seq of the newest event that an agent limited to assigned conversations may see: events of their conversations, the
 * events by which they lost one, and, with sees_events, those on acct/<a>/events. 0: none. CW_NOT_FOUND: account.
 */
CW_MUST_CHECK enum cw_status cw_store_last_visible_seq(struct cw_reader *reader, const char *account, const char *subject,
						       bool sees_events, int64_t *ret_seq, struct cw_error *reterr);

/* The agents limited to assigned conversations who called /sync at since_ms or later. */
CW_MUST_CHECK enum cw_status cw_store_limited_subjects(struct cw_reader *reader, int64_t since_ms,
						       cw_limited_fn on_subject, void *context, struct cw_error *reterr);

/* Revocations still in effect at now_s. */
CW_MUST_CHECK enum cw_status cw_store_revocations(struct cw_reader *reader, int64_t now_s,
						  cw_revocation_fn on_revocation, void *context, struct cw_error *reterr);

#endif
