/* SPDX-License-Identifier: MIT */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

#include <sys/socket.h>

#include "http/http.h"

/* cw_http_peer, without the request: peer and forwarded (X-Forwarded-For) may be NULL. */
bool peer_address(const struct sockaddr *peer, const char *forwarded, char out[CW_HTTP_ADDRESS_MAX]);

#endif
