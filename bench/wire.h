/* SPDX-License-Identifier: MIT */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * MQTT clients for load generators: 3.1.1 and 5, QoS 1, over TCP or WebSocket, thousands of them in one thread with
 * epoll. Just enough of the protocol to drive a broker; invalid packets from the broker end the program.
 *
 * Everything received in one read is answered in one write (over WebSocket: one frame). Real clients make the broker
 * work harder for each delivery, so a plugin's share of the work looks larger here, not smaller.
 */

struct wire;

struct wire_message {
	const char *topic; /* topic_len bytes, no NUL */
	size_t topic_len;
	const char *payload;
	size_t len;
};

/* Reasons are the protocol's codes: 0 is success. */
struct wire_events {
	void (*on_connack)(struct wire *wire, int reason);
	void (*on_suback)(struct wire *wire, int reason);
	void (*on_puback)(struct wire *wire, int reason);
	void (*on_message)(struct wire *wire, const struct wire_message *message); /* already acknowledged */
	void (*on_closed)(struct wire *wire, int reason); /* from the broker's DISCONNECT; -1: none */
};

struct wire_bytes {
	unsigned char *data;
	size_t len, room;
};

struct wire {
	int epoll_fd;
	int64_t port;
	int64_t version; /* 4: 3.1.1, 5 */
	bool is_ws;
	const char *client_id, *token;
	const struct wire_events *events;
	void *owner;

	/* Internal. */
	int fd; /* -1: closed */
	enum { WIRE_CONNECTING, WIRE_UPGRADING, WIRE_OPEN } state;
	int reason;               /* from the broker's DISCONNECT */
	struct wire_bytes kept;   /* an incomplete packet or frame */
	struct wire_bytes stream; /* WebSocket: an incomplete packet, taken from its frames */
	struct wire_bytes out;    /* packets waiting for wire_flush */
	struct wire_bytes unsent; /* bytes that the socket did not accept */
};

/* Starts connecting; CONNECT is sent when the transport is up. The caller sets the members above "Internal". */
void wire_open(struct wire *wire);

/* Queued until the next wire_flush, or until the current read has been handled. */
void wire_subscribe(struct wire *wire, const char *filter);
void wire_publish(struct wire *wire, uint16_t id, const char *topic, const char *payload, size_t len);
void wire_flush(struct wire *wire);

/* Closes without DISCONNECT, as if the network failed; on_closed is not called. Does nothing if already closed. */
void wire_close(struct wire *wire);

/* Waits for events and handles those of at most max connections; returns how many had any. */
int wire_run(int epoll_fd, int max, int timeout_ms);

/* Ends the program: `NAME: what: errno`. */
_Noreturn void wire_fail(const char *what);

/* Unix time in nanoseconds. */
int64_t wire_now_ns(void);

#endif
