/* SPDX-License-Identifier: MIT */
#ifndef API_HEALTH_H
#define API_HEALTH_H

#include <stdint.h>

#include "http/http.h"
#include "store/store.h"

/* /healthz (the process answers), /readyz (it can do its work) and /metrics (Prometheus text format 0.0.4). */

/* Facts from the program's other parts; collected at each request. */
struct health_facts {
	bool is_broker_connected;
	int64_t published, skipped, refused_publishes, broker_connects;
	int64_t lag_events, lag_ms;
	int64_t refused_signatures, refused_busy;
	int64_t newest_webhook_s; /* Unix time; 0: none since the start */
	/* The bridge's counters since its start. */
	struct health_bridge {
		int64_t is_connected;
		int64_t commands, refused_commands, dropped_commands;
		int64_t requests, accepted, failed, retried, unknown, under_way;
		int64_t media_fetched, media_uploaded, media_failed, media_disk_full;
	} bridge;
	/* The broker plugin's counters since the broker started. */
	struct health_plugin {
		int64_t connects;
		int64_t refused_token, refused_expired, refused_revoked, refused_client_id, refused_limit, refused_other;
		int64_t denied_read, denied_write, denied_subscribe;
		int64_t live, expired, revoked, renewed, kicked;
		int64_t check_samples, check_ns;
		int64_t assignments, revocations, loaded;
	} plugin;
};

struct health {
	struct cw_store *store;
	void (*collect)(void *context, struct health_facts *ret_facts);
	void *collect_context;
};

/* Handlers; context is a struct health. */
void health_live(struct cw_http_request *request, void *health);
void health_ready(struct cw_http_request *request, void *health);
void health_metrics(struct cw_http_request *request, void *health);

#endif
