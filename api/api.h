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

/* The access token again, for files only: a page's <img> and <video> send no Authorization. */
#define API_MEDIA_COOKIE "convwire_media"
#define API_MEDIA_PATH "/api/v1/media"

/*
 * The dashboard's HTTP API, /api/v1 (docs/protocol.md, "HTTP"). Every route but api_config takes a bearer token, files
 * also the media cookie or a signed URL (media_out.c), and gives only what core/access lets that token see: what the broker
 * refuses, these refuse. Signing in is in api/signin.h.
 * The context of each handler is a struct api. Handlers run on the listener's threads.
 */
struct api {
	struct cw_store *store;
	/* Replaced while handlers run; what was replaced lives on until the program ends. */
	_Atomic(struct cw_token_keys *) keys;
	_Atomic(const struct cw_access *) access;
	struct cw_revocations *revocations; /* tokens that are refused; NULL: none */
	const char *media_dir;              /* files of messages */
	int64_t media_min_free_bytes;
	const struct cw_hmac *media_key; /* signs URLs of files */
	const char *version;
	struct cw_broker_place broker; /* where pages find it */
	/* Each /sync of a token that does not see all conversations; on the listener's thread. NULL: nobody listens. */
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
void api_config(struct cw_http_request *request, void *api); /* open to everyone */
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

/* The caller's token, to be finished. false when it was refused; the request is then answered. */
bool api_authorize(struct cw_http_request *request, const struct api *api, struct cw_token *ret_token);

/* The same for a token (borrowed) that came otherwise than as a bearer's: true, and *ret_token is to be finished; or 401 is answered. */
bool api_verify(struct cw_http_request *request, const struct api *api, const char *text, struct cw_token *ret_token);

/* A whole number from the query, fallback when it is not there. false when it is bad; the request is then answered. */
bool api_query_int(struct cw_http_request *request, const char *name, int64_t fallback, int64_t min, int64_t max,
		   int64_t *ret_value);

/* Begins a read transaction. NULL when there is none; the request is then answered. */
struct cw_reader *api_reader(struct cw_http_request *request, const struct api *api);

/*
 * May the token send commands about a conversation of the path or the query? CW_OK; CW_DENIED, which does not tell
 * whether it is there; CW_NOT_FOUND: it might, but it is not there; else the store failed, and the request is answered.
 */
enum cw_status api_may_command(struct cw_http_request *request, const struct api *api, const struct cw_token *token,
			       const char *conversation);

/* Where the page that asks finds the broker: cw_broker_place_ws_url. false: it does not fit. */
#define API_URL_MAX 512
bool api_mqtt_url(struct cw_http_request *request, const struct api *api, char out[API_URL_MAX]);

/* Answers for a store that failed. */
void api_store_problem(struct cw_http_request *request, const struct cw_error *error);

/*
 * May the token see this conversation, which assignee has ("": nobody)? `sees_all` is cw_access_sees_all's answer,
 * asked once per request.
 */
bool api_sees(const struct api *api, const struct cw_token *token, bool sees_all, const char *conversation,
	      const char *assignee);

/* Conversations by last activity that the token may see, from *cursor on; new references, NULL without memory. */
json_t *api_list_conversations(const struct api *api, struct cw_reader *reader, const struct cw_token *token,
			       int64_t limit, char cursor[CW_LIST_CURSOR_MAX], bool *ret_is_more,
			       struct cw_error *reterr);

#endif
