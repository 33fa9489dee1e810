/* SPDX-License-Identifier: MIT */
#include "api/health.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"

#define MAX_METRICS_BYTES 65536
/* With a longer lag, agents no longer see messages live. */
#define MAX_READY_LAG_MS 10000

struct everything {
	struct cw_store_stats store;
	struct health_facts facts;
	struct cw_outbound_counts outbound;
	int64_t oldest_queued_ms, oldest_media_ms; /* ages */
	int64_t rss_bytes;
};

static int64_t read_rss_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	long long pages = 0;

	if (!file || fscanf(file, "%*d %lld", &pages) != 1) {
		pages = 0;
	}
	if (file) {
		(void)fclose(file); /* only read from */
	}
	return pages * sysconf(_SC_PAGESIZE);
}

static void collect(const struct health *health, struct everything *all)
{
	*all = (struct everything){ .rss_bytes = read_rss_bytes() };
	cw_store_stats(health->store, &all->store);
	health->collect(health->collect_context, &all->facts);
}

static int64_t age_of(int64_t at_ms)
{
	return at_ms ? cw_clock_now_ms() - at_ms : 0;
}

/* Counts what is waiting in the database; zeros when it cannot be read now. */
static void collect_outbound(const struct health *health, struct everything *all)
{
	struct cw_reader *reader = NULL;

	if (cw_reader_acquire(health->store, &reader, NULL) != CW_OK) {
		return;
	}
	if (cw_store_outbound_counts(reader, &all->outbound, NULL) == CW_OK) {
		all->oldest_queued_ms = age_of(all->outbound.oldest_queued_at_ms);
		all->oldest_media_ms = age_of(all->outbound.oldest_media_at_ms);
	}
	cw_reader_release(reader);
}

void health_live(struct cw_http_request *request, void *context)
{
	(void)context;
	cw_http_answer(request, 200, "text/plain", "ok\n");
}

/* Without a writable database, Meta is told to retry its webhooks; without the broker, messages are only delayed. */
void health_ready(struct cw_http_request *request, void *context)
{
	struct everything all;

	collect(context, &all);
	bool is_ready = !all.store.is_full && all.facts.is_broker_connected && all.facts.lag_ms < MAX_READY_LAG_MS;

	cw_http_answer_json(request, is_ready ? 200 : 503,
			    json_pack("{s:b, s:b, s:b, s:I, s:I, s:I}", "ready", is_ready, "database_writable",
				      !all.store.is_full, "broker_connected", all.facts.is_broker_connected,
				      "lag_events", (json_int_t)all.facts.lag_events, "lag_ms",
				      (json_int_t)all.facts.lag_ms, "queue_age_ms", (json_int_t)all.store.queue_age_ms));
}

