/* SPDX-License-Identifier: MIT */
#include "daemon/server.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "bridge/bridge.h"
#include "core/clock.h"
#include "core/token_signer.h"
#include "daemon/routes.h"
#include "daemon/row_faults.h"
#include "http/origin.h"
#include "ingest/publisher.h"
#include "ingest/secrets.h"

#define MB (1024 * 1024LL)
#define TOKEN_LIFETIME_S 86400

/* Keys and roles from one load. Other threads may still be using rules that a reload has replaced. */
struct rules {
	struct cw_token_keys *keys;
	struct cw_token_signer *signer;
	struct cw_access *access;
	struct rules *older;
};

struct server {
	const char *dir;
	_Atomic(struct rules *) rules;
	pthread_mutex_t reload_lock;
	struct cw_tag_key *tag;
	struct secrets *secrets;
	struct publisher *publisher;
	struct bridge *bridge;
	struct signin *signin;
	struct cw_store *store;
	struct cw_revocations *revocations;
	struct webhook_gate gate;
	struct api api;
	struct control control_facts;
	struct health health;
	struct pages pages;
	struct routes routes;
	char control_path[PATH_MAX];
	char media_dir[PATH_MAX];
	char tokens_dir[PATH_MAX];
	struct cw_hmac *media_key;
	char broker_uri[300];
	struct cw_http_server *http, *control, *metrics;
	struct row_faults row_faults;
};

/* ---- callbacks between the parts ---- */

static char *mint_token(void *context, const struct cw_token *token, int64_t now_ms)
{
	const struct server *server = context;
	const struct rules *rules = atomic_load(&server->rules);
	struct cw_error error;
	char *text = NULL;

	if (cw_token_mint(rules->signer, token, now_ms, &text, &error) != CW_OK) {
		cw_log_error("cannot sign a token: %s", error.text);
		return NULL;
	}
	return text;
}

static char *mint_service_token(void *context, struct cw_token token)
{
	int64_t now_ms = cw_clock_now_ms();

	token.expires_at_s = now_ms / 1000 + TOKEN_LIFETIME_S;
	return mint_token(context, &token, now_ms);
}

static char *mint_publisher_token(void *context)
{
	return mint_service_token(
		context, (struct cw_token){ .account = CW_SYSTEM_ACCOUNT, .subject = "publisher", .role = "service" });
}

static char *mint_bridge_token(void *context)
{
	return mint_service_token(
		context, (struct cw_token){ .account = CW_SYSTEM_ACCOUNT, .subject = "bridge", .role = "service" });
}

static void on_row_fault(void *context, const char *text)
{
	struct server *server = context;

	if (row_faults_note(&server->row_faults, text, cw_clock_monotonic_ms())) {
		cw_log_error("database: %s; ignored. `convwire check` lists what is wrong", text);
	}
}

static void on_broken(void *context, const char *what)
{
	(void)context;
	cw_log_error("the disk failed during a commit, exiting so that a restart recovers: %s", what);
	_exit(EX_IOERR);
}

/* Copied field by field, because api/ does not depend on ingest/. */
static struct health_plugin plugin_facts(const struct plugin_counters *counters)
{
	return (struct health_plugin){
		.connects = counters->connects,
		.refused_token = counters->refused_token,
		.refused_expired = counters->refused_expired,
		.refused_revoked = counters->refused_revoked,
		.refused_client_id = counters->refused_client_id,
		.refused_limit = counters->refused_limit,
		.refused_other = counters->refused_other,
		.denied_read = counters->denied_read,
		.denied_write = counters->denied_write,
		.denied_subscribe = counters->denied_subscribe,
		.live = counters->live,
		.expired = counters->expired,
		.revoked = counters->revoked,
		.renewed = counters->renewed,
		.kicked = counters->kicked,
		.check_samples = counters->check_samples,
		.check_ns = counters->check_ns,
		.assignments = counters->assignments,
		.revocations = counters->revocations,
		.loaded = counters->loaded,
	};
}

