/* SPDX-License-Identifier: MIT */
#ifndef API_CONTROL_H
#define API_CONTROL_H

#include "http/http.h"
#include "store/store.h"

/*
 * The actions that the `convwire` command requests from a running daemon, by POST /control/{action} with JSON on the
 * control socket, or performs on the store itself when no daemon is running. Both use the same table of actions.
 */

/* The publisher's current state. */
struct control_publisher {
	bool is_running, is_connected;
	int64_t cursor; /* every event up to this id was acknowledged by the broker or left to the heads */
	int64_t lag_events;
};

/* When an event passed each step; Unix microseconds, 0: unknown. */
struct control_hops {
	struct cw_hops before;
	int64_t published_us, taken_us;
	bool is_refused; /* by the broker */
};

struct control {
	struct cw_store *store;
	void (*publisher)(void *context, struct control_publisher *ret_publisher); /* NULL: no publisher is running */
	/* Returns false if the times are no longer kept. NULL: no publisher is running. */
	bool (*hops)(void *context, int64_t event_id, struct control_hops *ret_hops);
	/* The longest lifetime of a token that any key may sign, in seconds: revocations are kept that long. */
	enum cw_status (*longest_token_s)(void *context, int64_t *ret_seconds, struct cw_error *reterr);
	/* Called when a revocation was stored, after its COMMIT and before the answer. NULL: no tokens are checked here. */
	void (*on_revoked)(void *context, const struct cw_revocation *revocation);
	/* Reads keys and roles again, as SIGHUP does. NULL: no daemon is running, so nothing is held. */
	enum cw_status (*reload)(void *context, struct cw_error *reterr);
	void *context;
};

/*
 * Performs one action. *ret_answer is a new reference: the answer or {"error": sentence}. CW_NOT_FOUND: unknown action
 * or object; CW_INVALID; CW_DUPLICATE; or the store's status. Blocks; not from the writer's thread.
 */
CW_MUST_CHECK enum cw_status control_do(const struct control *control, const char *action, json_t *arguments,
					json_t **ret_answer);

/* Handler of POST /control/{}; context is a struct control. */
void control_handle(struct cw_http_request *request, void *control);

#endif
