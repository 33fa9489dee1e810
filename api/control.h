/* SPDX-License-Identifier: MIT */
#ifndef API_CONTROL_H
#define API_CONTROL_H

#include "http/http.h"
#include "store/store.h"

/*
 * What the `convwire` command asks of a running daemon, by POST /control/{action} with JSON on the control
 * socket; and what it does itself on the store when no daemon runs. One table of actions serves both.
 */

/* The publisher as it is now. */
struct control_publisher {
	bool is_running, is_connected;
	int64_t cursor; /* every event up to this id was taken by the broker, or left to the heads */
	int64_t lag_events;
};

/* When an event went through what; Unix microseconds, 0: not known. */
struct control_hops {
	struct cw_hops before;
	int64_t published_us, taken_us;
	bool is_refused; /* by the broker */
};

struct control {
	struct cw_store *store;
	void (*publisher)(void *context, struct control_publisher *ret_publisher); /* NULL: none runs */
	/* false: forgotten. NULL: no publisher runs. */
	bool (*hops)(void *context, int64_t event_id, struct control_hops *ret_hops);
	/* How long the longest token lives that any key may sign, in seconds: how long a revocation is kept. */
	enum cw_status (*longest_token_s)(void *context, int64_t *ret_seconds, struct cw_error *reterr);
	/* A revocation was stored; called after its COMMIT, before the answer. NULL: nobody refuses tokens here. */
	void (*on_revoked)(void *context, const struct cw_revocation *revocation);
	void *context;
};

/*
 * Does one action. *ret_answer is a new reference, the answer or {"error": sentence}. CW_NOT_FOUND for an
 * unknown action or thing, CW_INVALID, CW_DUPLICATE, or what the store said. Blocks; not from the writer's thread.
 */
CW_MUST_CHECK enum cw_status control_do(const struct control *control, const char *action, json_t *arguments,
					json_t **ret_answer);

/* Handler of POST /control/{}; context is a struct control. */
void control_handle(struct cw_http_request *request, void *control);

#endif
