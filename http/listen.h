/* SPDX-License-Identifier: MIT */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include "http/http.h"

/* A listening socket for the options' address and port, or their Unix path; -1 with the reason. The caller closes it. */
int listen_open(const struct cw_http_options *options, struct cw_error *reterr);

/* The TCP port that it listens on; 0 for another socket. */
int listen_port(int fd);

#endif
