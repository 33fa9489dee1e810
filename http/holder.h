/* SPDX-License-Identifier: MIT */
#ifndef HTTP_HOLDER_H
#define HTTP_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Finds which process listens on a local TCP port, for the error message: "mosquitto (pid 123)". Reads /proc; other
 * users' processes are visible only to root. false: unknown.
 */
bool holder_of_port(int port, char *out, size_t size);

#endif
