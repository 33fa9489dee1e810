/* SPDX-License-Identifier: MIT */
/*
 * How many durable webhooks per second, how long until the acknowledgement, and how long until an agent's screen?
 *
 * One thread drives N keep-alive connections with epoll. Each posts its next webhook when it gets the answer to the
 * last one (closed loop) or, with --rate, at the scheduled time (open loop, one connection per webhook under way). With
 * --subscribe, a WebSocket subscriber counts the events and measures POST → event.
 * Prints one JSON line for bench/ingest.mjs.
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/signature.h"
#include "core/text.h"
#include "core/topic.h"
#include "mqtt/mqtt.h"

#define MAX_REQUEST 4096
#define MARK "\"body\":\"bench "

struct options {
	const char *secret, *number, *token, *subscribe, *account;
	int64_t port, connections, seconds, count, rate, conversations;
};

struct connection {
	int fd;
	char request[MAX_REQUEST];
	size_t request_len, sent;
	char answer[2048];
	size_t answer_len;
	int64_t index; /* the webhook under way; -1: idle */
};

struct load {
	struct options options;
	struct cw_hmac *secret;
	int epoll_fd;
	struct connection *connections;
	int64_t n_started, n_done, n_failed;
	int64_t *sent_ns, *acked_ns; /* per webhook */
	_Atomic int64_t *seen_ns;
	_Atomic int64_t n_seen;
	int64_t room; /* webhooks that fit into the arrays */
	unsigned run; /* makes wamids differ between runs */
};

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static _Noreturn void fail(const char *what)
{
	(void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- webhooks ---- */

/* A wamid as long and as random as Meta's: 58 characters after the dot. */
static void make_wamid(const struct load *load, int64_t index, char out[72])
{
	unsigned char digest[CW_HMAC_BYTES];
	char text[64];
	char hex[2 * CW_HMAC_BYTES + 1];
	int len = snprintf(text, sizeof(text), "%u/%lld", load->run, (long long)index);

	if (cw_hmac_compute(load->secret, text, (size_t)len, digest) != CW_OK) {
		fail("hmac");
	}
	cw_text_hex(digest, CW_HMAC_BYTES, hex);
	(void)snprintf(out, 72, "wamid.HBgM%.54s", hex);
}

static void make_request(const struct load *load, struct connection *connection)
{
	char body[1024];
	char wamid[72];
	char signature[CW_SIGNATURE_TEXT + 1];
	long long customer = connection->index * 7919 % load->options.conversations;

	make_wamid(load, connection->index, wamid);
	int body_len = snprintf(
		body, sizeof(body),
		"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"102290129340398\",\"changes\":[{\"value\":{"
		"\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_phone_number\":\"15550783881\","
		"\"phone_number_id\":\"%s\"},\"contacts\":[{\"profile\":{\"name\":\"Customer %lld\"},\"wa_id\":\"9234%08lld\"}],"
		"\"messages\":[{\"from\":\"9234%08lld\",\"id\":\"%s\",\"timestamp\":\"%lld\",\"text\":{\"body\":\"bench %lld is "
		"a message of the usual length, about a hundred characters as people write them.\"},\"type\":\"text\"}]},"
		"\"field\":\"messages\"}]}]}",
		load->options.number, customer, customer, customer, wamid, (long long)time(NULL),
		(long long)connection->index);

	if (cw_signature_make(load->secret, body, (size_t)body_len, signature) != CW_OK) {
		fail("signature");
	}
	connection->request_len = (size_t)snprintf(connection->request, sizeof(connection->request),
						   "POST /webhook HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
						   "application/json\r\nX-Hub-Signature-256: %s\r\nContent-Length: "
						   "%d\r\n\r\n%s",
						   signature, body_len, body);
	connection->sent = connection->answer_len = 0;
}

/* ---- connections ---- */

static void open_connection(struct load *load, struct connection *connection)
{
	struct sockaddr_in place = { .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)load->options.port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int yes = 1;

	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	connection->index = -1;
	if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&place, sizeof(place)) != 0) {
		fail("connect");
	}
	(void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	(void)fcntl(connection->fd, F_SETFL, O_NONBLOCK);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };

	if (epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) != 0) {
		fail("epoll");
	}
}

static void start_webhook(struct load *load, struct connection *connection)
{
	connection->index = load->n_started++;
	make_request(load, connection);
	load->sent_ns[connection->index] = now_ns();
	ssize_t n = write(connection->fd, connection->request, connection->request_len);

	if (n != (ssize_t)connection->request_len) {
		fail("write"); /* a request fits the socket's buffer */
	}
}

static bool is_whole(const struct connection *connection)
{
	const char *end = strstr(connection->answer, "\r\n\r\n");
	const char *length = strstr(connection->answer, "Content-Length: ");

	return end && length && strtoll(length + 16, NULL, 10) <= (long long)strlen(end + 4);
}

