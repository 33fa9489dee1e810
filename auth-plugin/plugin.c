/* SPDX-License-Identifier: MIT */
/*
 * convwire_auth.so: the adapter to mosquitto's plugin interface, version 5. The broker runs every callback on its one
 * thread. Two rules are essential. Fail closed: a plugin that cannot load its keys stops the broker. Answer ACL checks
 * with SUCCESS or ACL_DENIED only, since on a READ check any other code makes mosquitto disconnect the publisher; DEFER
 * is used only if the option allows it, for clients and topics that are not ours.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The headers' export macro is empty on Linux, and this tree is built with hidden visibility. */
#pragma GCC visibility push(default)
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#pragma GCC visibility pop

#include "auth-plugin/audit.h"
#include "auth-plugin/control.h"
#include "auth-plugin/neighbours.h"
#include "auth-plugin/notice.h"
#include "auth-plugin/policy.h"
#include "auth-plugin/tables.h"
#include "core/clock.h"
#include "core/conf.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/topic.h"

#define AUTH_METHOD "JWT"
#define COARSE_LAG_NS 10000000 /* a tick of a kernel with HZ=100 */
#define CHECK_SAMPLE 256       /* one in this many delivery checks is timed */

struct plugin {
	mosquitto_plugin_id_t *id;
	struct policy policy;
	struct tables tables;
	struct audit audit;
	bool has_ticked, has_said_no_tick;
	bool is_reloading; /* from SIGHUP to the next tick */
	unsigned n_checks;
};

/*
 * With per_listener_settings true, the broker loads the plugin once per listener; tables and limits would not be
 * shared.
 */
static atomic_bool is_loaded;

/*
 * The coarse clock takes 5 ns per delivery instead of 25, but lags by up to 10 ms. That lag is added, so a token may
 * expire slightly early.
 */
static int64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &now); /* cannot fail for this clock */
	return now.tv_sec + (now.tv_nsec >= 1000000000 - COARSE_LAG_NS ? 1 : 0);
}

/* ---- calls to the broker ---- */

static void broker_kick(const char *client_id, bool with_will)
{
	(void)mosquitto_kick_client_by_clientid(client_id, with_will); /* fails if the client is already gone */
}

static void broker_tell(const char *client_id, const char *topic, const char *payload, size_t len, int qos)
{
	/* If this fails for lack of memory, counters are sent again later, and a lost answer can be requested again. */
	(void)mosquitto_broker_publish_copy(client_id, topic, (int)len, payload, qos, false, NULL);
}

static void broker_log(bool is_error, const char *line)
{
	mosquitto_log_printf(is_error ? MOSQ_LOG_ERR : MOSQ_LOG_NOTICE, "convwire: %s", line);
}

static const struct broker broker = { broker_kick, broker_tell, broker_log };

/* ---- connecting ---- */

/* Without ticks, nobody would be disconnected at expiry. A working broker ticks before it reads from any client. */
static bool refuses_for_want_of_ticks(struct plugin *plugin)
{
	if (plugin->has_ticked) {
		return false;
	}
	if (!plugin->has_said_no_tick) {
		plugin->has_said_no_tick = true;
		broker_log(true,
			   "this broker does not call plugins' timers: set per_listener_settings to false. Until then "
			   "every connection is refused");
	}
	return true;
}

/*
 * A session restored from mosquitto.db has not connected yet, and the publisher of a retained message is looked up
 * without a connection. Such clients have no address and no protocol version, which every CONNECT sets. (A client on a
 * Unix socket has no address either.)
 */
static bool is_absent(struct mosquitto *client)
{
	return !mosquitto_client_address(client) && mosquitto_client_protocol_version(client) == 0;
}

