/* SPDX-License-Identifier: MIT */
#include "http/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <microhttpd.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/text.h"
#include "http/answer.h"
#include "http/client.h"
#include "http/holder.h"
#include "http/origin.h"
#include "http/sweeper.h"

/* Past this a refused body is no longer drained for courtesy's sake. */
#define UNKNOWN_TYPE "application/octet-stream"
#define MAX_DRAIN_BYTES (16 * 1024 * 1024)
#define CONNECTION_MEMORY_BYTES (16 * 1024)
#define INACTIVITY_S 15
#define LISTEN_BACKLOG 1024
#define MAX_LEVELS 4
#define API_PATH "/api/"
#define MAX_LEVEL_BYTES 300

struct cw_http_request {
	struct cw_http_server *server;
	struct MHD_Connection *connection;
	const struct cw_http_route *route; /* NULL: none fits */
	struct sweeper_entry *entry;
	struct cw_buf body;
	int64_t counted_bytes; /* of this body, in server->body_bytes */
	int64_t drained_bytes;
	size_t passed_bytes; /* to the route's take */
	struct answer answer;
	atomic_bool is_answered;
	bool is_handled;
	bool is_deferred;
	bool is_queued;
	bool is_dropped;
	void *user;
	void (*release_user)(void *user);
	char levels[MAX_LEVELS][MAX_LEVEL_BYTES];
};

struct cw_http_server {
	struct cw_http_options options;
	struct MHD_Daemon *daemon;
	struct sweeper *sweeper;
	_Atomic int64_t body_bytes, connections;
	int port;
};

/* ---- routing ---- */

static bool copy_level(struct cw_http_request *request, int n, const char *from, size_t len)
{
	if (n >= MAX_LEVELS || len == 0 || len >= MAX_LEVEL_BYTES) {
		return false;
	}
	memcpy(request->levels[n], from, len);
	request->levels[n][len] = '\0';
	return true;
}

static bool path_fits(struct cw_http_request *request, const char *pattern, const char *path)
{
	int n = 0;

	for (;;) {
		if (pattern[0] == '{' && pattern[1] == '}') {
			size_t len = strcspn(path, "/");

			if (!copy_level(request, n++, path, len)) {
				return false;
			}
			path += len;
			pattern += 2;
		} else if (*pattern != *path) {
			return false;
		} else if (*path == '\0') {
			return true;
		} else {
			pattern++;
			path++;
		}
	}
}