static struct health_bridge bridge_facts(struct bridge *bridge)
{
	struct bridge_stats stats;

	bridge_stats(bridge, &stats);
	return (struct health_bridge){
		.is_connected = stats.is_connected,
		.commands = stats.commands,
		.refused_commands = stats.refused_commands,
		.dropped_commands = stats.dropped_commands,
		.requests = stats.requests,
		.accepted = stats.accepted,
		.failed = stats.failed,
		.retried = stats.retried,
		.unknown = stats.unknown,
		.under_way = stats.under_way,
		.media_fetched = stats.media_fetched,
		.media_uploaded = stats.media_uploaded,
		.media_failed = stats.media_failed,
		.media_disk_full = stats.media_disk_full,
	};
}

static void collect_facts(void *context, struct health_facts *ret_facts)
{
	struct server *server = context;
	struct publisher_stats stats;

	publisher_stats(server->publisher, &stats);
	*ret_facts = (struct health_facts){
		.is_broker_connected = stats.is_connected,
		.published = stats.published,
		.skipped = stats.skipped,
		.refused_publishes = stats.refused,
		.broker_connects = stats.reconnects,
		.lag_events = stats.lag_events,
		.lag_ms = stats.lag_ms,
		.refused_signatures = atomic_load(&server->gate.refused_signatures),
		.refused_busy = atomic_load(&server->gate.refused_busy),
		.newest_webhook_s = atomic_load(&server->gate.newest_at_ms) / 1000,
		.bridge = bridge_facts(server->bridge),
		.plugin = plugin_facts(&stats.plugin),
	};
}

static void tell_publisher(void *context, struct control_publisher *ret_publisher)
{
	struct server *server = context;
	struct publisher_stats stats;

	publisher_stats(server->publisher, &stats);
	*ret_publisher = (struct control_publisher){ .is_running = true,
						     .is_connected = stats.is_connected,
						     .cursor = stats.cursor,
						     .lag_events = stats.lag_events };
}

static bool tell_hops(void *context, int64_t event_id, struct control_hops *ret_hops)
{
	struct server *server = context;
	struct trail_entry entry;

	if (!publisher_trail(server->publisher, event_id, &entry)) {
		return false;
	}
	*ret_hops = (struct control_hops){ entry.hops, entry.published_us, entry.taken_us, entry.is_refused };
	return true;
}

/* Uses the current keys, which a reload may have changed. */
static enum cw_status longest_token_s(void *context, int64_t *ret_seconds, struct cw_error *reterr)
{
	struct server *server = context;

	(void)reterr; /* cannot fail: keys are loaded before any listener starts */
	*ret_seconds = cw_token_keys_longest_s(atomic_load(&server->api.keys));
	return CW_OK;
}

/* From here on, HTTP refuses the revoked tokens. */
static void refuse_revoked(void *context, const struct cw_revocation *revocation)
{
	struct server *server = context;

	if (cw_revocations_add(server->revocations, revocation, cw_clock_now_ms() / 1000) != CW_OK) {
		cw_log_error("a revocation is stored but not applied: out of memory; restart the daemon");
	}
}

/* Called when a revocation was stored through the control socket. */
static void on_control_revoked(void *context, const struct cw_revocation *revocation)
{
	struct server *server = context;

	refuse_revoked(server, revocation);
	publisher_revoke(server->publisher, revocation);
}

static bool token_sees(void *context, const struct cw_token *token, const char *conversation, const char *assignee)
{
	struct server *server = context;
	const struct cw_access *access = atomic_load(&server->api.access);

	return conversation ? cw_access_sees_conversation(access, token, conversation, assignee) :
			      cw_access_sees_events(access, token);
}

/* Before there are rules, nobody has a token, so nobody assigns anything. */
static bool may_answer(void *context, const char *account, const char *subject, const char *role)
{
	struct server *server = context;
	const struct cw_access *access = atomic_load(&server->api.access);

	return access && cw_access_may_answer(access, account, subject, role);
}