static bool admit(struct plugin *plugin, struct mosquitto *client, const char *token)
{
	const struct policy_connect connect = { .client = client,
						.client_id = mosquitto_client_id(client),
						.address = mosquitto_client_address(client),
						.token = token };
	char username[CW_ACCOUNT_MAX + CW_SUBJECT_MAX + 2];
	enum policy_refusal refusal = POLICY_REFUSED_OTHER;
	struct cw_error error;
	struct session *session = NULL;

	if (refuses_for_want_of_ticks(plugin)) {
		plugin->policy.counters.refused[POLICY_REFUSED_OTHER]++;
		(void)cw_error_set(&error, CW_DENIED, "per_listener_settings is true");
	} else {
		session = policy_admit(&plugin->policy, &connect, cw_clock_now_ms(), &refusal, &error);
	}
	if (session &&
	    (!cw_text_format(username, sizeof(username), "%s/%s", session->token.account, session->token.subject) ||
	     mosquitto_set_username(client, username) != MOSQ_ERR_SUCCESS)) {
		sessions_forget(&plugin->policy.sessions, session);
		session = NULL;
		(void)cw_error_set(&error, CW_NOMEM, "out of memory");
	}
	if (session) {
		session->resumes = !mosquitto_client_clean_session(client);
	} else {
		audit_connect(&plugin->audit, &plugin->policy, "connect_refused", &connect, error.text);
	}
	return session != NULL;
}

/* Three parts separated by dots, which another plugin's password is unlikely to be. */
static bool looks_like_token(const char *password)
{
	const char *dot = password ? strchr(password, '.') : NULL;

	return dot && strncmp(password, "eyJ", 3) == 0 && strchr(dot + 1, '.');
}

/*
 * Leaves the client to other plugins, unless it would take over one of ours or occupy a client id that one of ours will
 * need.
 */
static int defer(struct plugin *plugin, struct mosquitto *client, struct session *session)
{
	const struct policy_connect connect = { .client_id = mosquitto_client_id(client),
						.address = mosquitto_client_address(client) };

	if (session) {
		sessions_forget(&plugin->policy.sessions, session); /* the pointer now belongs to another client */
	}
	if (connect.client_id && (policy_is_client_id(connect.client_id) ||
				  sessions_find_by_client_id(&plugin->policy.sessions, connect.client_id))) {
		plugin->policy.counters.refused[POLICY_REFUSED_CLIENT_ID]++;
		audit_connect(&plugin->audit, &plugin->policy, "connect_refused", &connect,
			      "this client id is reserved for clients with a token");
		return MOSQ_ERR_AUTH;
	}
	return MOSQ_ERR_PLUGIN_DEFER;
}

/*
 * On SIGHUP the broker authenticates every client again, with the password from its CONNECT, which may have expired
 * since. For a known session, the session decides instead.
 */
static int on_basic_auth(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_basic_auth *connect = event_data;
	struct plugin *plugin = userdata;
	struct session *session = sessions_find(&plugin->policy.sessions, connect->client);

	(void)event;
	if (session && session->is_live) {
		return policy_goes_on(session, now_s()) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
	}
	/*
	 * Offline or restored: it presents a token when it reconnects. Any other answer makes 2.0.11 disconnect a
	 * session that has no connection, which corrupts its list of expiries.
	 */
	if (plugin->is_reloading && (session || is_absent(connect->client))) {
		return MOSQ_ERR_SUCCESS;
	}
	if (plugin->policy.defers_foreign && !looks_like_token(connect->password)) {
		return defer(plugin, connect->client, session);
	}
	return admit(plugin, connect->client, connect->password) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
}

static int renew(struct plugin *plugin, struct session *session, const char *token)
{
	struct cw_error error;

	if (policy_renew(&plugin->policy, session, token, cw_clock_now_ms(), &error) == CW_OK) {
		return MOSQ_ERR_SUCCESS;
	}
	const struct policy_connect connect = { .client_id = session->client_id, .address = session->address };

	audit_connect(&plugin->audit, &plugin->policy, "renew_refused", &connect, error.text);
	return MOSQ_ERR_AUTH;
}

/*
 * MQTT 5 AUTH (4.12), method JWT: at CONNECT, and later to renew. The broker does not say which it is; our session
 * tells.
 */
static int on_extended_auth(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_extended_auth *auth = event_data;
	struct plugin *plugin = userdata;
	struct session *session = sessions_find(&plugin->policy.sessions, auth->client);
	char token[CW_TOKEN_MAX_BYTES + 2];

	(void)event;
	if (!auth->auth_method || strcmp(auth->auth_method, AUTH_METHOD) != 0) {
		if (session && !session->is_live) {
			sessions_forget(&plugin->policy.sessions, session); /* the pointer now belongs to another client */
		}
		return plugin->policy.defers_foreign ? MOSQ_ERR_PLUGIN_DEFER : MOSQ_ERR_NOT_SUPPORTED;
	}
	size_t len = auth->data_in && !memchr(auth->data_in, '\0', auth->data_in_len) ? auth->data_in_len : 0;

	len = len < sizeof(token) ? len : sizeof(token) - 1; /* a token that is too long is refused as such */
	if (len > 0) {
		memcpy(token, auth->data_in, len);
	}
	token[len] = '\0';
	if (session && session->is_live) {
		return renew(plugin, session, token);
	}
	return admit(plugin, auth->client, token) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
}

