/* SPDX-License-Identifier: MIT */
/*
 * What does one delivery check cost, and does it allocate? Loads the plugin as the broker does, admits N clients, loads
 * an assignment table, then calls the plugin's ACL callback for random clients and topics. This program takes the
 * broker's place: it exports mosquitto's plugin functions and counts every allocation.
 *
 * 	check PLUGIN.so KEYS_DIR ROLES.acl TOKENS     TOKENS: lines of `clientid token`; prints one JSON line
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC visibility push(default)
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#pragma GCC visibility pop

#define N_CONVERSATIONS 100000
#define N_CALLS 400000
#define ROWS_PER_CHUNK 400
#define N_DIGITS 7
#define MAX_TOPIC 200
#define MAX_CLIENTS 20000
#define EXPORT __attribute__((visibility("default")))

struct mosquitto {
	char id[200];
	char account[70], subject[70];
};

static struct mosquitto *clients[MAX_CLIENTS];
static size_t n_clients;
static MOSQ_FUNC_generic_callback callbacks[32], control_assign;
static void *userdata;

/* ---- the counting allocator: glibc's, behind a counter ---- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
static atomic_long n_allocations;

EXPORT void *malloc(size_t size)
{
	atomic_fetch_add(&n_allocations, 1);
	return __libc_malloc(size);
}

EXPORT void *calloc(size_t n, size_t size)
{
	atomic_fetch_add(&n_allocations, 1);
	return __libc_calloc(n, size);
}

EXPORT void *realloc(void *old, size_t size)
{
	atomic_fetch_add(&n_allocations, 1);
	return __libc_realloc(old, size);
}

/* ---- the broker's functions ---- */

EXPORT int mosquitto_callback_register(mosquitto_plugin_id_t *id, int event, MOSQ_FUNC_generic_callback callback,
				       const void *event_data, void *data)
{
	(void)id;
	userdata = data;
	callbacks[event] = callback;
	if (event == MOSQ_EVT_CONTROL && strcmp(event_data, "$CONTROL/convwire/v1/assign") == 0) {
		control_assign = callback;
	}
	return MOSQ_ERR_SUCCESS;
}

EXPORT int mosquitto_callback_unregister(mosquitto_plugin_id_t *id, int event, MOSQ_FUNC_generic_callback callback,
					 const void *event_data)
{
	(void)id;
	(void)event;
	(void)callback;
	(void)event_data;
	return MOSQ_ERR_SUCCESS;
}

EXPORT void mosquitto_log_printf(int level, const char *format, ...)
{
	(void)level;
	(void)format;
}

EXPORT const char *mosquitto_client_address(const struct mosquitto *client)
{
	(void)client;
	return "127.0.0.1";
}

EXPORT const char *mosquitto_client_id(const struct mosquitto *client)
{
	return client->id;
}

EXPORT const char *mosquitto_client_username(const struct mosquitto *client)
{
	return client->subject;
}

EXPORT int mosquitto_client_protocol_version(const struct mosquitto *client)
{
	(void)client;
	return 5;
}

EXPORT int mosquitto_set_username(struct mosquitto *client, const char *username)
{
	(void)client;
	(void)username;
	return MOSQ_ERR_SUCCESS;
}

EXPORT int mosquitto_kick_client_by_clientid(const char *client_id, bool with_will)
{
	(void)client_id;
	(void)with_will;
	return MOSQ_ERR_SUCCESS;
}

EXPORT int mosquitto_broker_publish_copy(const char *client_id, const char *topic, int len, const void *payload,
					 int qos, bool retain, mosquitto_property *properties)
{
	(void)client_id;
	(void)topic;
	(void)len;
	(void)payload;
	(void)qos;
	(void)retain;
	(void)properties;
	return MOSQ_ERR_SUCCESS;
}

/* ---- the clients ---- */

static _Noreturn void fail(const char *what)
{
	(void)fprintf(stderr, "check: %s\n", what);
	exit(1);
}

static void load_plugin(char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	int (*init)(mosquitto_plugin_id_t *, void **, struct mosquitto_opt *, int) = NULL;
	struct mosquitto_opt options[] = { { "keys", argv[2] },
					   { "roles", argv[3] },
					   { "max_clients_per_account", "0" },
					   { "max_clients_per_subject", "0" } };
	void *data = NULL;

	if (!library) {
		fail(dlerror());
	}
	*(void **)&init = dlsym(library, "mosquitto_plugin_init");
	if (!init || init(NULL, &data, options, 4) != MOSQ_ERR_SUCCESS) {
		fail("the plugin does not start");
	}
	struct mosquitto_evt_tick tick = { .future = NULL };

	(void)callbacks[MOSQ_EVT_TICK](MOSQ_EVT_TICK, &tick, userdata);
}

static void admit(const char *line)
{
	struct mosquitto *client = calloc(1, sizeof(*client));
	char token[4096];

	if (!client || sscanf(line, "%199s %4095s", client->id, token) != 2 ||
	    sscanf(client->id, "%69[^:]:%69[^:]", client->account, client->subject) != 2) {
		fail("a line is not `clientid token`");
	}
	struct mosquitto_evt_basic_auth auth = { .client = client, .password = token };

	if (callbacks[MOSQ_EVT_BASIC_AUTH](MOSQ_EVT_BASIC_AUTH, &auth, userdata) != MOSQ_ERR_SUCCESS) {
		fail("a client is refused");
	}
	clients[n_clients++] = client;
}

static void admit_all(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[8192];

	while (file && n_clients < MAX_CLIENTS && fgets(line, sizeof(line), file)) {
		admit(line);
	}
	if (!file || n_clients == 0) {
		fail("no clients");
	}
	(void)fclose(file);
}

