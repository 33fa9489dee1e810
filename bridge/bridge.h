/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

#include <stdint.h>

#include "core/status.h"
#include "store/store.h"

/*
 * Agents' commands come in over MQTT, messages go out to WhatsApp's Graph API, and files go both ways.
 * Four threads that share only the store, so that none delays another: `commands` (the broker), `outbound`
 * (sending), `files` and `templates`.
 */
struct bridge;

enum bridge_receipts { BRIDGE_RECEIPTS_OPEN, BRIDGE_RECEIPTS_REPLY, BRIDGE_RECEIPTS_NEVER };

struct bridge_options {
	const char *broker_uri; /* borrowed while the bridge exists, like all strings here */
	const char *graph_url;  /* with its version, without a trailing slash */
	const char *tokens_dir; /* keys/numbers: <phone_number_id>.token, or default.token */
	const char *media_dir;  /* DIR/media */
	enum bridge_receipts receipts;
	int64_t send_rate;       /* messages per second, for each number */
	int64_t unknown_hold_ms; /* how long an unknown attempt keeps its lane */
	int64_t request_timeout_ms;
	int64_t media_max_bytes;      /* of an incoming file */
	int64_t media_min_free_bytes; /* with less free, no file is fetched or accepted; stored ones are uploaded */
	char *(*mint_token)(void *context); /* for the broker; freed with free() */
	void *context;
};

/* *ret_bridge is the caller's. Destroy stops, and accepts NULL. */
CW_MUST_CHECK enum cw_status bridge_create(const struct bridge_options *options, struct bridge **ret_bridge,
					   struct cw_error *reterr);
/* Recovers what the last run left unfinished, then starts working. */
CW_MUST_CHECK enum cw_status bridge_start(struct bridge *bridge, struct cw_store *store, struct cw_error *reterr);
/*
 * Accepts no more commands and waits a moment for requests under way. Those without an answer by then are unknown at
 * the next start.
 */
void bridge_stop(struct bridge *bridge);
void bridge_destroy(struct bridge *bridge);

/* The store's callbacks; the context is the bridge. */
void bridge_on_outbound(void *bridge);
void bridge_on_signal(void *bridge, const struct cw_signal *signal);

struct bridge_stats {
	bool is_connected; /* to the broker */
	int64_t commands, refused_commands, dropped_commands;
	int64_t requests, accepted, failed, retried, unknown;
	int64_t under_way;
	int64_t media_fetched, media_uploaded, media_failed;
	bool media_disk_full; /* the disk is nearly full */
};
/* Counters since the start. Any thread. */
void bridge_stats(struct bridge *bridge, struct bridge_stats *ret_stats);

#endif
