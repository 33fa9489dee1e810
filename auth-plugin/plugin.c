/* SPDX-License-Identifier: MIT */
/*
 * convwire_auth.so: mosquitto's plugin interface, version 5, and nothing else. The broker runs every
 * callback on its one thread. Two rules stand above all: fail closed (a plugin that cannot load its keys
 * stops the broker), and answer ACL checks with SUCCESS or ACL_DENIED only, since on a READ check any
 * other code makes mosquitto disconnect the publisher.
 *
 * Options: plugin_opt_keys DIR (with public/ and shared/), plugin_opt_roles FILE.
 */
#include <stdlib.h>
#include <string.h>

/* The export macro of the headers is empty on Linux, and this tree is built with hidden visibility. */
#pragma GCC visibility push(default)
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#pragma GCC visibility pop

#include "auth-plugin/policy.h"
#include "auth-plugin/session.h"
#include "core/clock.h"
#include "core/text.h"

struct plugin {
	mosquitto_plugin_id_t *id;
	struct policy policy;
	struct sessions *sessions;
};

static int64_t now_s(void)
{
	return cw_clock_now_ms() / 1000;
}

/* ---- connecting ---- */

static int refuse(struct mosquitto *client, const char *reason)
{
	const char *address = mosquitto_client_address(client);

	mosquitto_log_printf(MOSQ_LOG_NOTICE, "convwire: connection from %s refused: %s", address ? address : "unknown",
			     reason);
	return MOSQ_ERR_AUTH;
}

/*
 * On SIGHUP the broker asks again for every client, with the password of its CONNECT, which may have
 * expired since; a session that is there answers for itself.
 */
static int on_basic_auth(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_basic_auth *connect = event_data;
	struct plugin *plugin = userdata;
	struct session *session = sessions_find(plugin->sessions, connect->client);
	const char *client_id = mosquitto_client_id(connect->client);
	char username[CW_ACCOUNT_MAX + CW_SUBJECT_MAX + 2];
	struct cw_token token;
	struct cw_error error;

	(void)event;
	if (session && !session->is_ended) {
		return now_s() < session->token.expires_at_s ? MOSQ_ERR_SUCCESS : MOSQ_ERR_AUTH;
	}
	if (policy_admit(&plugin->policy, connect->password, client_id, cw_clock_now_ms(), &token, &error) != CW_OK) {
		return refuse(connect->client, error.text);
	}
	if (!cw_text_format(username, sizeof(username), "%s/%s", token.account, token.subject) ||
	    mosquitto_set_username(connect->client, username) != MOSQ_ERR_SUCCESS ||
	    !sessions_admit(plugin->sessions, connect->client, client_id, &token, now_s())) {
		return refuse(connect->client, "out of memory");
	}
	return MOSQ_ERR_SUCCESS;
}

static int on_disconnect(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_disconnect *disconnect = event_data;
	struct plugin *plugin = userdata;

	(void)event;
	sessions_end(plugin->sessions, disconnect->client, now_s());
	return MOSQ_ERR_SUCCESS;
}

/* ---- every subscription, publish and delivery ---- */

static int on_acl_check(int event, void *event_data, void *userdata)
{
	struct mosquitto_evt_acl_check *check = event_data;
	struct plugin *plugin = userdata;
	enum cw_access_action action = CW_ACCESS_READ;

	(void)event;
	switch (check->access) {
	case MOSQ_ACL_UNSUBSCRIBE:
		return MOSQ_ERR_SUCCESS;
	case MOSQ_ACL_SUBSCRIBE:
		action = CW_ACCESS_SUBSCRIBE;
		break;
	case MOSQ_ACL_WRITE:
		action = CW_ACCESS_WRITE;
		break;
	case MOSQ_ACL_READ:
		break;
	default:
		return MOSQ_ERR_ACL_DENIED;
	}
	bool is_allowed = policy_allows(&plugin->policy, sessions_find(plugin->sessions, check->client), action,
					check->topic, (int)check->qos, check->retain, now_s());

	return is_allowed ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
}

/* ---- SIGHUP ---- */

