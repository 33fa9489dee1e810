/* SPDX-License-Identifier: MIT */
#include "publisher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"

#define NOTICE "acct/_system/agent/publisher/notice"
#define STAMP "{\"due\":%019lld,\"index\":%012lld,\"text\":\""
#define STAMP_LEN 56
#define MAX_PAYLOAD 65536
#define SETUP_MS 30000

static struct publisher *publisher_of(struct wire *wire)
{
	return wire->owner;
}

static _Noreturn void refuse(const char *what, int reason)
{
	(void)fprintf(stderr, "the publisher's %s: reason %d\n", what, reason);
	exit(1);
}

static void on_connack(struct wire *wire, int reason)
{
	if (reason != 0) {
		refuse("CONNECT", reason);
	}
	publisher_of(wire)->state = PUBLISHER_CONNECTED;
}

static void on_suback(struct wire *wire, int reason)
{
	if (reason != 0) {
		refuse("SUBSCRIBE", reason);
	}
	publisher_of(wire)->state = PUBLISHER_SUBSCRIBED;
}

static void on_puback(struct wire *wire, int reason)
{
	if (reason >= 128) {
		refuse("PUBLISH", reason);
	}
	publisher_of(wire)->n_acked++;
}

static void on_message(struct wire *wire, const struct wire_message *message)
{
	if (memmem(message->payload, message->len, "\"load_failed\"", 13)) {
		(void)fprintf(stderr, "%.*s\n", (int)message->len, message->payload);
		exit(1);
	}
	if (memmem(message->payload, message->len, "\"loaded\"", 8) && publisher_of(wire)->state < PUBLISHER_LOADED) {
		publisher_of(wire)->state = PUBLISHER_LOADED;
	}
}

static void on_closed(struct wire *wire, int reason)
{
	(void)wire;
	refuse("connection, closed by the broker", reason);
}

static const struct wire_events events = { on_connack, on_suback, on_puback, on_message, on_closed };

/* ---- connecting ---- */

static void wait_for(struct publisher *publisher, int state, int64_t n_acked)
{
	const int64_t end_ns = wire_now_ns() + (int64_t)SETUP_MS * 1000000;

	while ((int)publisher->state < state || publisher->n_acked < n_acked) {
		(void)wire_run(publisher->wire.epoll_fd, 64, 100);
		if (wire_now_ns() > end_ns) {
			errno = ETIMEDOUT;
			wire_fail("the publisher waits for the broker");
		}
	}
}

/* Sent one after another: a table's chunks are large, and nothing is measured yet. */
static void send_setup(struct publisher *publisher, const char *path)
{
	char *text = crowd_read_file(path);

	wire_subscribe(&publisher->wire, NOTICE);
	wire_flush(&publisher->wire);
	wait_for(publisher, PUBLISHER_SUBSCRIBED, 0);
	for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line != '\0';) {
		const char *topic = strsep(&line, " ");

		publisher->n_sent++;
		wire_publish(&publisher->wire, 1, topic, line, strlen(line));
		wire_flush(&publisher->wire);
		wait_for(publisher, 0, publisher->n_sent);
	}
	wait_for(publisher, PUBLISHER_LOADED, 0);
	publisher->n_sent = publisher->n_acked = 0;
	free(text);
}

void publisher_init(struct publisher *publisher, const struct crowd_options *options, int epoll_fd)
{
	publisher->identity = strdup(options->publisher);
	publisher->payload = options->payload;
	if (!publisher->identity || options->payload < STAMP_LEN + 2 || options->payload > MAX_PAYLOAD) {
		wire_fail("the payload must have 60 to 65536 bytes");
	}
	char *token = publisher->identity;
	const char *client_id = strsep(&token, " ");

	publisher->wire = (struct wire){ .epoll_fd = epoll_fd,
					 .port = options->publisher_port ? options->publisher_port : options->port,
					 .version = options->version,
					 .client_id = client_id,
					 .token = token ? token : "",
					 .events = &events,
					 .owner = publisher };
	wire_open(&publisher->wire);
	wait_for(publisher, PUBLISHER_CONNECTED, 0);
	if (options->setup) {
		send_setup(publisher, options->setup);
	}
}

/* ---- messages ---- */

void publisher_send(struct publisher *publisher, const char *topic, int64_t due_ns, int64_t index)
{
	char payload[MAX_PAYLOAD];
	const size_t len = (size_t)publisher->payload;

	(void)snprintf(payload, sizeof(payload), STAMP, (long long)due_ns, (long long)index);
	memset(payload + STAMP_LEN, 'x', len - STAMP_LEN - 2);
	memcpy(payload + len - 2, "\"}", 2);
	wire_publish(&publisher->wire, (uint16_t)(publisher->n_sent % 65535 + 1), topic, payload, len);
	wire_flush(&publisher->wire);
	publisher->n_sent++;
}

bool publisher_read(const struct wire_message *message, int64_t *ret_due_ns, int64_t *ret_index)
{
	if (message->len < STAMP_LEN || memcmp(message->payload, "{\"due\":", 7) != 0) {
		return false;
	}
	*ret_due_ns = strtoll(message->payload + 7, NULL, 10);
	*ret_index = strtoll(message->payload + 7 + 19 + 9, NULL, 10);
	return true;
}
