/* SPDX-License-Identifier: MIT */
/* The plugin in a broker of which only the functions it calls exist: what differs between mosquitto 2.0 and 2.1. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include "tests/unit/jws.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

#define EVENT_CLIENT_OFFLINE 28 /* 2.1's MOSQ_EVT_CLIENT_OFFLINE */
#define N_EVENTS 64

struct mosquitto {
	const char *id;
};

static struct {
	bool knows_offline;
	MOSQ_FUNC_generic_callback callbacks[N_EVENTS];
	void *userdata;
} broker;

/* ---- the broker's functions ---- */

int mosquitto_callback_register(mosquitto_plugin_id_t *identifier, int event, MOSQ_FUNC_generic_callback cb_func,
				const void *event_data, void *userdata)
{
	(void)identifier;
	(void)event_data;
	if (event == EVENT_CLIENT_OFFLINE && !broker.knows_offline) {
		return MOSQ_ERR_NOT_SUPPORTED;
	}
	broker.callbacks[event] = cb_func;
	broker.userdata = userdata;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_callback_unregister(mosquitto_plugin_id_t *identifier, int event, MOSQ_FUNC_generic_callback cb_func,
				  const void *event_data)
{
	(void)identifier;
	(void)event_data;
	(void)cb_func;
	broker.callbacks[event] = NULL;
	return MOSQ_ERR_SUCCESS;
}

const char *mosquitto_client_id(const struct mosquitto *client)
{
	return client->id;
}

const char *mosquitto_client_address(const struct mosquitto *client)
{
	(void)client;
	return "127.0.0.1";
}

bool mosquitto_client_clean_session(const struct mosquitto *client)
{
	(void)client;
	return false;
}

int mosquitto_client_protocol_version(const struct mosquitto *client)
{
	(void)client;
	return 5;
}

const char *mosquitto_client_username(const struct mosquitto *client)
{
	(void)client;
	return NULL;
}

int mosquitto_set_username(struct mosquitto *client, const char *username)
{
	(void)client;
	(void)username;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_kick_client_by_clientid(const char *clientid, bool with_will)
{
	(void)clientid;
	(void)with_will;
	return MOSQ_ERR_SUCCESS;
}

int mosquitto_broker_publish_copy(const char *clientid, const char *topic, int payloadlen, const void *payload, int qos,
				  bool retain, mosquitto_property *properties)
{
	(void)clientid;
	(void)topic;
	(void)payloadlen;
	(void)payload;
	(void)qos;
	(void)retain;
	(void)properties;
	return MOSQ_ERR_SUCCESS;
}

/* Shown when the test fails. */
void mosquitto_log_printf(int level, const char *fmt, ...)
{
	va_list arguments;

	(void)level;
	va_start(arguments, fmt);
	(void)vfprintf(stderr, fmt, arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
}

/* ---- what happens in it ---- */

static int connect_with(struct mosquitto *client, char *token)
{
	struct mosquitto_evt_basic_auth auth = { .client = client, .username = (char *)"any", .password = token };

	return broker.callbacks[MOSQ_EVT_BASIC_AUTH](MOSQ_EVT_BASIC_AUTH, &auth, broker.userdata);
}

static void leave(struct mosquitto *client, int event)
{
	struct mosquitto_evt_disconnect data = { .client = client };

	assert_int_equal(broker.callbacks[event](event, &data, broker.userdata), MOSQ_ERR_SUCCESS);
}

static void tick(void)
{
	struct mosquitto_evt_tick data = { .now_s = time(NULL) };

	assert_int_equal(broker.callbacks[MOSQ_EVT_TICK](MOSQ_EVT_TICK, &data, broker.userdata), MOSQ_ERR_SUCCESS);
}

static char *make_token(EVP_PKEY *key)
{
	char claims[200];
	long long now = (long long)time(NULL);

	(void)snprintf(claims, sizeof(claims),
		       "{'account':'acme','sub':'bob','role':'agent','iss':'convwire','iat':%lld,'exp':%lld}", now,
		       now + 900);
	return jws_sign(key, "{'alg':'ES256','typ':'JWT','kid':'house'}", claims);
}

/* With room for one client per agent: whether the first still counts shows when a second one comes. */
static void a_client_that_goes_offline_does_not_count(void **state)
{
	static const int events[] = { MOSQ_EVT_DISCONNECT, EVENT_CLIENT_OFFLINE };
	struct temp_dir dir;
	EVP_PKEY *key = jws_make_ec("P-256");
	char *public_pem = jws_public_pem(key);
	char *token = make_token(key);

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write_text(&dir, "public/house.pem", public_pem);
	temp_dir_write_text(&dir, "public/house.conf", "algorithm = ES256\naccounts = *\nhighest_role = service\n");
	temp_dir_write_text(&dir, "roles.acl", "role agent\npattern read acct/%a/conv/+\n");
	for (size_t i = 0; i < N_ROWS(events); i++) {
		struct mosquitto first = { "acme:bob:1" };
		struct mosquitto second = { "acme:bob:2" };
		struct mosquitto_opt options[] = { { (char *)"keys", dir.path },
						   { (char *)"roles", (char *)temp_dir_path(&dir, "roles.acl") },
						   { (char *)"max_clients_per_subject", (char *)"1" } };
		void *plugin = NULL;

		broker.knows_offline = events[i] == EVENT_CLIENT_OFFLINE;
		assert_int_equal(mosquitto_plugin_init(NULL, &plugin, options, N_ROWS(options)), MOSQ_ERR_SUCCESS);
		tick();
		assert_int_equal(connect_with(&first, token), MOSQ_ERR_SUCCESS);
		assert_int_equal(connect_with(&second, token), MOSQ_ERR_AUTH);
		leave(&first, events[i]);
		assert_int_equal(connect_with(&second, token), MOSQ_ERR_SUCCESS);
		leave(&first, MOSQ_EVT_DISCONNECT); /* 2.1: later, when its session ends */
		assert_int_equal(mosquitto_plugin_cleanup(plugin, NULL, 0), MOSQ_ERR_SUCCESS);
	}
	free(token);
	free(public_pem);
	EVP_PKEY_free(key);
	temp_dir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_client_that_goes_offline_does_not_count) };

	return cmocka_run_group_tests_name("plugin", tests, NULL, NULL);
}