static void on_limited_sync(void *context, const struct cw_token *token)
{
	struct server *server = context;

	publisher_note_sync(server->publisher, token, cw_access_is_limited(atomic_load(&server->api.access), token));
}

/* ---- opening, in this order ---- */

static void free_rules(struct rules *rules)
{
	while (rules) {
		struct rules *older = rules->older;

		cw_access_destroy(rules->access);
		cw_token_signer_destroy(rules->signer);
		cw_token_keys_destroy(rules->keys);
		free(rules);
		rules = older;
	}
}

/* On success, the new rules are first in the list. */
static enum cw_status load_rules(struct server *server, const char *dir, struct cw_error *reterr)
{
	char path[PATH_MAX];
	struct rules *rules = calloc(1, sizeof(*rules));
	enum cw_status status = rules ? settings_path(dir, "keys", path, sizeof(path), reterr) :
					cw_error_set(reterr, CW_NOMEM, "out of memory");

	if (status == CW_OK) {
		status = cw_token_keys_load(path, &rules->keys, reterr);
	}
	if (status == CW_OK) {
		status = settings_path(dir, "keys/house.pem", path, sizeof(path), reterr);
	}
	if (status == CW_OK) {
		status = cw_token_signer_load(path, rules->keys, &rules->signer, reterr);
	}
	if (status == CW_OK) {
		status = settings_path(dir, "roles.acl", path, sizeof(path), reterr);
	}
	if (status == CW_OK) {
		status = cw_access_load(path, &rules->access, reterr);
	}
	if (status != CW_OK) {
		free_rules(rules);
		return status;
	}
	rules->older = atomic_load(&server->rules);
	atomic_store(&server->rules, rules);
	return CW_OK;
}

enum cw_status server_reload(struct server *server, struct cw_error *reterr)
{
	(void)pthread_mutex_lock(&server->reload_lock); /* SIGHUP and the control socket may ask at the same time */
	enum cw_status status = load_rules(server, server->dir, reterr);

	if (status == CW_OK) {
		const struct rules *rules = atomic_load(&server->rules);

		atomic_store(&server->api.keys, rules->keys);
		atomic_store(&server->api.access, rules->access);
		cw_log_info("keys and roles reloaded, signing with %s", cw_token_signer_kid(rules->signer));
	} else {
		cw_log_error("%s; the old keys and roles remain in force", reterr->text);
	}
	(void)pthread_mutex_unlock(&server->reload_lock);
	return status;
}

static enum cw_status reload(void *server, struct cw_error *reterr)
{
	return server_reload(server, reterr);
}

static enum cw_status load_keys(struct server *server, const char *dir, struct cw_error *reterr)
{
	char path[PATH_MAX];
	enum cw_status status = load_rules(server, dir, reterr);

	if (status == CW_OK) {
		status = settings_path(dir, "keys", path, sizeof(path), reterr);
	}
	if (status == CW_OK) {
		status = secrets_load(path, &server->secrets, reterr);
	}
	if (status == CW_OK) {
		status = cw_tag_key_load(path, &server->tag, reterr);
	}
	return status;
}

/* A new key at each start: the URLs it signs last only minutes, so a restart may invalidate them. */
static enum cw_status make_media_key(struct server *server, struct cw_error *reterr)
{
	unsigned char bytes[CW_HMAC_BYTES];

	if (cw_clock_random(bytes, sizeof(bytes)) != CW_OK) {
		return cw_error_set(reterr, CW_IO, "cannot get random numbers from the system");
	}
	server->media_key = cw_hmac_create(bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	return server->media_key ? CW_OK : cw_error_set(reterr, CW_NOMEM, "out of memory");
}

static enum cw_status read_receipts(const char *word, enum bridge_receipts *ret_receipts, struct cw_error *reterr)
{
	static const char *const words[] = {
		[BRIDGE_RECEIPTS_OPEN] = "open", [BRIDGE_RECEIPTS_REPLY] = "reply", [BRIDGE_RECEIPTS_NEVER] = "never"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], word) == 0) {
			*ret_receipts = (enum bridge_receipts)i;
			return CW_OK;
		}
	}
	return cw_error_set(reterr, CW_INVALID, "read_receipts: \"%.40s\" is not open, reply or never", word);
}