static int on_disconnect(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_disconnect *disconnect = event_data;
	struct plugin *plugin = userdata;
	struct session *session = sessions_find(&plugin->policy.sessions, disconnect->client);

	(void)event;
	if (session) {
		sessions_end(&plugin->policy.sessions, session, now_s());
	}
	return MOSQ_ERR_SUCCESS;
}

/* ---- every subscription, publish and delivery ---- */

static void say_refused(struct plugin *plugin, const struct session *session, const struct policy_check *check,
			enum policy_denial denial, const struct cw_access_verdict *verdict)
{
	char line[512];
	bool is_by_rules = denial == POLICY_BY_RULES && session;
	bool has_line = is_by_rules && cw_access_verdict_line(plugin->policy.access, verdict, line, sizeof(line));

	audit_refusal(&plugin->audit, &plugin->policy, session, check,
		      is_by_rules ? cw_access_reason_text(verdict->reason) : policy_denial_text(denial),
		      has_line ? line : NULL);
}

/* Checks a client that we did not admit: an unknown one, another plugin's, or one without a connection. */
static int check_stranger(struct plugin *plugin, struct mosquitto *client, const struct policy_check *check)
{
	enum policy_denial denial = POLICY_UNKNOWN_CLIENT;

	if (is_absent(client)) {
		denial = policy_check_absent(&plugin->policy, mosquitto_client_username(client), check, now_s());
	}
	if (denial == POLICY_ALLOWED) {
		return MOSQ_ERR_SUCCESS;
	}
	if (denial == POLICY_UNKNOWN_CLIENT && plugin->policy.defers_foreign && !policy_is_ours(check->topic)) {
		return MOSQ_ERR_PLUGIN_DEFER;
	}
	plugin->policy.counters.denied[check->action]++;
	if (check->action != CW_ACCESS_READ) {
		say_refused(plugin, NULL, check, denial, NULL);
	}
	return MOSQ_ERR_ACL_DENIED;
}

static int check_session(struct plugin *plugin, const struct glance *glance, const struct policy_check *check)
{
	struct cw_access_verdict verdict = { .reason = CW_ACCESS_NO_RULE };
	enum policy_denial denial = policy_check(&plugin->policy, glance, check, now_s(), &verdict);

	if (denial == POLICY_ALLOWED) {
		return MOSQ_ERR_SUCCESS;
	}
	plugin->policy.counters.denied[check->action]++;
	if (check->action != CW_ACCESS_READ) {
		say_refused(plugin, glance->session, check, denial, &verdict);
	}
	return MOSQ_ERR_ACL_DENIED;
}

static int64_t monotonic_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Pointers are reused. An ended session that is checked for its will or queue still has its client id and username. */
static bool is_same_client(const struct session *session, struct mosquitto *client)
{
	const char *client_id = mosquitto_client_id(client);
	const char *username = mosquitto_client_username(client);
	size_t len = strlen(session->token.account);

	return client_id && username && strcmp(client_id, session->client_id) == 0 &&
	       strncmp(username, session->token.account, len) == 0 && username[len] == '/' &&
	       strcmp(username + len + 1, session->token.subject) == 0;
}

static int check_any(struct plugin *plugin, struct mosquitto *client, const struct policy_check *check)
{
	policy_expect(&plugin->policy, check->topic);
	const struct glance *glance = sessions_glance(&plugin->policy.sessions, client);

	if (glance && !glance->is_live && !is_same_client(glance->session, client)) {
		glance = NULL; /* a new client, admitted without us */
	}
	return glance ? check_session(plugin, glance, check) : check_stranger(plugin, client, check);
}

static void note_subscription(struct plugin *plugin, const struct mosquitto_evt_acl_check *asked, bool is_on)
{
	struct session *session = sessions_find(&plugin->policy.sessions, asked->client);

	if (session && session->is_live && is_on) {
		subscriptions_add(&session->subscriptions, asked->topic, now_s());
	} else if (session) {
		subscriptions_remove(&session->subscriptions, asked->topic);
	}
}