/* One row per metric; offset into struct everything. */
static const struct {
	const char *name, *labels, *type, *help; /* labels "": none; rows with the same name must be adjacent */
	size_t offset;
} metrics[] = {
#define LABELLED(name, labels, type, member, help) \
	{ \
		"convwire_" name, labels, type, help, offsetof(struct everything, member) \
	}
#define ROW(name, type, member, help) LABELLED(name, "", type, member, help)
#define REFUSED(reason, member) \
	LABELLED("plugin_connects_refused_total", "{reason=\"" reason "\"}", "counter", member, \
		 "Connections that the broker's plugin refused")
#define OUTBOUND(state, member) \
	LABELLED("outbound_messages", "{state=\"" state "\"}", "gauge", member, \
		 "Messages that are not sent yet, by state")
#define DENIED(kind, member) \
	LABELLED("plugin_denied_total", "{kind=\"" kind "\"}", "counter", member, \
		 "Deliveries, publishes and subscriptions that the broker's plugin denied")
	ROW("webhooks_total", "counter", store.webhooks, "Signed webhooks stored"),
	ROW("messages_total", "counter", store.messages, "Messages stored"),
	ROW("duplicates_total", "counter", store.duplicates, "Messages already stored before"),
	ROW("statuses_total", "counter", store.statuses, "Statuses received"),
	ROW("events_total", "counter", store.events, "Events logged"),
	ROW("changes_refused_total", "counter", store.refused_changes, "Changes signed for another account's number"),
	ROW("changes_kept_total", "counter", store.raw_changes, "Changes kept raw, not understood"),
	ROW("changes_waiting_total", "counter", store.waiting_changes, "Changes kept for a number not known yet"),
	ROW("bodies_repaired_total", "counter", store.repaired, "Bodies with broken characters, repaired"),
	ROW("signatures_refused_total", "counter", facts.refused_signatures, "Webhooks answered 401"),
	ROW("busy_total", "counter", facts.refused_busy, "Webhooks answered 503"),
	ROW("last_webhook_timestamp_seconds", "gauge", facts.newest_webhook_s,
	    "Time of the newest signed webhook not sent by convwire's own commands; 0: none since the start"),
	ROW("commits_total", "counter", store.commits, "Transactions committed"),
	ROW("batch_max", "gauge", store.batch_max, "Most operations in one transaction"),
	ROW("checkpoints_total", "counter", store.checkpoints, "WAL checkpoints"),
	ROW("checkpoint_max_milliseconds", "gauge", store.checkpoint_max_ms, "Longest checkpoint"),
	ROW("event_trims_total", "counter", store.trims, "Retention runs over the event log"),
	ROW("wal_pages", "gauge", store.wal_pages, "Pages in the WAL"),
	ROW("queue_operations", "gauge", store.queue_ops, "Operations waiting for the writer"),
	ROW("queue_bytes", "gauge", store.queue_bytes, "Bytes waiting for the writer"),
	ROW("queue_age_milliseconds", "gauge", store.queue_age_ms, "Age of the oldest waiting operation"),
	ROW("published_total", "counter", facts.published, "Events published"),
	ROW("passed_over_total", "counter", facts.skipped, "Events left to the heads"),
	ROW("publishes_refused_total", "counter", facts.refused_publishes, "Publishes that the broker refused"),
	ROW("broker_connects_total", "counter", facts.broker_connects, "Connections made to the broker"),
	ROW("publish_lag_events", "gauge", facts.lag_events, "Events stored but not yet acknowledged by the broker"),
	ROW("publish_lag_milliseconds", "gauge", facts.lag_ms, "Age of the oldest event under way"),
	ROW("commands_listening", "gauge", facts.bridge.is_connected, "1 while commands are received over MQTT"),
	ROW("commands_total", "counter", facts.bridge.commands, "Commands answered over MQTT"),
	ROW("commands_refused_total", "counter", facts.bridge.refused_commands, "Commands refused over MQTT"),
	ROW("commands_dropped_total", "counter", facts.bridge.dropped_commands,
	    "Commands dropped; their senders repeat them"),
	OUTBOUND("queued", outbound.n[CW_OUTBOUND_QUEUED]),
	OUTBOUND("sending", outbound.n[CW_OUTBOUND_SENDING]),
	OUTBOUND("retrying", outbound.n[CW_OUTBOUND_RETRYING]),
	OUTBOUND("unknown", outbound.n[CW_OUTBOUND_UNKNOWN]),
	ROW("outbound_oldest_milliseconds", "gauge", oldest_queued_ms, "Age of the oldest message that waits to be sent"),
	ROW("outbound_requests_total", "counter", facts.bridge.requests, "Messages given to the Graph API"),
	ROW("outbound_accepted_total", "counter", facts.bridge.accepted, "Messages that the Graph API accepted"),
	ROW("outbound_failed_total", "counter", facts.bridge.failed, "Messages that failed for good"),
	ROW("outbound_retried_total", "counter", facts.bridge.retried, "Messages that are sent again later"),
	ROW("outbound_unknown_total", "counter", facts.bridge.unknown,
	    "Messages for which it is not known whether they were sent"),
	ROW("outbound_under_way", "gauge", facts.bridge.under_way, "Requests to the Graph API in progress"),
	ROW("media_waiting", "gauge", outbound.n_media, "Files to be fetched or uploaded"),
	ROW("media_oldest_milliseconds", "gauge", oldest_media_ms, "Age of the oldest waiting file"),
	ROW("media_fetched_total", "counter", facts.bridge.media_fetched, "Customers' files fetched"),
	ROW("media_uploaded_total", "counter", facts.bridge.media_uploaded, "Agents' files uploaded"),
	ROW("media_failed_total", "counter", facts.bridge.media_failed, "Files that failed for good"),
	ROW("media_disk_full", "gauge", facts.bridge.media_disk_full,
	    "1 while no file is fetched because disk space is low"),
	ROW("resident_bytes", "gauge", rss_bytes, "Resident memory"),
	ROW("plugin_connects_total", "counter", facts.plugin.connects, "Connections that the broker's plugin admitted"),
	REFUSED("token", facts.plugin.refused_token),
	REFUSED("expired", facts.plugin.refused_expired),
	REFUSED("revoked", facts.plugin.refused_revoked),
	REFUSED("client_id", facts.plugin.refused_client_id),
	REFUSED("limit", facts.plugin.refused_limit),
	REFUSED("other", facts.plugin.refused_other),
	DENIED("read", facts.plugin.denied_read),
	DENIED("write", facts.plugin.denied_write),
	DENIED("subscribe", facts.plugin.denied_subscribe),
	ROW("plugin_live", "gauge", facts.plugin.live, "Clients connected to the broker"),
	ROW("plugin_expired_total", "counter", facts.plugin.expired, "Clients disconnected when their token expired"),
	ROW("plugin_revoked_total", "counter", facts.plugin.revoked, "Live clients whose token was revoked"),
	ROW("plugin_renewed_total", "counter", facts.plugin.renewed, "Tokens renewed in place"),
	ROW("plugin_kicked_total", "counter", facts.plugin.kicked, "Clients disconnected by the plugin"),
	ROW("plugin_check_nanoseconds_total", "counter", facts.plugin.check_ns, "Total time of the timed delivery checks"),
	ROW("plugin_check_samples_total", "counter", facts.plugin.check_samples, "Timed delivery checks"),
	ROW("plugin_assignments", "gauge", facts.plugin.assignments, "Assigned conversations in the plugin's table"),
	ROW("plugin_revocations", "gauge", facts.plugin.revocations, "Revocations in force"),
	ROW("plugin_loaded", "gauge", facts.plugin.loaded, "1 when the plugin has its tables"),
#undef ROW
#undef LABELLED
#undef REFUSED
#undef DENIED
#undef OUTBOUND
};

