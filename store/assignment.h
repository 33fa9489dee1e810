/* SPDX-License-Identifier: MIT */
#ifndef STORE_ASSIGNMENT_H
#define STORE_ASSIGNMENT_H

#include "store/tx.h"

/*
 * Who has a conversation: the row's assignee, its history, and the event of each change, in one
 * transaction. A conversation and those merged into it have one assignee. Writer's thread; failures are db->failed.
 */

/*
 * The two events of a merge: of the younger, which went into the older, and of the older. The older's assignee
 * wins; if it has none it takes the younger's. Both rows hold their new versions and are the caller's to save.
 */
void assignment_merge(struct tx *tx, struct conversation_row *younger, struct conversation_row *older);

/* Gives a conversation that is not merged into another, and all that were merged into it, to subject ("": nobody). false: it stood so. */
bool assignment_give(struct tx *tx, struct conversation_row *row, const char *subject);

#endif