static bool method_fits(const struct cw_http_route *route, const char *method)
{
	return strcmp(route->method, method) == 0 || (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void find_route(struct cw_http_request *request, const char *path, const char *method)
{
	char allow[64] = "";
	size_t len = 0;

	for (size_t i = 0; i < request->server->options.n_routes; i++) {
		const struct cw_http_route *route = &request->server->options.routes[i];

		if (!path_fits(request, route->path, path)) {
			continue;
		}
		if (method_fits(route, method)) {
			request->route = route;
			return;
		}
		if (cw_text_format(allow + len, sizeof(allow) - len, "%s%s", len ? ", " : "", route->method)) {
			len = strlen(allow);
		}
	}
	if (len > 0) {
		cw_http_add_header(request, "Allow", allow);
		cw_http_problem(request, 405, "method_not_allowed", "This path does not take this method; see Allow.");
	} else {
		cw_http_problem(request, 404, "not_found", "There is nothing at this path; docs/protocol.md lists them.");
	}
}

/* ---- a request's life ---- */

static struct cw_http_request *start_request(struct cw_http_server *server, struct MHD_Connection *connection)
{
	struct cw_http_request *request = calloc(1, sizeof(*request));
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	if (request) {
		request->server = server;
		request->connection = connection;
		request->entry = info ? info->socket_context : NULL;
		sweeper_enter(server->sweeper, request->entry, SWEEPER_BODY);
	}
	return request;
}

static bool is_answered(struct cw_http_request *request)
{
	return atomic_load_explicit(&request->is_answered, memory_order_acquire);
}

/* Content-Length is a claim; the bytes are counted as they come. */
static void check_claimed_length(struct cw_http_request *request)
{
	const char *claimed = cw_http_header(request, "Content-Length");
	int64_t len = 0;

	if (!is_answered(request) && claimed && cw_text_to_int64(claimed, &len) == CW_OK &&
	    len > (int64_t)request->route->max_body) {
		cw_http_problem(request, 413, "body_too_large", "The body is longer than this path takes.");
	}
}

/* A page of another origin asks whether it may ask (the Fetch standard, "CORS-preflight fetch"). */
static void answer_preflight(struct cw_http_request *request)
{
	cw_http_add_header(request, "Access-Control-Allow-Methods", "GET, POST, DELETE");
	cw_http_add_header(request, "Access-Control-Allow-Headers", "Authorization, Content-Type, Range");
	cw_http_add_header(request, "Access-Control-Max-Age", "600");
	cw_http_answer(request, 204, "text/plain", "");
}

/* Is answered when a page asks that may not, or only asks whether it may. */
static void judge_origin(struct cw_http_request *request, const char *method)
{
	const struct cw_http_options *options = &request->server->options;
	const char *origin = cw_http_header(request, "Origin");
	char detail[500];

	switch (origin_judge(origin, cw_http_header(request, "Host"), options->own_origin, options->cors_origins)) {
	case ORIGIN_LISTED:
		cw_http_add_header(request, "Access-Control-Allow-Origin", origin);
		cw_http_add_header(request, "Access-Control-Expose-Headers", "ETag, Retry-After, Content-Range");
		cw_http_add_header(request, "Vary", "Accept-Encoding, Origin");
		if (strcmp(method, "OPTIONS") == 0) {
			answer_preflight(request);
		}
		break;
	case ORIGIN_REFUSED:
		(void)snprintf(detail, sizeof(detail),
			       "Pages of %.300s may not ask here. If they should, add it to cors_origins; if it is this server's "
			       "own, set public_url.",
			       origin); /* cut at most */
		cw_http_problem(request, 403, "origin_refused", detail);
		break;
	case ORIGIN_NONE:
	case ORIGIN_OWN:
		break;
	}
}

static void read_headers(struct cw_http_request *request, const char *path, const char *method)
{
	if (request->server->options.cors_origins && strncmp(path, API_PATH, strlen(API_PATH)) == 0) {
		judge_origin(request, method);
	}
	if (is_answered(request)) {
		return;
	}
	find_route(request, path, method);
	if (!request->route) {
		return;
	}
	cw_buf_init(&request->body, request->route->max_body);
	if (request->route->admit) {
		request->route->admit(request, request->route->context);
	}
	if (request->route->take && !is_answered(request)) {
		sweeper_enter(request->server->sweeper, request->entry, SWEEPER_LONG_BODY);
	}
	check_claimed_length(request);
}

static void drop_body(struct cw_http_request *request)
{
	cw_buf_finish(&request->body);
	atomic_fetch_sub(&request->server->body_bytes, request->counted_bytes);
	request->counted_bytes = 0;
}

/* A piece of a body that the route takes itself. */
static void pass_body(struct cw_http_request *request, const char *data, size_t len)
{
	request->passed_bytes += len;
	if (request->passed_bytes > request->route->max_body) {
		cw_http_problem(request, 413, "body_too_large", "The body is longer than this path takes.");
	} else {
		request->route->take(request, data, len, request->route->context);
	}
}

static void take_body(struct cw_http_request *request, const char *data, size_t len)
{
	if (request->route->take) {
		pass_body(request, data, len);
		return;
	}
	int64_t together = atomic_fetch_add(&request->server->body_bytes, (int64_t)len) + (int64_t)len;

	request->counted_bytes += (int64_t)len;
	enum cw_status status = cw_buf_append(&request->body, data, len);

	if (status == CW_TOO_LARGE) {
		cw_http_problem(request, 413, "body_too_large", "The body is longer than this path takes.");
	} else if (status != CW_OK || together > request->server->options.max_body_bytes) {
		cw_http_add_header(request, "Retry-After", "1");
		cw_http_problem(request, 503, "too_busy", "Too many bodies are being received; try again.");
	}
	if (is_answered(request)) {
		drop_body(request);
	}
}

static enum MHD_Result read_body(struct cw_http_request *request, const char *data, size_t *len)
{
	if (is_answered(request)) {
		request->drained_bytes += (int64_t)*len;
		if (request->drained_bytes > MAX_DRAIN_BYTES) {
			return MHD_NO;
		}
	} else {
		take_body(request, data, *len);
	}
	*len = 0;
	return MHD_YES;
}

static enum MHD_Result queue_answer(struct cw_http_request *request)
{
	struct answer *answer = &request->answer;

	answer_complete(answer, cw_http_header(request, "Accept-Encoding"));
	struct MHD_Response *response =
		answer->has_file ? MHD_create_response_from_fd64((uint64_t)answer->file_len, answer->fd) :
				   MHD_create_response_from_buffer(answer->len, answer->text, MHD_RESPMEM_MUST_FREE);

	if (!response) {
		return MHD_NO;
	}
	if (answer->has_file) {
		free(answer->text);
		answer->has_file = false;
	}
	answer->text = NULL; /* the response's now, as the file is */
	enum MHD_Result result = MHD_add_response_header(response, "Content-Type", answer->content_type);

	for (size_t i = 0; i < answer->n_headers && result == MHD_YES; i++) {
		result = MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
	}
	if (result == MHD_YES) {
		result = MHD_queue_response(request->connection, (unsigned)answer->code, response);
	}
	MHD_destroy_response(response);
	request->is_queued = true;
	return result;
}

static enum MHD_Result finish_request(struct cw_http_request *request)
{
	if (!is_answered(request) && !request->is_handled) {
		request->is_handled = true;
		sweeper_enter(request->server->sweeper, request->entry, SWEEPER_ANSWER);
		request->route->handle(request, request->route->context);
		if (request->is_deferred) {
			return MHD_YES; /* called again after the resume */
		}
	}
	if (!is_answered(request)) {
		return MHD_YES; /* deferred, and called early */
	}
	if (request->is_dropped) {
		return MHD_NO;
	}
	return request->is_queued ? MHD_YES : queue_answer(request);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *upload_data, size_t *upload_data_size,
				  void **request_context)
{
	struct cw_http_request *request = *request_context;

	(void)version;
	if (!request) {
		request = start_request(context, connection);
		*request_context = request;
		if (!request) {
			return MHD_NO;
		}
		read_headers(request, url, method);
		return MHD_YES;
	}
	return *upload_data_size > 0 ? read_body(request, upload_data, upload_data_size) : finish_request(request);
}

static void on_request_completed(void *context, struct MHD_Connection *connection, void **request_context,
				 enum MHD_RequestTerminationCode code)
{
	struct cw_http_request *request = *request_context;

	(void)context;
	(void)connection;
	(void)code;
	if (!request) {
		return;
	}
	drop_body(request);
	sweeper_enter(request->server->sweeper, request->entry, SWEEPER_NEXT_HEAD);
	answer_finish(&request->answer);
	cw_http_set_user(request, NULL, NULL);
	free(request);
	*request_context = NULL;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct cw_http_server *server = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection,
									       MHD_CONNECTION_INFO_CONNECTION_FD);

		atomic_fetch_add(&server->connections, 1);
		*socket_context = info ? sweeper_add(server->sweeper, info->connect_fd) : NULL;
	} else {
		sweeper_remove(server->sweeper, *socket_context);
		*socket_context = NULL;
	}
}