static enum cw_status put_metric(size_t i, const struct everything *all, struct cw_buf *text)
{
	enum cw_status status = CW_OK;
	int64_t value = 0;

	memcpy(&value, (const char *)all + metrics[i].offset, sizeof(value));
	if (i == 0 || strcmp(metrics[i].name, metrics[i - 1].name) != 0) {
		status = cw_buf_append_format(text, "# HELP %s %s\n# TYPE %s %s\n", metrics[i].name, metrics[i].help,
					      metrics[i].name, metrics[i].type);
	}
	return status == CW_OK ?
		       cw_buf_append_format(text, "%s%s %lld\n", metrics[i].name, metrics[i].labels, (long long)value) :
		       status;
}

void health_metrics(struct cw_http_request *request, void *context)
{
	CW_CLEANUP(cw_buf_finish) struct cw_buf text;
	struct everything all;
	enum cw_status status = CW_OK;

	collect(context, &all);
	collect_outbound(context, &all);
	cw_buf_init(&text, MAX_METRICS_BYTES);
	for (size_t i = 0; status == CW_OK && i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		status = put_metric(i, &all, &text);
	}
	if (status == CW_OK) {
		status = cw_buf_append_format(&text,
					      "# HELP convwire_broker_connected 1 while the broker is connected\n"
					      "# TYPE convwire_broker_connected gauge\nconvwire_broker_connected %d\n"
					      "# HELP convwire_database_full 1 while the disk is full\n"
					      "# TYPE convwire_database_full gauge\nconvwire_database_full %d\n",
					      all.facts.is_broker_connected, all.store.is_full);
	}
	if (status != CW_OK) {
		cw_http_problem(request, 500, "internal", "The metrics do not fit their buffer.");
		return;
	}
	cw_http_answer(request, 200, "text/plain; version=0.0.4", text.data);
}
