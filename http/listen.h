/* SPDX-License-Identifier: MIT */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "http/http.h"

/*
 * Opens a listening socket on the options' address and port, or their Unix path. The caller closes it. -1: see reterr.
 */
int listen_open(const struct cw_http_options *options, struct cw_error *reterr);

/* The TCP port that fd listens on; 0 for any other socket. */
int listen_port(int fd);

#endif