static enum cw_status create_bridge(struct server *server, const char *dir, const struct settings *settings,
				    struct cw_error *reterr)
{
	struct bridge_options options = {
		.broker_uri = server->broker_uri,
		.graph_url = settings->graph_url,
		.tokens_dir = server->tokens_dir,
		.media_dir = server->media_dir,
		.send_rate = settings->send_rate,
		.unknown_hold_ms = settings->unknown_hold_ms,
		.request_timeout_ms = settings->request_timeout_ms,
		.media_max_bytes = settings->media_max_mb * MB,
		.media_min_free_bytes = settings->media_min_free_mb * MB,
		.mint_token = mint_bridge_token,
		.context = server,
	};
	enum cw_status status = read_receipts(settings->read_receipts, &options.receipts, reterr);

	if (status == CW_OK) {
		status = settings_path(dir, "media", server->media_dir, sizeof(server->media_dir), reterr);
	}
	if (status == CW_OK) {
		status = settings_path(dir, "keys/numbers", server->tokens_dir, sizeof(server->tokens_dir), reterr);
	}
	if (status == CW_OK && mkdir(server->media_dir, 0700) != 0 && errno != EEXIST) {
		status = cw_error_set(reterr, CW_IO, "%s: %s", server->media_dir, strerror(errno));
	}
	return status == CW_OK ? bridge_create(&options, &server->bridge, reterr) : status;
}

static enum cw_status check_urls(const struct settings *settings, struct cw_error *reterr)
{
	struct cw_error error;

	if (origin_check_list(settings->cors_origins, &error) != CW_OK) {
		return cw_error_set(reterr, CW_INVALID, "cors_origins: %s", error.text);
	}
	if (settings->public_url[0] && !origin_is_valid(settings->public_url)) {
		return cw_error_set(reterr, CW_INVALID,
				    "public_url: \"%.80s\" is not http:// or https://, a host, optionally a port, and nothing "
				    "more",
				    settings->public_url);
	}
	bool is_ws = strncmp(settings->mqtt_public_url, "ws://", 5) == 0 ||
		     strncmp(settings->mqtt_public_url, "wss://", 6) == 0;

	/* The URL becomes part of the page's Content-Security-Policy. */
	if (settings->mqtt_public_url[0] && (!is_ws || strpbrk(settings->mqtt_public_url, " \t;,'\"") ||
					     strlen(settings->mqtt_public_url) >= API_URL_MAX)) {
		return cw_error_set(reterr, CW_INVALID,
				    "mqtt_public_url: \"%.80s\" is not a URL that starts with ws:// or wss://",
				    settings->mqtt_public_url);
	}
	return CW_OK;
}

static enum cw_status create_signin(struct server *server, const struct settings *settings, struct cw_error *reterr)
{
	const struct signin_options options = { .mint = mint_token,
						.context = server,
						.token_ms = settings->access_token_s * 1000,
						.is_secure = strncmp(settings->public_url, "https://", 8) == 0 };

	return signin_create(&options, &server->signin, reterr);
}

/* Creates the parts that the store notifies and those that use it. */
static enum cw_status create_parts(struct server *server, const char *dir, const struct settings *settings,
				   struct cw_error *reterr)
{
	const struct publisher_options publisher_options = {
		.broker_uri = server->broker_uri,
		.window = (int)settings->publish_window,
		.context = server,
		.mint_token = mint_publisher_token,
		.sees = token_sees,
		.on_revoked = refuse_revoked,
	};
	enum cw_status status = publisher_create(&publisher_options, &server->publisher, reterr);

