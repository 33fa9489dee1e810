/* SPDX-License-Identifier: MIT */
#ifndef HTTP_HTTP_PRIVATE_H
#define HTTP_HTTP_PRIVATE_H

#include <stdatomic.h>

#include "core/buf.h"
#include "http/answer.h"
#include "http/http.h"
#include "http/sweeper.h"

/* Shared by http.c (the library's callbacks) and respond.c (answers). */

#define HTTP_MAX_LEVELS 4
#define HTTP_MAX_LEVEL_BYTES 300

struct MHD_Connection;
struct MHD_Daemon;

struct cw_http_request {
	struct cw_http_server *server;
	struct MHD_Connection *connection;
	const struct cw_http_route *route; /* NULL: none matches */
	struct sweeper_entry *entry;
	struct cw_buf body;
	int64_t counted_bytes; /* this body's share of server->body_bytes */
	int64_t drained_bytes;
	size_t passed_bytes; /* given to the route's take */
	struct answer answer;
	atomic_bool is_answered;
	bool is_get;
	bool is_handled;
	bool is_deferred;
	bool is_queued;
	bool is_dropped;
	void *user;
	void (*release_user)(void *user);
	char levels[HTTP_MAX_LEVELS][HTTP_MAX_LEVEL_BYTES];
};

struct cw_http_server {
	struct cw_http_options options;
	struct MHD_Daemon *daemon;
	struct sweeper *sweeper;
	_Atomic int64_t body_bytes, connections;
	int port;
};

/* Has the request been answered? Any thread. */
bool respond_is_done(struct cw_http_request *request);

/*
 * Called when the headers are read: answers pages that are not allowed (http/origin.h), and CORS preflights. true: it
 * has answered.
 */
bool respond_to_page(struct cw_http_request *request, const char *path, const char *method);

/* Lets the library continue a deferred request, which may no longer exist when this returns. */
void http_resume(struct cw_http_request *request);

#endif