/* In the order in which mosquitto asks: its own settings first, then plugins. A bad file changes nothing. */
static int on_reload(int event, void *event_data, void *userdata)
{
	struct plugin *plugin = userdata;
	struct cw_error error;
	struct policy *policy = &plugin->policy;

	(void)event;
	(void)event_data;
	if (policy_load(policy, policy->keys_dir, policy->roles_path, &error) == CW_OK) {
		mosquitto_log_printf(MOSQ_LOG_NOTICE, "convwire: keys and roles loaded again");
	} else {
		mosquitto_log_printf(MOSQ_LOG_ERR, "convwire: %s; the old keys and roles stay in force", error.text);
	}
	return MOSQ_ERR_SUCCESS;
}

/* ---- loading ---- */

static const struct {
	int event;
	MOSQ_FUNC_generic_callback callback;
} callbacks[] = {
	{ MOSQ_EVT_BASIC_AUTH, on_basic_auth },
	{ MOSQ_EVT_DISCONNECT, on_disconnect },
	{ MOSQ_EVT_ACL_CHECK, on_acl_check },
	{ MOSQ_EVT_RELOAD, on_reload },
};

static const char *option(const struct mosquitto_opt *options, int n_options, const char *name)
{
	for (int i = 0; i < n_options; i++) {
		if (strcmp(options[i].key, name) == 0) {
			return options[i].value;
		}
	}
	return NULL;
}

static const char *unknown_option(const struct mosquitto_opt *options, int n_options)
{
	for (int i = 0; i < n_options; i++) {
		if (strcmp(options[i].key, "keys") != 0 && strcmp(options[i].key, "roles") != 0) {
			return options[i].key;
		}
	}
	return NULL;
}

static bool register_callbacks(struct plugin *plugin)
{
	for (size_t i = 0; i < sizeof(callbacks) / sizeof(callbacks[0]); i++) {
		if (mosquitto_callback_register(plugin->id, callbacks[i].event, callbacks[i].callback, NULL, plugin) !=
		    MOSQ_ERR_SUCCESS) {
			return false;
		}
	}
	return true;
}

static bool start(struct plugin *plugin, const struct mosquitto_opt *options, int n_options)
{
	const char *keys = option(options, n_options, "keys");
	const char *roles = option(options, n_options, "roles");
	const char *unknown = unknown_option(options, n_options);
	struct cw_error error;

	if (unknown) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "convwire: plugin_opt_%s: no such option; there are keys and roles",
				     unknown);
		return false;
	}
	if (!keys || !roles) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "convwire: plugin_opt_keys and plugin_opt_roles are both needed");
		return false;
	}
	if (policy_load(&plugin->policy, keys, roles, &error) != CW_OK) {
		mosquitto_log_printf(MOSQ_LOG_ERR, "convwire: %s", error.text);
		return false;
	}
	plugin->sessions = sessions_create();
	return plugin->sessions && register_callbacks(plugin);
}

static void destroy(struct plugin *plugin)
{
	sessions_destroy(plugin->sessions);
	policy_finish(&plugin->policy);
	free(plugin);
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

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata, struct mosquitto_opt *options,
			  int option_count)
{
	struct plugin *plugin = calloc(1, sizeof(*plugin));

	if (!plugin) {
		return MOSQ_ERR_NOMEM;
	}
	plugin->id = identifier;
	if (!start(plugin, options, option_count)) {
		destroy(plugin);
		return MOSQ_ERR_UNKNOWN; /* the broker does not start without its guard */
	}
	*userdata = plugin;
	mosquitto_log_printf(MOSQ_LOG_NOTICE, "convwire: %zu token keys loaded",
			     cw_token_keys_count(plugin->policy.keys));
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options, int option_count)
{
	struct plugin *plugin = userdata;

	(void)options;
	(void)option_count;
	for (size_t i = 0; i < sizeof(callbacks) / sizeof(callbacks[0]); i++) {
		(void)mosquitto_callback_unregister(plugin->id, callbacks[i].event, callbacks[i].callback, NULL);
	}
	destroy(plugin);
	return MOSQ_ERR_SUCCESS;
}
