/* SPDX-License-Identifier: MIT */
#ifndef STORE_REVOCATION_H
#define STORE_REVOCATION_H

#include "store/tx.h"

/*
 * Tokens that are refused. A revocation of an agent or an account ends their sessions, too, which would give them new
 * tokens. *revocation, which has been checked, becomes what stands now: an older one may reach further.
 */
void revocation_store(struct tx *tx, struct cw_revocation *revocation);

#endif