static void read_answer(struct load *load, struct connection *connection)
{
	ssize_t n = read(connection->fd, connection->answer + connection->answer_len,
			 sizeof(connection->answer) - 1 - connection->answer_len);

	if (n <= 0 && connection->index < 0) { /* the server may close idle connections */
		(void)close(connection->fd);
		open_connection(load, connection);
		return;
	}
	if (n <= 0) {
		fail("the server closed the connection");
	}
	connection->answer_len += (size_t)n;
	connection->answer[connection->answer_len] = '\0';
	if (!is_whole(connection)) {
		return;
	}
	load->acked_ns[connection->index] = now_ns();
	load->n_failed += strncmp(connection->answer, "HTTP/1.1 200", 12) != 0;
	load->n_done++;
	connection->index = -1;
}

/* ---- the subscriber: Paho's threads ---- */

static atomic_int subscriber_state; /* 0 connecting, 1 connected, -1 lost */

static void on_connected(void *context)
{
	(void)context;
	atomic_store(&subscriber_state, 1);
}

static void on_lost(void *context, const char *reason)
{
	(void)context;
	(void)fprintf(stderr, "load: subscriber: %s\n", reason);
	atomic_store(&subscriber_state, -1);
}

static void on_message(void *context, const struct cw_mqtt_message *message)
{
	struct load *load = context;
	const char *mark = memmem(message->payload, message->len, MARK, sizeof(MARK) - 1);

	if (!mark) {
		return;
	}
	long long index = strtoll(mark + sizeof(MARK) - 1, NULL, 10);

	if (index >= 0 && index < load->room) {
		atomic_store_explicit(&load->seen_ns[index], now_ns(), memory_order_relaxed);
	}
	atomic_fetch_add(&load->n_seen, 1);
}

static struct cw_mqtt *subscribe(struct load *load)
{
	const struct cw_mqtt_options options = { .uri = load->options.subscribe,
						 .client_id = "",
						 .window = 1,
						 .context = load,
						 .on_connected = on_connected,
						 .on_lost = on_lost,
						 .on_message = on_message };
	struct cw_mqtt *mqtt = NULL;
	struct cw_error error;
	char filter[CW_TOPIC_MAX + 1];
	const struct timespec pause = { .tv_nsec = 10000000 };

	if (cw_mqtt_create(&options, &mqtt, &error) != CW_OK ||
	    cw_mqtt_connect(mqtt, load->options.token, &error) != CW_OK) {
		(void)fprintf(stderr, "load: %s\n", error.text);
		exit(1);
	}
	while (atomic_load(&subscriber_state) == 0) {
		(void)nanosleep(&pause, NULL);
	}
	if (atomic_load(&subscriber_state) < 0 || cw_topic_conversations(load->options.account, filter) != CW_OK ||
	    cw_mqtt_subscribe(mqtt, filter, 5000, &error) != CW_OK) {
		(void)fprintf(stderr, "load: cannot subscribe\n");
		exit(1);
	}
	return mqtt;
}

/* ---- running ---- */

static struct connection *idle_connection(struct load *load)
{
	for (int64_t i = 0; i < load->options.connections; i++) {
		if (load->connections[i].index < 0) {
			return &load->connections[i];
		}
	}
	return NULL;
}

static bool is_over(const struct load *load, int64_t started_ns)
{
	if (load->options.count > 0) {
		return load->n_started >= load->options.count;
	}
	return now_ns() - started_ns > load->options.seconds * 1000000000 || load->n_started >= load->room;
}

static void start_due(struct load *load, int64_t started_ns)
{
	struct connection *connection = NULL;

	while (!is_over(load, started_ns) && (connection = idle_connection(load))) {
		if (load->options.rate > 0 && now_ns() < started_ns + load->n_started * 1000000000 / load->options.rate) {
			return;
		}
		start_webhook(load, connection);
	}
}

static void run(struct load *load)
{
	struct epoll_event events[256];
	int64_t started_ns = now_ns();

	do {
		start_due(load, started_ns);
		int n = epoll_wait(load->epoll_fd, events, 256, load->options.rate > 0 ? 1 : 1000);

		for (int i = 0; i < n; i++) {
			read_answer(load, events[i].data.ptr);
		}
	} while (load->n_done < load->n_started || !is_over(load, started_ns));
}

static int compare(const void *one, const void *other)
{
	int64_t a = *(const int64_t *)one;
	int64_t b = *(const int64_t *)other;

	return (a > b) - (a < b);
}

static void print_percentiles(const char *name, int64_t *values, int64_t n)
{
	qsort(values, (size_t)n, sizeof(*values), compare);
	if (n > 0) {
		(void)printf(",\"%s_p50_ms\":%.3f,\"%s_p99_ms\":%.3f,\"%s_max_ms\":%.3f", name,
			     (double)values[n / 2] / 1e6, name, (double)values[n * 99 / 100] / 1e6, name,
			     (double)values[n - 1] / 1e6);
	}
}