/* ---- for handlers ---- */

const char *cw_http_header(struct cw_http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *cw_http_query(struct cw_http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *cw_http_cookie(struct cw_http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name);
}

bool cw_http_client(struct cw_http_request *request, char out[CW_HTTP_ADDRESS_MAX])
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(request->connection,
								       MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return client_address(info ? info->client_addr : NULL, cw_http_header(request, "X-Forwarded-For"), out);
}

const char *cw_http_level(struct cw_http_request *request, int n)
{
	return request->levels[n];
}

const char *cw_http_body(struct cw_http_request *request, size_t *ret_len)
{
	*ret_len = request->body.len;
	return request->body.data ? request->body.data : "";
}

void cw_http_set_user(struct cw_http_request *request, void *user, void (*release)(void *user))
{
	if (request->release_user) {
		request->release_user(request->user);
	}
	request->user = user;
	request->release_user = release;
}

void *cw_http_user(struct cw_http_request *request)
{
	return request->user;
}

void cw_http_add_header(struct cw_http_request *request, const char *name, const char *value)
{
	answer_add_header(&request->answer, name, value);
}

/* text is taken; NULL, for want of memory, answers 500. */
static void answer_with(struct cw_http_request *request, int code, const char *content_type, char *text)
{
	struct answer *answer = &request->answer;

	if (is_answered(request)) {
		free(text);
		return;
	}
	answer->code = text ? code : 500;
	answer->text = text ? text : calloc(1, 1);
	answer->len = strlen(answer->text);
	if (!cw_text_copy(answer->content_type, sizeof(answer->content_type), content_type)) {
		memcpy(answer->content_type, UNKNOWN_TYPE, sizeof(UNKNOWN_TYPE));
	}
	bool must_resume = request->is_deferred;
	struct MHD_Connection *connection = request->connection;

	atomic_store_explicit(&request->is_answered, true, memory_order_release);
	if (must_resume) {
		MHD_resume_connection(connection); /* from here the request may be gone */
	}
}

void cw_http_answer(struct cw_http_request *request, int code, const char *content_type, const char *text)
{
	answer_with(request, code, content_type, strdup(text));
}

void cw_http_answer_file(struct cw_http_request *request, const char *content_type, int fd, int64_t len)
{
	if (is_answered(request)) {
		(void)close(fd); /* only read from */
		return;
	}
	request->answer.fd = fd;
	request->answer.file_len = len;
	request->answer.has_file = true;
	answer_with(request, 200, content_type, calloc(1, 1));
}

void cw_http_answer_json(struct cw_http_request *request, int code, json_t *json)
{
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	answer_with(request, code, "application/json", text);
}

void cw_http_problem(struct cw_http_request *request, int code, const char *type, const char *detail)
{
	json_t *json = json_pack("{s:s+, s:s, s:i, s:s}", "type", "urn:convwire:problem:", type, "title", type,
				 "status", code, "detail", detail);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	answer_with(request, code, "application/problem+json", text);
}

void cw_http_drop(struct cw_http_request *request)
{
	request->is_dropped = true;
	answer_with(request, 500, "text/plain", calloc(1, 1));
}

void cw_http_defer(struct cw_http_request *request)
{
	request->is_deferred = true;
	MHD_suspend_connection(request->connection);
}

/* ---- listening ---- */

static int listen_unix(const char *path, struct cw_error *reterr)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (!cw_text_copy(address.sun_path, sizeof(address.sun_path), path)) {
		(void)cw_error_set(reterr, CW_INVALID, "%s: longer than the %zu bytes of a Unix socket's path", path,
				   sizeof(address.sun_path) - 1);
		(void)close(fd);
		return -1;
	}
	(void)unlink(path); /* the directory's lock says that nobody listens there */
	mode_t mask = umask(0177);
	bool is_bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	(void)umask(mask);
	if (!is_bound || listen(fd, LISTEN_BACKLOG) != 0) {
		(void)cw_error_set(reterr, CW_IO, "%s: %s", path, strerror(errno));
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int bind_tcp(const struct cw_http_options *options, struct cw_error *reterr)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)options->port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)options->port) };
	bool is_v6 = inet_pton(AF_INET6, options->address, &v6.sin6_addr) == 1;
	const int yes = 1;

	if (!is_v6 && inet_pton(AF_INET, options->address, &v4.sin_addr) != 1) {
		(void)cw_error_set(reterr, CW_INVALID, "%s: not an IP address", options->address);
		return -1;
	}
	int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
	    bind(fd, is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4,
		 is_v6 ? (socklen_t)sizeof(v6) : (socklen_t)sizeof(v4)) != 0 ||
	    listen(fd, LISTEN_BACKLOG) != 0) {
		char holder[160];

		if (errno == EADDRINUSE && holder_of_port(options->port, holder, sizeof(holder))) {
			(void)cw_error_set(reterr, CW_BUSY, "port %d is taken by %s", options->port, holder);
		} else {
			(void)cw_error_set(reterr, CW_BUSY, "%s port %d: %s", options->address, options->port,
					   strerror(errno));
		}
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int port_of(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = { .any = { .sa_family = AF_UNSPEC } };
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) != 0) {
		return 0;
	}
	return address.any.sa_family == AF_INET  ? ntohs(address.v4.sin_port) :
	       address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) :
						   0;
}