	if (status == CW_OK) {
		status = create_bridge(server, dir, settings, reterr);
	}
	return status == CW_OK ? create_signin(server, settings, reterr) : status;
}

static enum cw_status open_store(struct server *server, const char *dir, const struct settings *settings,
				 struct cw_error *reterr)
{
	const struct cw_store_options store_options = {
		.dir = dir,
		.tag = server->tag,
		.secrets = secrets_for_store(server->secrets),
		.max_queue_bytes = settings->queue_max_mb * MB,
		.max_queue_age_ms = settings->queue_max_age_ms,
		.event_retention_ms = settings->event_retention_s * 1000,
		.on_events = publisher_hand_over,
		.on_events_context = server->publisher,
		.on_outbound = bridge_on_outbound,
		.on_signal = bridge_on_signal,
		.on_outbound_context = server->bridge,
		.on_fault = on_row_fault,
		.on_fault_context = server,
		.may_answer = may_answer,
		.may_answer_context = server,
		.on_broken = on_broken,
	};

	return cw_store_open(&store_options, &server->store, reterr);
}

static bool on_stored_revocation(void *context, const struct cw_revocation *revocation)
{
	refuse_revoked(context, revocation);
	return true;
}

static enum cw_status load_revocations(struct server *server, struct cw_error *reterr)
{
	struct cw_reader *reader = NULL;

	server->revocations = cw_revocations_create();
	if (!server->revocations) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	enum cw_status status = cw_reader_acquire(server->store, &reader, reterr);

	if (status == CW_OK) {
		status = cw_store_revocations(reader, cw_clock_now_ms() / 1000, on_stored_revocation, server, reterr);
	}
	cw_reader_release(reader);
	return status;
}

/* Fills the handlers' contexts. */
static void fill_contexts(struct server *server, const struct settings *settings)
{
	server->gate.store = server->store;
	server->gate.secrets = server->secrets;
	server->api.store = server->store;
	const struct rules *rules = atomic_load(&server->rules);

	atomic_store(&server->api.keys, rules->keys);
	atomic_store(&server->api.access, rules->access);
	server->api.revocations = server->revocations;
	server->api.media_dir = server->media_dir;
	server->api.media_min_free_bytes = settings->media_min_free_mb * MB;
	server->api.media_key = server->media_key;
	server->api.version = CW_VERSION;
	server->api.broker = settings_broker_place(settings);
	server->api.on_limited_sync = on_limited_sync;
	server->api.on_limited_sync_context = server;
	server->control_facts = (struct control){ .store = server->store,
						  .publisher = tell_publisher,
						  .hops = tell_hops,
						  .longest_token_s = longest_token_s,
						  .on_revoked = on_control_revoked,
						  .reload = reload,
						  .context = server };
	server->health = (struct health){ .store = server->store, .collect = collect_facts, .collect_context = server };
	routes_fill(&server->routes, &(struct route_contexts){ .gate = &server->gate,
							       .api = &server->api,
							       .signin = server->signin,
							       .pages = &server->pages,
							       .health = &server->health,
							       .control = &server->control_facts });
}

/* A missing dashboard is not an error: everything else works without it. */
static enum cw_status open_pages(struct server *server, const struct settings *settings, struct cw_error *reterr)
{
	char folder[PATH_MAX];
	struct cw_error error;
	enum cw_status status = settings_dashboard(settings, folder, sizeof(folder), reterr);

	if (status == CW_OK && pages_open(&server->pages, &server->api, folder, &error) != CW_OK) {
		cw_log_warn("no dashboard: %s", error.text);
	}
	return status;
}

