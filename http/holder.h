/* SPDX-License-Identifier: MIT */
#ifndef HTTP_HOLDER_H
#define HTTP_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Who listens on a local TCP port, for the sentence that a taken port deserves: "mosquitto (pid 123)".
 * Reads /proc; sees other users' processes only as root. false when it cannot be found out.
 */
bool holder_of_port(int port, char *out, size_t size);

#endif
