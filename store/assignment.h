/* SPDX-License-Identifier: MIT */
#ifndef STORE_ASSIGNMENT_H
#define STORE_ASSIGNMENT_H

#include "store/tx.h"

/*
 * Assignments: the row's assignee, its history, and an event for each change, all in one transaction.
 * A conversation and those merged into it share one assignee. Writer's thread; failures are in db->failed.
 */

/*
 * Makes the two events of a merge: one for the younger, which was merged into the older, and one for the older. The
 * older's assignee wins; if it has none, it takes the younger's. Both rows hold their new versions; the caller
 * saves them.
 */
void assignment_merge(struct tx *tx, struct conversation_row *younger, struct conversation_row *older);

/*
 * Assigns a conversation and all that were merged into it to subject ("": nobody); by: who does it, "": an operator.
 * The conversation must not itself be merged into another. false: already assigned that way.
 */
bool assignment_give(struct tx *tx, struct conversation_row *row, const char *subject, const char *by);

/*
 * Why no conversation may be assigned to subject: their role cannot answer, or they are disabled. NULL: it may; so it
 * may to a subject that is no agent of ours, whose tokens come from elsewhere. Static.
 */
const char *assignment_refusal(struct tx *tx, int64_t account, const char *subject);

#endif