static int check_subscribe(struct plugin *plugin, const struct mosquitto_evt_acl_check *asked,
			   const struct policy_check *check)
{
	int answer = check_any(plugin, asked->client, check);

	if (answer == MOSQ_ERR_SUCCESS) {
		note_subscription(plugin, asked, true);
	}
	return answer;
}

static int on_acl_check(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_acl_check *asked = event_data;
	struct plugin *plugin = userdata;
	struct policy_check check = { .topic = asked->topic, .qos = asked->qos, .retain = asked->retain };

	(void)event;
	switch (asked->access) {
	case MOSQ_ACL_UNSUBSCRIBE:
		note_subscription(plugin, asked, false);
		return MOSQ_ERR_SUCCESS;
	case MOSQ_ACL_SUBSCRIBE:
		check.action = CW_ACCESS_SUBSCRIBE;
		return check_subscribe(plugin, asked, &check);
	case MOSQ_ACL_WRITE:
		check.action = CW_ACCESS_WRITE;
		return check_any(plugin, asked->client, &check);
	case MOSQ_ACL_READ:
		check.action = CW_ACCESS_READ;
		break;
	default:
		return MOSQ_ERR_ACL_DENIED;
	}
	if (++plugin->n_checks % CHECK_SAMPLE != 0) {
		return check_any(plugin, asked->client, &check);
	}
	int64_t started_ns = monotonic_ns();
	int answer = check_any(plugin, asked->client, &check);

	plugin->policy.counters.check_samples++;
	plugin->policy.counters.check_ns += monotonic_ns() - started_ns;
	return answer;
}

/* ---- $CONTROL: the ACL check has passed; mosquitto does not forward these messages ---- */

/* Errors go into the answer, and the code is always success: any other code would disconnect the sender. */
static int on_control(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_control *control = event_data;
	struct plugin *plugin = userdata;
	const struct session *session = sessions_find(&plugin->policy.sessions, control->client);

	(void)event;
	if (session && session->is_live) {
		control_take(&plugin->policy, &plugin->audit, session, control->payload, control->payloadlen, now_s());
	}
	return MOSQ_ERR_SUCCESS;
}

static int on_assign(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_control *control = event_data;
	struct plugin *plugin = userdata;

	(void)event;
	tables_take(&plugin->tables, &plugin->policy, control->payload, control->payloadlen, now_s());
	return MOSQ_ERR_SUCCESS;
}

static int on_renew(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_control *control = event_data;
	struct plugin *plugin = userdata;
	struct session *session = sessions_find(&plugin->policy.sessions, control->client);
	char token[CW_TOKEN_MAX_BYTES + 2];
	struct cw_error error;

	(void)event;
	if (!session || !session->is_live) {
		return MOSQ_ERR_SUCCESS;
	}
	size_t len = control->payloadlen < sizeof(token) ? control->payloadlen : sizeof(token) - 1;

	if (len > 0) {
		memcpy(token, control->payload, len);
	}
	token[len] = '\0';
	if (strlen(token) == len && policy_renew(&plugin->policy, session, token, cw_clock_now_ms(), &error) == CW_OK) {
		notice_renewed(&plugin->policy, session);
		return MOSQ_ERR_SUCCESS;
	}
	const struct policy_connect connect = { .client_id = session->client_id, .address = session->address };
	const char *reason = strlen(token) == len ? error.text : "not a JWT: it contains a NUL byte";

	notice_renew_refused(&plugin->policy, session, reason);
	audit_connect(&plugin->audit, &plugin->policy, "renew_refused", &connect, reason);
	return MOSQ_ERR_SUCCESS;
}

/* ---- time, SIGHUP ---- */

static int on_tick(int event, void *event_data, void *userdata)
{
	struct plugin *plugin = userdata;

	(void)event;
	(void)event_data;
	plugin->has_ticked = true;
	plugin->is_reloading = false;
	policy_tick(&plugin->policy, cw_clock_now_ms());
	audit_tick(&plugin->audit, &plugin->policy, cw_clock_monotonic_ms());
	return MOSQ_ERR_SUCCESS;
}

