/* SPDX-License-Identifier: MIT */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <sys/socket.h>

#include "http/http.h"

/* cw_http_client, without the request: peer and forwarded (X-Forwarded-For) may be NULL. */
bool client_address(const struct sockaddr *peer, const char *forwarded, char out[CW_HTTP_ADDRESS_MAX]);

#endif
