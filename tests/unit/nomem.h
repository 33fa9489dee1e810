/* SPDX-License-Identifier: MIT */
#ifndef UNIT_NOMEM_H
#define UNIT_NOMEM_H

#include <stdbool.h>

/*
 * Makes one allocation fail: one of ours (the program is linked with --wrap), jansson's, SQLite's or OpenSSL's, on any
 * thread.
 */

/* cmocka's setup and teardown of the group. The teardown fails if the last sweep made no allocation fail. */
int nomem_start(void **state);
int nomem_finish(void **state);

/*
 * Makes the n-th allocation from now on fail. n = 1 begins a new sweep; the test fails if the one before made no
 * allocation fail.
 */
void nomem_arm(long n);

/* Lets all further allocations succeed. Returns whether one has failed. */
bool nomem_disarm(void);

#endif