/* mosquitto reloads its own settings first, then its plugins. A bad file changes nothing. */
static int on_reload(int event, void *event_data, void *userdata)
{
	struct plugin *plugin = userdata;
	struct cw_error error;
	char line[500];

	(void)event;
	(void)event_data;
	plugin->is_reloading = true; /* next, the broker checks every client, connected or not */
	if (policy_reload(&plugin->policy, &error) == CW_OK) {
		broker_log(false, "keys and roles reloaded");
	} else {
		(void)snprintf(line, sizeof(line), "%s; the old keys and roles stay in force", error.text);
		broker_log(true, line);
	}
	return MOSQ_ERR_SUCCESS;
}

/* ---- loading ---- */

/*
 * From mosquitto 2.1 on, a client that leaves a session behind goes offline, and is disconnected only when that session
 * ends. The event's data are a disconnect's. 2.0 does not know it, and calls each of these a disconnect.
 */
#define EVENT_CLIENT_OFFLINE 28

static const struct {
	int event;
	MOSQ_FUNC_generic_callback callback;
	const char *topic; /* for $CONTROL */
} callbacks[] = {
	{ MOSQ_EVT_BASIC_AUTH, on_basic_auth, NULL },
	{ MOSQ_EVT_EXT_AUTH_START, on_extended_auth, NULL },
	{ MOSQ_EVT_DISCONNECT, on_disconnect, NULL },
	{ EVENT_CLIENT_OFFLINE, on_disconnect, NULL },
	{ MOSQ_EVT_ACL_CHECK, on_acl_check, NULL },
	{ MOSQ_EVT_CONTROL, on_control, CW_TOPIC_CONTROL },
	{ MOSQ_EVT_CONTROL, on_assign, CW_TOPIC_CONTROL_ASSIGN },
	{ MOSQ_EVT_CONTROL, on_renew, CW_TOPIC_CONTROL_RENEW },
	{ MOSQ_EVT_TICK, on_tick, NULL },
	{ MOSQ_EVT_RELOAD, on_reload, NULL },
};
#define N_CALLBACKS (sizeof(callbacks) / sizeof(callbacks[0]))

#define OPTION(member, type, fallback, max, help) \
	{ \
#member, type, offsetof(struct policy_options, member), fallback, 0, max, help \
	}
static const struct cw_conf_key option_rows[] = {
	OPTION(foreign, CW_CONF_TEXT, "deny", 0, "clients of other plugins: deny, defer"),
	OPTION(keys, CW_CONF_TEXT, "", 0, "directory with public/ and shared/"),
	OPTION(max_clients_per_account, CW_CONF_INT, "10000", INT32_MAX, "live connections; 0: no limit"),
	OPTION(max_clients_per_subject, CW_CONF_INT, "100", INT32_MAX, "live connections; 0: no limit"),
	OPTION(must_be_first, CW_CONF_BOOL, "on", 0, "refuse to start when another plugin was loaded before"),
	OPTION(roles, CW_CONF_TEXT, "", 0, "role file"),
	OPTION(state, CW_CONF_TEXT, "", 0, "file that keeps revocations across restarts"),
};
#undef OPTION
static const struct cw_conf_table option_table = { option_rows, sizeof(option_rows) / sizeof(option_rows[0]) };

static enum cw_status read_options(const struct mosquitto_opt *rows, int n_rows, struct policy_options *options,
				   struct cw_error *reterr)
{
	struct cw_error error;
	enum cw_status status = cw_conf_defaults(&option_table, options, reterr);

	for (int i = 0; status == CW_OK && i < n_rows; i++) {
		status = cw_conf_set(&option_table, options, rows[i].key, rows[i].value, &error);
		if (status != CW_OK) {
			return cw_error_set(reterr, status, "plugin_opt_%s: %s", rows[i].key, error.text);
		}
	}
	if (status != CW_OK) {
		return status;
	}
	if (options->keys[0] == '\0' || options->roles[0] == '\0') {
		return cw_error_set(reterr, CW_INVALID, "plugin_opt_keys and plugin_opt_roles are both required");
	}
	if (strcmp(options->foreign, "deny") != 0 && strcmp(options->foreign, "defer") != 0) {
		return cw_error_set(reterr, CW_INVALID, "plugin_opt_foreign must be deny or defer, not \"%.40s\"",
				    options->foreign);
	}
	return CW_OK;
}