static void report(struct load *load, double took_s)
{
	int64_t *values = calloc((size_t)load->n_done + 1, sizeof(*values));
	int64_t n_seen = 0;

	(void)printf("{\"webhooks\":%lld,\"failed\":%lld,\"seconds\":%.3f,\"per_second\":%.0f", (long long)load->n_done,
		     (long long)load->n_failed, took_s, (double)load->n_done / took_s);
	for (int64_t i = 0; i < load->n_done; i++) {
		values[i] = load->acked_ns[i] - load->sent_ns[i];
	}
	print_percentiles("ack", values, load->n_done);
	for (int64_t i = 0; i < load->n_done; i++) {
		if (load->seen_ns[i] > 0) {
			values[n_seen++] = load->seen_ns[i] - load->sent_ns[i];
		}
	}
	(void)printf(",\"seen\":%lld", (long long)n_seen);
	print_percentiles("seen", values, n_seen);
	(void)puts("}");
	free(values);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;
	const struct {
		int key;
		const char **text;
		int64_t *number;
	} places[] = { { 's', &options->secret, NULL },       { 'n', &options->number, NULL },
		       { 't', &options->token, NULL },        { 'w', &options->subscribe, NULL },
		       { 'a', &options->account, NULL },      { 'p', NULL, &options->port },
		       { 'c', NULL, &options->connections },  { 'd', NULL, &options->seconds },
		       { 'k', NULL, &options->count },        { 'r', NULL, &options->rate },
		       { 'v', NULL, &options->conversations } };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].key == key && places[i].text) {
			*places[i].text = argument;
			return 0;
		}
		if (places[i].key == key) {
			return cw_text_to_int64(argument, places[i].number) == CW_OK ? 0 : EINVAL;
		}
	}
	return ARGP_ERR_UNKNOWN;
}

int main(int argc, char **argv)
{
	static const struct argp_option rows[] = {
		{ "secret", 's', "S", 0, "app secret", 0 },
		{ "number", 'n', "ID", 0, "phone_number_id", 0 },
		{ "account", 'a', "ID", 0, "account of the subscriber", 0 },
		{ "token", 't', "T", 0, "the subscriber's token", 0 },
		{ "subscribe", 'w', "URI", 0, "ws://host:port (default: no subscriber)", 0 },
		{ "port", 'p', "N", 0, "the webhook's port, on 127.0.0.1", 0 },
		{ "connections", 'c', "N", 0, "(64)", 0 },
		{ "seconds", 'd', "N", 0, "(5)", 0 },
		{ "count", 'k', "N", 0, "webhooks instead of seconds", 0 },
		{ "rate", 'r', "N", 0, "per second (default: as fast as answers arrive)", 0 },
		{ "conversations", 'v', "N", 0, "(500)", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = { rows, parse, NULL, "Load generator for the webhook.", NULL, NULL, NULL };
	struct load load = { .options = { .connections = 64, .seconds = 5, .conversations = 500 } };
	struct cw_mqtt *mqtt = NULL;

	(void)argp_parse(&argp, argc, argv, 0, NULL, &load.options);
	if (!load.options.secret || !load.options.number || load.options.port == 0) {
		(void)fprintf(stderr, "load: --secret, --number and --port are required\n");
		return 64;
	}
	load.room = load.options.count > 0 ? load.options.count : load.options.seconds * 60000;
	load.secret = cw_hmac_create(load.options.secret, strlen(load.options.secret));
	load.sent_ns = calloc((size_t)load.room, sizeof(*load.sent_ns));
	load.acked_ns = calloc((size_t)load.room, sizeof(*load.acked_ns));
	load.seen_ns = calloc((size_t)load.room, sizeof(*load.seen_ns));
	load.connections = calloc((size_t)load.options.connections, sizeof(*load.connections));
	load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!load.secret || !load.sent_ns || !load.acked_ns || !load.seen_ns || !load.connections ||
	    load.epoll_fd < 0 || cw_clock_random(&load.run, sizeof(load.run)) != CW_OK) {
		fail("setting up");
	}
	for (int64_t i = 0; i < load.options.connections; i++) {
		open_connection(&load, &load.connections[i]);
	}
	if (load.options.subscribe) {
		mqtt = subscribe(&load);
	}
	int64_t started_ns = now_ns();

	run(&load);
	double took_s = (double)(now_ns() - started_ns) / 1e9;

	for (int i = 0; mqtt && i < 300 && atomic_load(&load.n_seen) < load.n_done; i++) {
		const struct timespec pause = { .tv_nsec = 10000000 };
		(void)nanosleep(&pause, NULL);
	}
	report(&load, took_s);
	cw_mqtt_destroy(mqtt);
	return load.n_failed == 0 ? 0 : 1;
}
