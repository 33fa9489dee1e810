/* SPDX-License-Identifier: MIT */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "http/http.h"

/*
 * Opens a listening socket on the options' address and port, or their Unix path. The caller closes it. -1: see reterr.
 */
int listen_open(const struct cw_http_options *options, struct cw_error *reterr);

/* Could the port be opened now? Unlike listen_open, it does not look for who holds it. */
bool listen_is_free(const char *address, int port);

/* The TCP port that fd listens on; 0 for any other socket. */
int listen_port(int fd);

#endif