static enum cw_status register_callbacks(struct plugin *plugin, struct cw_error *reterr)
{
	for (size_t i = 0; i < N_CALLBACKS; i++) {
		bool is_known = mosquitto_callback_register(plugin->id, callbacks[i].event, callbacks[i].callback,
							    callbacks[i].topic, plugin) == MOSQ_ERR_SUCCESS;

		if (!is_known && callbacks[i].event != EVENT_CLIENT_OFFLINE) {
			return cw_error_set(reterr, CW_IO, "mosquitto refused to register callback %zu", i);
		}
	}
	return CW_OK;
}

static void unregister_callbacks(struct plugin *plugin)
{
	for (size_t i = 0; i < N_CALLBACKS; i++) {
		(void)mosquitto_callback_unregister(plugin->id, callbacks[i].event, callbacks[i].callback,
						    callbacks[i].topic); /* may never have been registered */
	}
}

/* What an earlier plugin allows is never asked here: not only its own clients would get past the rules. */
static enum cw_status check_order(const struct policy_options *options, struct cw_error *reterr)
{
	char earlier[256];

	if (!neighbours_find_earlier(earlier, sizeof(earlier))) {
		return CW_OK;
	}
	(void)cw_error_set(reterr, CW_INVALID,
			   "%s was loaded before this plugin: what it allows is never checked here. Put Convwire's plugin "
			   "line first in mosquitto.conf%s",
			   earlier, options->must_be_first ? ", or set plugin_opt_must_be_first off" : "");
	if (options->must_be_first) {
		return CW_INVALID;
	}
	broker_log(true, reterr->text);
	return CW_OK;
}

static enum cw_status start(struct plugin *plugin, const struct mosquitto_opt *rows, int n_rows,
			    struct policy_options *options, struct cw_error *reterr)
{
	enum cw_status status = read_options(rows, n_rows, options, reterr);

	if (status == CW_OK) {
		status = check_order(options, reterr);
	}
	if (status == CW_OK) {
		status = policy_init(&plugin->policy, options, &broker, reterr);
	}
	return status == CW_OK ? register_callbacks(plugin, reterr) : status;
}

int mosquitto_plugin_version(int supported_version_count, const int *supported_versions)
{
	for (int i = 0; i < supported_version_count; i++) {
		if (supported_versions[i] == MOSQ_PLUGIN_VERSION) {
			return MOSQ_PLUGIN_VERSION;
		}
	}
	return -1;
}

static void destroy(struct plugin *plugin)
{
	struct policy_options options = plugin->policy.options;

	tables_finish(&plugin->tables);
	policy_finish(&plugin->policy);
	cw_conf_finish(&option_table, &options);
	free(plugin);
	atomic_store(&is_loaded, false);
}

static void say_ready(const struct plugin *plugin)
{
	char line[500];

	(void)snprintf(line, sizeof(line), "%zu token keys, %zu roles; clients of other plugins: %s",
		       cw_token_keys_count(plugin->policy.keys), cw_access_n_roles(plugin->policy.access),
		       plugin->policy.options.foreign);
	broker_log(false, line);
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata, struct mosquitto_opt *options,
			  int option_count)
{
	struct policy_options read = { .keys = NULL };
	struct cw_error error;
	struct plugin *plugin = NULL;

	if (atomic_exchange(&is_loaded, true)) {
		broker_log(true,
			   "the plugin was loaded twice, as with per_listener_settings true, but its tables cannot be shared. "
			   "Load it once, with per_listener_settings false");
		return MOSQ_ERR_UNKNOWN;
	}
	cw_memory_init();
	plugin = calloc(1, sizeof(*plugin));
	if (!plugin) {
		return MOSQ_ERR_NOMEM;
	}
	plugin->id = identifier;
	if (start(plugin, options, option_count, &read, &error) != CW_OK) {
		broker_log(true, error.text);
		unregister_callbacks(plugin);
		plugin->policy.options = read;
		destroy(plugin);
		return MOSQ_ERR_UNKNOWN; /* the broker then refuses to start */
	}
	*userdata = plugin;
	say_ready(plugin);
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int option_count)
{
	struct plugin *plugin = userdata;

	(void)options;
	(void)option_count;
	if (plugin) {
		unregister_callbacks(plugin);
		destroy(plugin);
	}
	return MOSQ_ERR_SUCCESS;
}
