/* SPDX-License-Identifier: MIT */
#ifndef UNIT_NOMEM_H
#define UNIT_NOMEM_H

#include <stdbool.h>

/*
 * Makes one allocation fail: of ours (the program is linked with --wrap), of jansson's, SQLite's or OpenSSL's, on any thread.
 */

/* Once, before anything else of the program. */
void nomem_init(void);

/* The n-th allocation from now on fails, from 1. */
void nomem_arm(long n);

/* No more fails. Has one failed? */
bool nomem_disarm(void);

#endif
