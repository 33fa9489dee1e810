/* SPDX-License-Identifier: MIT */
#ifndef UNIT_UNIX_EXCHANGE_H
#define UNIT_UNIX_EXCHANGE_H

#include <stddef.h>

/*
 * Sends a request to a Unix socket and reads the answer until the other end closes, at most max bytes, and
 * NUL-terminates it. Every failure fails the test.
 */
void unix_exchange(const char *path, const char *request, char *answer, size_t max);

#endif
