/* SPDX-License-Identifier: MIT */
#ifndef UNIT_NOMEM_H
#define UNIT_NOMEM_H

#include <stdbool.h>

/*
 * Makes one allocation fail: one of ours (the program is linked with --wrap), jansson's, SQLite's or OpenSSL's, on any
 * thread.
 */

/* Call once, before anything else in the program. */
void nomem_init(void);

/* Makes the n-th allocation from now on fail, counted from 1. */
void nomem_arm(long n);

/* Lets all further allocations succeed. Returns whether one has failed. */
bool nomem_disarm(void);

#endif