static enum cw_status open_listeners(struct server *server, const char *dir, const struct settings *settings,
				     struct cw_error *reterr)
{
	const struct cw_http_options http = {
		.address = settings->http_address,
		.port = (int)settings->http_port,
		.n_threads = (int)settings->http_threads,
		.max_connections = (int)settings->max_connections,
		.max_body_bytes = settings->max_body_mb * MB,
		.routes = server->routes.http,
		.n_routes = N_HTTP_ROUTES,
		.cors_origins = settings->cors_origins,
		.own_origin = settings->public_url,
	};
	const struct cw_http_options metrics = {
		.address = settings->metrics_address,
		.port = (int)settings->metrics_port,
		.n_threads = 1,
		.max_connections = 16,
		.max_body_bytes = MB,
		.routes = server->routes.metrics,
		.n_routes = N_METRICS_ROUTES,
	};
	struct cw_http_options control = metrics;

	control.unix_path = server->control_path;
	control.max_body_bytes = 2 * ROUTES_CONTROL_MAX_BODY;
	control.routes = server->routes.control;
	control.n_routes = N_CONTROL_ROUTES;
	enum cw_status status = settings_path(dir, "control.sock", server->control_path, sizeof(server->control_path),
					      reterr);

	if (status == CW_OK) {
		status = cw_http_start(&control, &server->control, reterr);
	}
	if (status == CW_OK && settings->metrics_port != 0) {
		status = cw_http_start(&metrics, &server->metrics, reterr);
	}
	return status == CW_OK ? cw_http_start(&http, &server->http, reterr) : status;
}

enum cw_status server_open(const char *dir, const struct settings *settings, struct server **ret_server,
			   struct cw_error *reterr)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		return cw_error_set(reterr, CW_NOMEM, "out of memory");
	}
	server->dir = dir;
	server->pages.folder_fd = -1;
	row_faults_init(&server->row_faults);
	(void)pthread_mutex_init(&server->reload_lock, NULL); /* cannot fail with default attributes */
	enum cw_status status = settings_broker_uri(settings, server->broker_uri, sizeof(server->broker_uri), reterr);

	if (status == CW_OK) {
		status = load_keys(server, dir, reterr);
	}
	if (status == CW_OK) {
		status = check_urls(settings, reterr);
	}
	if (status == CW_OK) {
		status = make_media_key(server, reterr);
	}
	if (status == CW_OK) {
		status = create_parts(server, dir, settings, reterr);
	}
	if (status == CW_OK) {
		status = open_store(server, dir, settings, reterr);
	}
	if (status == CW_OK) {
		status = load_revocations(server, reterr);
	}
	if (status == CW_OK) {
		status = open_pages(server, settings, reterr);
	}
	if (status == CW_OK) {
		fill_contexts(server, settings);
		status = publisher_start(server->publisher, server->store, reterr);
	}
	if (status == CW_OK) {
		status = bridge_start(server->bridge, server->store, reterr);
	}
	if (status == CW_OK) {
		status = signin_start(server->signin, server->store, server->revocations, reterr);
	}
	if (status == CW_OK) {
		status = open_listeners(server, dir, settings, reterr);
	}
	if (status != CW_OK) {
		server_close(server);
		return status;
	}
	*ret_server = server;
	return CW_OK;
}

void server_close(struct server *server)
{
	if (!server) {
		return;
	}
	cw_http_quiesce(server->http);
	cw_http_quiesce(server->control);
	signin_stop(server->signin); /* answers the requests waiting for it */
	bridge_stop(server->bridge);
	publisher_stop(server->publisher);
	cw_store_stop_writing(server->store); /* answers every deferred request */
	cw_http_stop(server->http);
	cw_http_stop(server->metrics);
	cw_http_stop(server->control);
	cw_store_close(server->store);
	pages_close(&server->pages);
	signin_destroy(server->signin);
	bridge_destroy(server->bridge);
	publisher_destroy(server->publisher);
	secrets_destroy(server->secrets);
	cw_hmac_destroy(server->media_key);
	cw_tag_key_destroy(server->tag);
	cw_revocations_destroy(server->revocations);
	free_rules(atomic_load(&server->rules));
	(void)pthread_mutex_destroy(&server->reload_lock);
	row_faults_finish(&server->row_faults);
	free(server);
}

int server_http_port(const struct server *server)
{
	return cw_http_port(server->http);
}
