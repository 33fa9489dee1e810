/* SPDX-License-Identifier: MIT */
#ifndef UNIT_UNIX_EXCHANGE_H
#define UNIT_UNIX_EXCHANGE_H

#include <stddef.h>

/*
 * Sends a request to a Unix socket, and reads what comes until the other end closes, at most max bytes; a NUL follows them.
 * Failures fail the test.
 */
void unix_exchange(const char *path, const char *request, char *answer, size_t max);

#endif
