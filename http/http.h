/* SPDX-License-Identifier: MIT */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/status.h"

/*
 * An HTTP server over GNU libmicrohttpd: listeners, routes, limits; the only place that knows it.
 *
 * A request is decided at its headers (admit), its body read, or drained unseen when it was refused, so
 * that the client sees the answer; then the route's handler runs, on one of the listener's threads. A
 * handler answers, or defers and lets any other thread answer later. Connections that drip are cut by
 * an absolute deadline, since the library's own timeout only counts inactivity.
 */
struct cw_http_server;
struct cw_http_request;

struct cw_http_route {
	const char *method; /* GET also serves HEAD */
	const char *path;   /* "/a/{}/b": {} stands for one level, given by cw_http_level */
	size_t max_body;    /* bytes; more is answered 413 */
	/* Runs at the headers; it may answer, and the body is then drained. NULL: all are admitted. */
	void (*admit)(struct cw_http_request *request, void *context);
	void (*handle)(struct cw_http_request *request, void *context);
	void *context; /* of this route's functions */
	/*
	 * Takes a body piece by piece, in place of it being kept for cw_http_body; it may answer, and the rest is then
	 * drained. Such a body may take ten minutes. NULL: it is kept.
	 */
	void (*take)(struct cw_http_request *request, const char *bytes, size_t len, void *context);
};

struct cw_http_options {
	const char *address;   /* to bind; ignored with unix_path */
	int port;              /* 0: the kernel chooses */
	const char *unix_path; /* a Unix socket instead, mode 0600; NULL: TCP */
	int n_threads;
	int max_connections;
	int64_t max_body_bytes;             /* of all requests under way together; over it: 503 */
	const struct cw_http_route *routes; /* borrowed while the server runs */
	size_t n_routes;
	/*
	 * Of a listener that browsers talk to: pages that may ask for paths below /api/ besides our own, which is of the host
	 * that was asked or of own_origin (""); others are answered 403 (http/origin.h). NULL: no page is refused.
	 */
	const char *cors_origins, *own_origin;
};

/* CW_BUSY when the port is taken (the text says by whom, if it can be found out), CW_INVALID for a bad address. */
CW_MUST_CHECK enum cw_status cw_http_start(const struct cw_http_options *options, struct cw_http_server **ret_server,
					   struct cw_error *reterr);

/* Takes no new connections from now on. */
void cw_http_quiesce(struct cw_http_server *server);

/* Ends the server. Every deferred request must have been answered. NULL is fine. */
void cw_http_stop(struct cw_http_server *server);

/* The port it listens on; 0 for a Unix socket. */
int cw_http_port(const struct cw_http_server *server);

/* Connections that were taken since the start. Any thread. */
int64_t cw_http_connections(const struct cw_http_server *server);

/* ---- in a handler; texts live as long as the request ---- */

/* A header's value, or NULL. */
const char *cw_http_header(struct cw_http_request *request, const char *name);
/* A decoded query parameter, or NULL. */
const char *cw_http_query(struct cw_http_request *request, const char *name);
/* A cookie's value, or NULL. */
const char *cw_http_cookie(struct cw_http_request *request, const char *name);
/* Does the client take an answer packed by gzip? */
bool cw_http_takes_gzip(struct cw_http_request *request);
/*
 * The IP address that asks, of IPv6 its /64 network: the connection's, or, when that is this machine, what a proxy here
 * appended to X-Forwarded-For.
 * false (and "unknown") when there is none, as on a Unix socket.
 */
#define CW_HTTP_ADDRESS_MAX 46
bool cw_http_peer(struct cw_http_request *request, char out[CW_HTTP_ADDRESS_MAX]);
/* What stood for the n-th {} of the path, from 0; decoded. */
const char *cw_http_level(struct cw_http_request *request, int n);
/* The body. Never NULL; a NUL follows. */
const char *cw_http_body(struct cw_http_request *request, size_t *ret_len);
/* The route's own place for a pointer from admit to handle; given to `release` when it is replaced and when the request ends. */
void cw_http_set_user(struct cw_http_request *request, void *user, void (*release)(void *user));
void *cw_http_user(struct cw_http_request *request);

/* Adds a header to the answer; before answering. */
void cw_http_add_header(struct cw_http_request *request, const char *name, const char *value);

/* Answers with a copy of the text. Once per request; a deferred one from any thread. */
void cw_http_answer(struct cw_http_request *request, int code, const char *content_type, const char *text);

/*
 * Answers with an open file of len bytes, which is the answer's from here on; or with the part that Range asks for, or with
 * 304 when If-None-Match names etag: a quoted text that is another for other bytes, never NULL.
 */
void cw_http_answer_file(struct cw_http_request *request, const char *content_type, int fd, int64_t len,
			 const char *etag);

/* Answers with JSON; takes the reference. NULL answers 500. */
void cw_http_answer_json(struct cw_http_request *request, int code, json_t *json);

/* Answers with an RFC 9457 problem document: type is the short name, e.g. "not_found"; detail a sentence. */
void cw_http_problem(struct cw_http_request *request, int code, const char *type, const char *detail);

/* Closes the connection without an answer, in place of answering: what a simulator does on purpose. */
void cw_http_drop(struct cw_http_request *request);

/* The answer comes later. Call before another thread can know the request. */
void cw_http_defer(struct cw_http_request *request);

#endif
