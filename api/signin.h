/* SPDX-License-Identifier: MIT */
#ifndef API_SIGNIN_H
#define API_SIGNIN_H

#include "core/revocation.h"
#include "http/http.h"
#include "store/store.h"

/*
 * Passwords for sessions, sessions for access tokens (docs/protocol.md, "Signing in"). A session lives in a cookie that
 * scripts cannot read, for 30 days after its last use; the access token that it gives for minutes. Passwords are
 * checked by a thread of its own, one at a time, since a check takes tens of ms: webhooks never wait for it.
 */
struct signin;

struct signin_options {
	/* Signs an access token issued at now_ms; freed with free(); NULL when it cannot. Any thread. */
	char *(*mint)(void *context, const struct cw_token *token, int64_t now_ms);
	void *context;    /* mint's; outlives it all */
	int64_t token_ms; /* how long an access token is good */
	bool is_secure;   /* the cookies go over https only */
};

/* Copies *options. *ret_signin is the caller's, to be destroyed. CW_NOMEM. */
CW_MUST_CHECK enum cw_status signin_create(const struct signin_options *options, struct signin **ret_signin,
					   struct cw_error *reterr);

/* Before the listeners: the handlers need it. Store and revocations outlive it. CW_NOMEM. */
CW_MUST_CHECK enum cw_status signin_start(struct signin *signin, struct cw_store *store,
					  struct cw_revocations *revocations, struct cw_error *reterr);

/*
 * Answers those that wait, and takes no more: after the listeners were quieted, before the store stops writing, and before
 * the listeners stop. NULL is fine, as for destroy.
 */
void signin_stop(struct signin *signin);
void signin_destroy(struct signin *signin);

/* Handlers, for the listeners' threads; the context is a struct signin. */
void signin_begin(struct cw_http_request *request, void *signin);   /* POST /api/v1/session */
void signin_refresh(struct cw_http_request *request, void *signin); /* POST /api/v1/session/refresh */
void signin_end(struct cw_http_request *request, void *signin);     /* DELETE /api/v1/session */

#endif
