/* SPDX-License-Identifier: MIT */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/status.h"

/*
 * An HTTP server on GNU libmicrohttpd: listeners, routes, limits. The only module that uses that library.
 *
 * A request is admitted or refused by its headers (admit). Its body is read, or drained and discarded if the request
 * was refused, so that the client sees the answer. Then the route's handler runs, on one of the listener's threads. It
 * answers, or defers and lets another thread answer later. An absolute deadline ends connections that send slowly,
 * since the library's own timeout only counts inactivity.
 */
struct cw_http_server;
struct cw_http_request;

struct cw_http_route {
	const char *method; /* GET also handles HEAD */
	const char *path;   /* "/a/{}/b": {} matches one level, see cw_http_level */
	size_t max_body;    /* bytes; a larger body is answered 413 */
	/* Runs once the headers are read. If it answers, the body is drained. NULL: every request is admitted. */
	void (*admit)(struct cw_http_request *request, void *context);
	void (*handle)(struct cw_http_request *request, void *context);
	void *context; /* for this route's functions */
	/*
	 * Receives the body piece by piece, instead of it being kept for cw_http_body. If it answers, the rest is
	 * drained. Such a body may take ten minutes. NULL: the body is kept.
	 */
	void (*take)(struct cw_http_request *request, const char *bytes, size_t len, void *context);
};

struct cw_http_options {
	const char *address;   /* to bind; ignored with unix_path */
	int port;              /* 0: the kernel chooses */
	const char *unix_path; /* a Unix socket instead, mode 0600; NULL: TCP */
	int n_threads;
	int max_connections;
	int64_t max_body_bytes;             /* of all current requests together; above it: 503 */
	const struct cw_http_route *routes; /* borrowed while the server runs */
	size_t n_routes;
	/*
	 * For a listener that browsers use: other origins whose pages may request paths below /api/. Our own pages are
	 * those from the requested host or from own_origin ("": unknown); all others are answered 403 (http/origin.h).
	 * NULL: no page is refused.
	 */
	const char *cors_origins, *own_origin;
};

/* CW_BUSY: the port is in use (the text names the process if possible); CW_INVALID: bad address. */
CW_MUST_CHECK enum cw_status cw_http_start(const struct cw_http_options *options, struct cw_http_server **ret_server,
					   struct cw_error *reterr);

/* Stops accepting new connections. */
void cw_http_quiesce(struct cw_http_server *server);

/* Ends the server. Every deferred request must have been answered. Accepts NULL. */
void cw_http_stop(struct cw_http_server *server);

/* The port it listens on; 0 for a Unix socket. */
int cw_http_port(const struct cw_http_server *server);

/* Connections accepted since the start. Any thread. */
int64_t cw_http_connections(const struct cw_http_server *server);

/* ---- for handlers; strings are valid as long as the request ---- */

/* A header's value, or NULL. */
const char *cw_http_header(struct cw_http_request *request, const char *name);
/* A decoded query parameter, or NULL. */
const char *cw_http_query(struct cw_http_request *request, const char *name);
/* A cookie's value, or NULL. */
const char *cw_http_cookie(struct cw_http_request *request, const char *name);
/* Does the client accept a gzip answer? */
bool cw_http_takes_gzip(struct cw_http_request *request);
/*
 * The client's IP address, for IPv6 its /64 network. It is the connection's or, if that comes from this machine, the
 * one that the local proxy appended to X-Forwarded-For. false (and "unknown") if there is none, as on a Unix socket.
 */
#define CW_HTTP_ADDRESS_MAX 46
bool cw_http_peer(struct cw_http_request *request, char out[CW_HTTP_ADDRESS_MAX]);
/* The path's value for the n-th {} of the route, from 0; decoded. */
const char *cw_http_level(struct cw_http_request *request, int n);
/* The body. Never NULL; NUL-terminated. */
const char *cw_http_body(struct cw_http_request *request, size_t *ret_len);
/*
 * Stores a pointer for the route's functions, from admit to handle. `release` is called on it when it is replaced and
 * when the request ends.
 */
void cw_http_set_user(struct cw_http_request *request, void *user, void (*release)(void *user));
void *cw_http_user(struct cw_http_request *request);

/* Adds a header to the answer; call before answering. */
void cw_http_add_header(struct cw_http_request *request, const char *name, const char *value);

/* Answers with a copy of the text. Once per request; a deferred request may be answered from any thread. */
void cw_http_answer(struct cw_http_request *request, int code, const char *content_type, const char *text);

/*
 * Answers with an open file of len bytes and takes ownership of fd. Sends only the part that Range asks for, or 304 if
 * If-None-Match matches etag. etag is a quoted string that differs whenever the content differs, never NULL.
 */
void cw_http_answer_file(struct cw_http_request *request, const char *content_type, int fd, int64_t len,
			 const char *etag);

/* Answers with JSON; takes the reference. NULL answers 500. */
void cw_http_answer_json(struct cw_http_request *request, int code, json_t *json);

/* Answers with an RFC 9457 problem document: type is a short name, e.g. "not_found"; detail is a sentence. */
void cw_http_problem(struct cw_http_request *request, int code, const char *type, const char *detail);

/* Closes the connection instead of answering; for the simulator. */
void cw_http_drop(struct cw_http_request *request);

/* Defers the answer. Call before another thread can see the request. */
void cw_http_defer(struct cw_http_request *request);

#endif