static void control(const char *text)
{
	struct mosquitto_evt_control event = { .client = clients[0],
					       .payload = text,
					       .payloadlen = (uint32_t)strlen(text) };

	(void)control_assign(MOSQ_EVT_CONTROL, &event, userdata);
}

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void name_conversation(size_t i, char *out, size_t size)
{
	(void)snprintf(out, size, "%s_1003427786179738_92345%07zu", clients[0]->account, i);
}

/* Assigns each conversation to a random client's subject. */
static void load_table(void)
{
	static char text[ROWS_PER_CHUNK * 400];
	char conversation[128];

	control("{\"type\":\"begin\",\"generation\":\"g\"}");
	for (size_t i = 0; i < N_CONVERSATIONS; i += ROWS_PER_CHUNK) {
		int len = snprintf(text, sizeof(text), "{\"type\":\"chunk\",\"generation\":\"g\",\"assignments\":[");

		for (size_t k = i; k < i + ROWS_PER_CHUNK; k++) {
			name_conversation(k, conversation, sizeof(conversation));
			len += snprintf(text + len, sizeof(text) - (size_t)len, "%s[\"%s\",\"%s\"]", k == i ? "" : ",",
					conversation, clients[next_random() % n_clients]->subject);
		}
		(void)snprintf(text + len, sizeof(text) - (size_t)len, "]}");
		control(text);
	}
	(void)snprintf(text, sizeof(text),
		       "{\"type\":\"commit\",\"generation\":\"g\",\"n_assignments\":%d,\"n_revocations\":0}",
		       N_CONVERSATIONS);
	control(text);
}

/* ---- measuring ---- */

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one;
	int64_t b = *(const int64_t *)other;

	return (a > b) - (a < b);
}

static int64_t median(int64_t *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static int64_t times[N_CALLS];
static long n_allowed, n_allocated;

/* Written for each call: a table of topics would fill the cache with data that no broker reads. */
static void write_topic(size_t i, char *out, size_t size)
{
	static char prefix[120];
	static size_t prefix_len;

	if (prefix_len == 0) {
		prefix_len = (size_t)snprintf(prefix, sizeof(prefix), "acct/%s/conv/%s_1003427786179738_92345",
					      clients[0]->account, clients[0]->account);
	}
	if (prefix_len + N_DIGITS >= size) {
		fail("an account that is too long");
	}
	memcpy(out, prefix, prefix_len);
	for (size_t digit = 0; digit < N_DIGITS; digit++, i /= 10) {
		out[prefix_len + N_DIGITS - 1 - digit] = (char)('0' + i % 10);
	}
	out[prefix_len + N_DIGITS] = '\0';
}

static void ask(struct mosquitto *client, const char *topic)
{
	struct mosquitto_evt_acl_check check = { .client = client, .topic = topic, .access = MOSQ_ACL_READ, .qos = 1 };
	long before = atomic_load(&n_allocations);

	n_allowed += callbacks[MOSQ_EVT_ACL_CHECK](MOSQ_EVT_ACL_CHECK, &check, userdata) == MOSQ_ERR_SUCCESS;
	n_allocated += atomic_load(&n_allocations) - before;
}

/* The cost of reading the clock twice. */
static int64_t measure_clock(void)
{
	for (size_t i = 0; i < N_CALLS; i++) {
		int64_t started = now_ns();

		times[i] = now_ns() - started;
	}
	return median(times, N_CALLS);
}

/*
 * Each call uses a random client, topic and assignment; the topic was just written, as in the broker. With is_cold, 8
 * MB of other memory are read before each call, which evicts everything from the cache, including the topic.
 */
static int64_t measure_random(bool is_cold, size_t n)
{
	static char trample[8 << 20];
	volatile char sink = 0;

	for (size_t i = 0; i < n; i++) {
		struct mosquitto *client = clients[next_random() % n_clients];
		char topic[MAX_TOPIC];

		write_topic(next_random() % N_CONVERSATIONS, topic, sizeof(topic));
		for (size_t k = 0; is_cold && k < sizeof(trample); k += 64) {
			sink = (char)(sink + trample[k]);
		}
		int64_t started = now_ns();

		ask(client, topic);
		times[i] = now_ns() - started;
	}
	return median(times, n);
}

/*
 * Checks one topic for every client in turn, as the broker does when fanning out; nanoseconds per check, without
 * reading the clock in between.
 */
static double measure_fan_out(void)
{
	int64_t started = now_ns();
	char topic[MAX_TOPIC];

	for (size_t i = 0; i < N_CALLS; i++) {
		if (i % n_clients == 0) {
			write_topic(i / n_clients, topic, sizeof(topic));
		}
		ask(clients[i % n_clients], topic);
	}
	return (double)(now_ns() - started) / N_CALLS;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fail("usage: check PLUGIN.so KEYS_DIR ROLES.acl TOKENS");
	}
	load_plugin(argv);
	admit_all(argv[4]);
	load_table();
	int64_t clock_ns = measure_clock();
	int64_t random_ns = measure_random(false, N_CALLS) - clock_ns;
	int64_t cold_ns = measure_random(true, N_CALLS / 400) - clock_ns;
	double fan_out_ns = measure_fan_out();

	(void)printf("{\"clients\":%zu,\"conversations\":%d,\"clock_ns\":%lld,\"random_ns\":%lld,\"cold_ns\":%lld,"
		     "\"fan_out_ns\":%.1f,\"allowed\":%ld,\"allocations\":%ld}\n",
		     n_clients, N_CONVERSATIONS, (long long)clock_ns, (long long)random_ns, (long long)cold_ns,
		     fan_out_ns, n_allowed, n_allocated);
	return n_allocated == 0 ? 0 : 2;
}
