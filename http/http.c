/* SPDX-License-Identifier: MIT */
#include "http/http.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "core/buf.h"
#include "core/clock.h"
#include "core/text.h"
#include "http/http_private.h"
#include "http/listen.h"
#include "http/peer.h"
#include "http/sweeper.h"

/* Beyond this, the rest of a refused body is no longer drained. */
#define MAX_DRAIN_BYTES (16 * 1024 * 1024)
#define CONNECTION_MEMORY_BYTES (16 * 1024)
#define INACTIVITY_S 15

/* ---- routing ---- */

static bool copy_level(struct cw_http_request *request, int n, const char *from, size_t len)
{
	if (n >= HTTP_MAX_LEVELS || len == 0 || len >= HTTP_MAX_LEVEL_BYTES) {
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
		cw_http_problem(request, 405, "method_not_allowed", "This path does not support this method; see Allow.");
	} else {
		cw_http_problem(request, 404, "not_found",
				"There is nothing at this path; docs/protocol.md lists the paths.");
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

/* Refuses early by Content-Length; that is only a claim, so the bytes are also counted as they arrive. */
static void check_claimed_length(struct cw_http_request *request)
{
	const char *claimed = cw_http_header(request, "Content-Length");
	int64_t len = 0;

	if (!respond_is_done(request) && claimed && cw_text_to_int64(claimed, &len) == CW_OK &&
	    len > (int64_t)request->route->max_body) {
		cw_http_problem(request, 413, "body_too_large", "The body is larger than this path allows.");
	}
}

static void read_headers(struct cw_http_request *request, const char *path, const char *method)
{
	request->is_get = strcmp(method, "GET") == 0;
	if (respond_to_page(request, path, method)) {
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
	if (request->route->take && !respond_is_done(request)) {
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

/* Passes part of a body to the route's take function. */
static void pass_body(struct cw_http_request *request, const char *data, size_t len)
{
	request->passed_bytes += len;
	if (request->passed_bytes > request->route->max_body) {
		cw_http_problem(request, 413, "body_too_large", "The body is larger than this path allows.");
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
		cw_http_problem(request, 413, "body_too_large", "The body is larger than this path allows.");
	} else if (status != CW_OK || together > request->server->options.max_body_bytes) {
		cw_http_add_header(request, "Retry-After", "1");
		cw_http_problem(request, 503, "too_busy", "Too many request bodies are being received; try again.");
	}
	if (respond_is_done(request)) {
		drop_body(request);
	}
}

static enum MHD_Result read_body(struct cw_http_request *request, const char *data, size_t *len)
{
	if (respond_is_done(request)) {
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
		answer->has_file ? MHD_create_response_from_fd_at_offset64((uint64_t)answer->file_len, answer->fd,
									   (uint64_t)answer->file_offset) :
				   MHD_create_response_from_buffer(answer->len, answer->text, MHD_RESPMEM_MUST_FREE);

	if (!response) {
		return MHD_NO;
	}
	if (answer->has_file) {
		free(answer->text);
		answer->has_file = false;
	}
	answer->text = NULL; /* owned by the response now, like the file */
	bool has_body = answer->code != 204 && answer->code != 304;
	enum MHD_Result result = has_body ? MHD_add_response_header(response, "Content-Type", answer->content_type) :
					    MHD_YES;

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
	if (!respond_is_done(request) && !request->is_handled) {
		request->is_handled = true;
		sweeper_enter(request->server->sweeper, request->entry, SWEEPER_ANSWER);
		request->route->handle(request, request->route->context);
		if (request->is_deferred) {
			return MHD_YES; /* called again after the resume */
		}
	}
	if (!respond_is_done(request)) {
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

/* A proxy may add its own header line after the client's: the last one counts. */
static enum MHD_Result keep_last_forwarded(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const char **last = context;

	(void)kind;
	if (strcasecmp(name, "X-Forwarded-For") == 0) {
		*last = value;
	}
	return MHD_YES;
}

bool cw_http_peer(struct cw_http_request *request, char out[CW_HTTP_ADDRESS_MAX])
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(request->connection,
								       MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	const char *forwarded = NULL;

	(void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, keep_last_forwarded, &forwarded);
	return peer_address(info ? info->client_addr : NULL, forwarded, out);
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

void http_resume(struct cw_http_request *request)
{
	MHD_resume_connection(request->connection);
}

void cw_http_defer(struct cw_http_request *request)
{
	request->is_deferred = true;
	MHD_suspend_connection(request->connection);
}

/* ---- the server ---- */

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
	return server->daemon ? CW_OK : cw_error_set(reterr, CW_IO, "cannot start the HTTP server: %s", strerror(errno));
}

enum cw_status cw_http_start(const struct cw_http_options *options, struct cw_http_server **ret_server,
			     struct cw_error *reterr)
{
	int fd = listen_open(options, reterr);

	if (fd < 0) {
		return reterr ? reterr->status : CW_IO;
	}
	struct cw_http_server *server = calloc(1, sizeof(*server));

	if (server) {
		server->options = *options;
		server->port = listen_port(fd);
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
			(void)close(fd); /* MHD no longer uses it */
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