static enum cw_status start_daemon(struct cw_http_server *server, int fd, struct cw_error *reterr)
{
	const struct cw_http_options *options = &server->options;

	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE,
		options->n_threads > 1 ? (unsigned)options->n_threads : 0U, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)options->max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)INACTIVITY_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_NOTIFY_COMPLETED, on_request_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection,
		server, MHD_OPTION_END);
	return server->daemon ? CW_OK :
				cw_error_set(reterr, CW_IO, "the HTTP server does not start: %s", strerror(errno));
}

enum cw_status cw_http_start(const struct cw_http_options *options, struct cw_http_server **ret_server,
			     struct cw_error *reterr)
{
	int fd = options->unix_path ? listen_unix(options->unix_path, reterr) : bind_tcp(options, reterr);

	if (fd < 0) {
		return reterr ? reterr->status : CW_IO;
	}
	struct cw_http_server *server = calloc(1, sizeof(*server));

	if (server) {
		server->options = *options;
		server->port = port_of(fd);
		server->sweeper = sweeper_create();
	}
	if (!server || !server->sweeper) {
		free(server);
		(void)close(fd);
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	enum cw_status status = start_daemon(server, fd, reterr);

	if (status != CW_OK) {
		(void)close(fd);
		cw_http_stop(server);
		return status;
	}
	*ret_server = server;
	return CW_OK;
}

void cw_http_quiesce(struct cw_http_server *server)
{
	if (server && server->daemon) {
		int fd = MHD_quiesce_daemon(server->daemon);

		if (fd >= 0) {
			(void)close(fd); /* MHD gave it back */
		}
	}
}

void cw_http_stop(struct cw_http_server *server)
{
	if (!server) {
		return;
	}
	if (server->daemon) {
		MHD_stop_daemon(server->daemon);
	}
	sweeper_destroy(server->sweeper);
	if (server->options.unix_path) {
		(void)unlink(server->options.unix_path);
	}
	free(server);
}

int64_t cw_http_connections(const struct cw_http_server *server)
{
	return atomic_load(&server->connections);
}

int cw_http_port(const struct cw_http_server *server)
{
	return server->port;
}
