/* SPDX-License-Identifier: MIT */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * MQTT clients for load generators: 3.1.1 and 5, QoS 1, over TCP or WebSocket, thousands of them in one thread
 * with epoll. Just enough of the protocol to drive a broker; what no broker should send ends the program.
 *
 * Everything that one read brings is answered in one write (over WebSocket: one frame). Real clients make the
 * broker work harder for each delivery, so a plugin's share of its work shows larger here, not smaller.
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
	void (*on_message)(struct wire *wire, const struct wire_message *message); /* acknowledged already */
	void (*on_closed)(struct wire *wire, int reason); /* of the broker's DISCONNECT; -1 without one */
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

	/* Ours. */
	int fd; /* -1: closed */
	enum { WIRE_CONNECTING, WIRE_UPGRADING, WIRE_OPEN } state;
	int reason;               /* of the broker's DISCONNECT */
	struct wire_bytes kept;   /* the beginning of a packet or frame */
	struct wire_bytes stream; /* WebSocket: the beginning of a packet, out of its frames */
	struct wire_bytes out;    /* packets before wire_flush */
	struct wire_bytes unsent; /* what the socket did not take */
};

/* Starts connecting; CONNECT follows when the transport is up. The members above "Ours" are filled in. */
void wire_open(struct wire *wire);

/* Written at the next wire_flush, or when what is being read now has been handled. */
void wire_subscribe(struct wire *wire, const char *filter);
void wire_publish(struct wire *wire, uint16_t id, const char *topic, const char *payload, size_t len);
void wire_flush(struct wire *wire);

/* Without DISCONNECT, as a network that goes away; on_closed is not called. Closed already: nothing. */
void wire_close(struct wire *wire);

/* Waits for events and handles those of at most max connections; how many had any. */
int wire_run(int epoll_fd, int max, int timeout_ms);

/* Ends the program: `NAME: what: errno`. */
_Noreturn void wire_fail(const char *what);

/* Unix time in nanoseconds. */
int64_t wire_now_ns(void);

#endif
