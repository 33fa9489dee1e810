/* SPDX-License-Identifier: MIT */
#ifndef API_SIGNIN_H
#define API_SIGNIN_H

#include "core/revocation.h"
#include "http/http.h"
#include "store/store.h"

/*
 * A password starts a session, and a session issues access tokens (docs/protocol.md, "Signing in"). The session's
 * cookie, which scripts cannot read, is valid for 30 days after its last use; an access token is valid for minutes. A
 * separate thread checks passwords one at a time: a check takes tens of ms, and webhooks must never wait for it.
 */
struct signin;

struct signin_options {
	/* Signs an access token issued at now_ms; freed with free(); NULL on failure. Any thread. */
	char *(*mint)(void *context, const struct cw_token *token, int64_t now_ms);
	void *context;    /* for mint; must outlive the signin */
	int64_t token_ms; /* lifetime of an access token */
	bool is_secure;   /* cookies are sent over https only */
};

/* Copies *options. The caller destroys *ret_signin. CW_NOMEM. */
CW_MUST_CHECK enum cw_status signin_create(const struct signin_options *options, struct signin **ret_signin,
					   struct cw_error *reterr);

/* Call before the listeners start: the handlers need it. store and revocations must outlive it. CW_NOMEM. */
CW_MUST_CHECK enum cw_status signin_start(struct signin *signin, struct cw_store *store,
					  struct cw_revocations *revocations, struct cw_error *reterr);

/*
 * Answers the waiting requests and accepts no more. Call it after the listeners are quiesced, and before the store
 * stops writing and the listeners stop. Accepts NULL, as does destroy.
 */
void signin_stop(struct signin *signin);
void signin_destroy(struct signin *signin);

/* Handlers, for the listeners' threads; the context is a struct signin. */
void signin_begin(struct cw_http_request *request, void *signin);   /* POST /api/v1/session */
void signin_refresh(struct cw_http_request *request, void *signin); /* POST /api/v1/session/refresh */
void signin_end(struct cw_http_request *request, void *signin);     /* DELETE /api/v1/session */

#endif
