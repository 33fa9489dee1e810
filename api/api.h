/* SPDX-License-Identifier: MIT */
#ifndef API_API_H
#define API_API_H

#include <stdatomic.h>

#include "core/access.h"
#include "core/broker_place.h"
#include "core/revocation.h"
#include "core/signature.h"
#include "core/token.h"
#include "http/http.h"
#include "store/store.h"

/* Also holds the access token, for files only: a page's <img> and <video> send no Authorization header. */
#define API_MEDIA_COOKIE "convwire_media"
#define API_MEDIA_PATH "/api/v1/media"

/*
 * The dashboard's HTTP API, /api/v1 (docs/protocol.md, "HTTP"). Every route except api_config requires a bearer token;
 * file routes also accept the media cookie or a signed URL (media_out.c). A route returns only what core/access lets
 * the token see: whatever the broker refuses, the API refuses too. Signing in is in api/signin.h.
 * The context of each handler is a struct api. Handlers run on the listener's threads.
 */
struct api {
	struct cw_store *store;
	/* May be replaced while handlers run; replaced keys stay valid until the program ends. */
	_Atomic(struct cw_token_keys *) keys;
	_Atomic(const struct cw_access *) access;
	struct cw_revocations *revocations; /* revoked tokens, which are refused; NULL: none */
	const char *media_dir;              /* files of messages */
	int64_t media_min_free_bytes;
	const struct cw_hmac *media_key; /* signs URLs of files */
	const char *version;
	struct cw_broker_place broker; /* where pages connect to it */
	/* Called after each /sync by a token that does not see all conversations, on the listener's thread. NULL: none. */
	void (*on_limited_sync)(void *context, const struct cw_token *token);
	void *on_limited_sync_context;
};

void api_sync(struct cw_http_request *request, void *api);
void api_conversations(struct cw_http_request *request, void *api);
void api_conversation(struct cw_http_request *request, void *api);
void api_messages(struct cw_http_request *request, void *api);
void api_search(struct cw_http_request *request, void *api);
void api_resolve(struct cw_http_request *request, void *api);
void api_begin_conversation(struct cw_http_request *request, void *api);
void api_command(struct cw_http_request *request, void *api);
void api_config(struct cw_http_request *request, void *api); /* needs no token */
void api_whoami(struct cw_http_request *request, void *api);
void api_agents(struct cw_http_request *request, void *api);
void api_numbers(struct cw_http_request *request, void *api);
void api_templates(struct cw_http_request *request, void *api);
void api_media(struct cw_http_request *request, void *api);
void api_media_url(struct cw_http_request *request, void *api);
/* POST /api/v1/media: the route's admit, take and handle. */
void api_media_admit(struct cw_http_request *request, void *api);
void api_media_take(struct cw_http_request *request, const char *bytes, size_t len, void *api);
void api_media_store(struct cw_http_request *request, void *api);

/* ---- shared by the handlers ---- */

/* Verifies the request's token; the caller finishes it. false: it was refused, and the request has been answered. */
bool api_authorize(struct cw_http_request *request, const struct api *api, struct cw_token *ret_token);

/*
 * The same for a token (borrowed) that was not sent as a bearer token. true: the caller finishes *ret_token; false: 401
 * has been answered.
 */
bool api_verify(struct cw_http_request *request, const struct api *api, const char *text, struct cw_token *ret_token);

/*
 * Reads a whole number from the query; fallback if it is missing. false: it is invalid, and the request has been
 * answered.
 */
bool api_query_int(struct cw_http_request *request, const char *name, int64_t fallback, int64_t min, int64_t max,
		   int64_t *ret_value);

/* Begins a read transaction. NULL: no reader could be had, and the request has been answered. */
struct cw_reader *api_reader(struct cw_http_request *request, const struct api *api);

/*
 * May the token send commands for this conversation, named in the path or the query? CW_OK; CW_DENIED, whether or not
 * the conversation exists; CW_NOT_FOUND: it may, but the conversation does not exist; otherwise the store failed, and
 * the request has been answered.
 */
enum cw_status api_may_command(struct cw_http_request *request, const struct api *api, const struct cw_token *token,
			       const char *conversation);

/* The broker's WebSocket URL for the requesting page (cw_broker_place_ws_url). false: it does not fit. */
#define API_URL_MAX 512
bool api_mqtt_url(struct cw_http_request *request, const struct api *api, char out[API_URL_MAX]);

/* Answers the request with the store's error. */
void api_store_problem(struct cw_http_request *request, const struct cw_error *error);

/*
 * May the token see this conversation, assigned to assignee ("": nobody)? `sees_all` is the result of
 * cw_access_sees_all, called once per request.
 */
bool api_sees(const struct api *api, const struct cw_token *token, bool sees_all, const char *conversation,
	      const char *assignee);

/* Conversations that the token may see, by last activity, from cursor on. A new reference; NULL on error. */
json_t *api_list_conversations(const struct api *api, struct cw_reader *reader, const struct cw_token *token,
			       int64_t limit, char cursor[CW_LIST_CURSOR_MAX], bool *ret_is_more,
			       struct cw_error *reterr);

#endif
