/* SPDX-License-Identifier: MIT */
#ifndef STORE_REVOCATION_H
#define STORE_REVOCATION_H

#include "store/tx.h"

/*
 * Stores a revocation. Revoking an agent or an account also ends their sessions, which could otherwise get new tokens.
 * *revocation must be valid; it is set to the revocation now in effect, since an earlier one may reach further.
 */
void revocation_store(struct tx *tx, struct cw_revocation *revocation);

#endif
