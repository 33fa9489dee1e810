/* SPDX-License-Identifier: MIT */
#ifndef STORE_MINT_H
#define STORE_MINT_H

#include "core/phone.h"
#include "store/identity.h"

/* Parses a typed customer; party borrows from customer and digits. CW_INVALID with a sentence. Any thread. */
CW_MUST_CHECK enum cw_status mint_read_customer(const char *customer, char digits[CW_PHONE_MAX + 1],
						struct cw_party *party, struct cw_error *reterr);

#endif
