/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SCRATCH_BYTES (1 << 20) /* larger than any packet of a benchmark */
#define MAX_FRAME_HEADER 14
#define KEEPALIVE_S 120 /* the broker's limit; runs are shorter, so nobody pings */

enum { CONNECT = 1, CONNACK, PUBLISH, PUBACK, SUBSCRIBE = 8, SUBACK = 9, PINGRESP = 13, DISCONNECT = 14 };

static const unsigned char mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
static unsigned char incoming[SCRATCH_BYTES];
static unsigned char framed[SCRATCH_BYTES];

_Noreturn void wire_fail(const char *what)
{
	(void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

int64_t wire_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- bytes ---- */

static void append(struct wire_bytes *bytes, const void *data, size_t len)
{
	if (len == 0) {
		return;
	}
	if (bytes->len + len > bytes->room) {
		bytes->room = (bytes->len + len) * 2;
		bytes->data = realloc(bytes->data, bytes->room);
		if (!bytes->data) {
			wire_fail("memory");
		}
	}
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static void drop_front(struct wire_bytes *bytes, size_t n)
{
	if (n > 0) {
		memmove(bytes->data, bytes->data + n, bytes->len - n);
		bytes->len -= n;
	}
}

static void free_bytes(struct wire_bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct wire_bytes){ 0 };
}

static void append_byte(struct wire_bytes *bytes, unsigned value)
{
	const unsigned char byte = (unsigned char)value;

	append(bytes, &byte, 1);
}

static void append_u16(struct wire_bytes *bytes, size_t value)
{
	append_byte(bytes, (unsigned)(value >> 8));
	append_byte(bytes, (unsigned)value);
}

static void append_text(struct wire_bytes *bytes, const char *text)
{
	append_u16(bytes, strlen(text));
	append(bytes, text, strlen(text));
}

static unsigned u16(const unsigned char *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

/* ---- sending ---- */

static void watch(struct wire *wire, int operation, unsigned what)
{
	struct epoll_event event = { .events = what, .data.ptr = wire };

	if (epoll_ctl(wire->epoll_fd, operation, wire->fd, &event) != 0) {
		wire_fail("epoll_ctl");
	}
}

static void send_bytes(struct wire *wire, const unsigned char *data, size_t len)
{
	ssize_t n = 0;

	if (wire->unsent.len == 0) {
		n = send(wire->fd, data, len, MSG_NOSIGNAL);
		if (n < 0) {
			n = 0; /* no room, or the connection is gone, which the next read will show */
		}
		if ((size_t)n < len) {
			watch(wire, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
		}
	}
	append(&wire->unsent, data + n, len - (size_t)n);
}

static void send_rest(struct wire *wire)
{
	ssize_t n = send(wire->fd, wire->unsent.data, wire->unsent.len, MSG_NOSIGNAL);

	drop_front(&wire->unsent, n > 0 ? (size_t)n : 0);
	if (wire->unsent.len == 0) {
		watch(wire, EPOLL_CTL_MOD, EPOLLIN);
	}
}

/* RFC 6455 section 5.2: a final binary frame, masked as required for clients. */
static size_t make_frame(const struct wire_bytes *payload)
{
	size_t n = 0;

	if (payload->len + MAX_FRAME_HEADER > sizeof(framed)) {
		wire_fail("a frame is too large");
	}
	framed[n++] = 0x82;
	if (payload->len < 126) {
		framed[n++] = (unsigned char)(0x80 | payload->len);
	} else if (payload->len < 65536) {
		framed[n++] = 0x80 | 126;
		framed[n++] = (unsigned char)(payload->len >> 8);
		framed[n++] = (unsigned char)payload->len;
	} else {
		framed[n++] = 0x80 | 127;
		for (int shift = 56; shift >= 0; shift -= 8) {
			framed[n++] = (unsigned char)((uint64_t)payload->len >> shift);
		}
	}
	memcpy(framed + n, mask, sizeof(mask));
	n += sizeof(mask);
	for (size_t i = 0; i < payload->len; i++) {
		framed[n + i] = payload->data[i] ^ mask[i % sizeof(mask)];
	}
	return n + payload->len;
}

void wire_flush(struct wire *wire)
{
	if (wire->fd < 0 || wire->state != WIRE_OPEN || wire->out.len == 0) {
		return;
	}
	if (wire->is_ws) {
		send_bytes(wire, framed, make_frame(&wire->out));
	} else {
		send_bytes(wire, wire->out.data, wire->out.len);
	}
	wire->out.len = 0;
}

/* ---- packets out ---- */

static void append_header(struct wire *wire, unsigned first, size_t remaining)
{
	append_byte(&wire->out, first);
	do {
		append_byte(&wire->out, (unsigned)(remaining % 128 | (remaining > 127 ? 128 : 0)));
		remaining /= 128;
	} while (remaining > 0);
}

static size_t no_properties(const struct wire *wire)
{
	return wire->version == 5 ? 1 : 0;
}

static void append_no_properties(struct wire *wire)
{
	append(&wire->out, "", no_properties(wire));
}

static void append_connect(struct wire *wire)
{
	static const char user[] = "token"; /* the plugin ignores it */
	size_t len = 10 + no_properties(wire) + 2 + strlen(wire->client_id) + 2 + strlen(user) + 2 + strlen(wire->token);

	append_header(wire, CONNECT << 4, len);
	append_text(&wire->out, "MQTT");
	append_byte(&wire->out, (unsigned)wire->version);
	append_byte(&wire->out, 0xc2); /* user name, password, clean start */
	append_u16(&wire->out, KEEPALIVE_S);
	append_no_properties(wire);
	append_text(&wire->out, wire->client_id);
	append_text(&wire->out, user);
	append_text(&wire->out, wire->token);
}

void wire_subscribe(struct wire *wire, const char *filter)
{
	append_header(wire, SUBSCRIBE << 4 | 2, 2 + no_properties(wire) + 2 + strlen(filter) + 1);
	append_u16(&wire->out, 1);
	append_no_properties(wire);
	append_text(&wire->out, filter);
	append_byte(&wire->out, 1);
}

void wire_publish(struct wire *wire, uint16_t id, const char *topic, const char *payload, size_t len)
{
	append_header(wire, PUBLISH << 4 | 2, 2 + strlen(topic) + 2 + no_properties(wire) + len);
	append_text(&wire->out, topic);
	append_u16(&wire->out, id);
	append_no_properties(wire);
	append(&wire->out, payload, len);
}

/* ---- packets in ---- */

/* Reads a variable byte integer at bytes[*at]; false if it is incomplete. */
static bool take_length(const unsigned char *bytes, size_t len, size_t *at, size_t *ret_value)
{
	size_t value = 0;

	for (unsigned shift = 0; shift < 28 && *at < len; shift += 7) {
		unsigned char byte = bytes[(*at)++];

		value |= (size_t)(byte & 127) << shift;
		if (!(byte & 128)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static void take_publish(struct wire *wire, unsigned flags, const unsigned char *body, size_t len)
{
	struct wire_message message = { .topic = (const char *)body + 2, .topic_len = u16(body) };
	size_t at = 2 + message.topic_len;
	size_t properties = 0;

	if (flags & 6) {
		append_header(wire, PUBACK << 4, 2);
		append(&wire->out, body + at, 2);
		at += 2;
	}
	if (wire->version == 5 && !take_length(body, len, &at, &properties)) {
		wire_fail("a PUBLISH without its properties");
	}
	at += properties;
	message.payload = (const char *)body + at;
	message.len = len - at;
	wire->events->on_message(wire, &message);
}

static void take_packet(struct wire *wire, unsigned first, const unsigned char *body, size_t len)
{
	switch (first >> 4) {
	case CONNACK:
		wire->events->on_connack(wire, body[1]);
		break;
	case PUBLISH:
		take_publish(wire, first & 15, body, len);
		break;
	case PUBACK:
		wire->events->on_puback(wire, len > 2 ? body[2] : 0);
		break;
	case SUBACK:
		wire->events->on_suback(wire, body[len - 1] < 128 ? 0 : body[len - 1]);
		break;
	case DISCONNECT:
		wire->reason = len > 0 ? body[0] : 0;
		break;
	case PINGRESP:
		break;
	default:
		wire_fail("a packet that a broker does not send");
	}
}

/* Handles the complete packets at the front; returns their length. */
static size_t take_packets(struct wire *wire, const unsigned char *bytes, size_t len)
{
	size_t used = 0;

	while (wire->fd >= 0) {
		size_t at = used + 1;
		size_t remaining = 0;

		if (used >= len || !take_length(bytes, len, &at, &remaining) || remaining > len - at) {
			break;
		}
		take_packet(wire, bytes[used], bytes + at, remaining);
		used = at + remaining;
	}
	return used;
}

/* ---- WebSocket in ---- */

static void take_payload(struct wire *wire, const unsigned char *bytes, size_t len)
{
	if (wire->stream.len == 0) {
		size_t used = take_packets(wire, bytes, len);

		append(&wire->stream, bytes + used, len - used);
	} else {
		append(&wire->stream, bytes, len);
		drop_front(&wire->stream, take_packets(wire, wire->stream.data, wire->stream.len));
	}
}

/* Reads the lengths of the header and the payload; false if the header is incomplete. */
static bool read_frame_header(const unsigned char *bytes, size_t len, size_t *ret_header, uint64_t *ret_payload)
{
	size_t extra = 0;

	if (len < 2) {
		return false;
	}
	*ret_payload = bytes[1] & 127;
	if (*ret_payload >= 126) {
		extra = *ret_payload == 126 ? 2 : 8;
		*ret_payload = 0;
	}
	if (len < 2 + extra) {
		return false;
	}
	for (size_t i = 0; i < extra; i++) {
		*ret_payload = *ret_payload << 8 | bytes[2 + i];
	}
	*ret_header = 2 + extra;
	return true;
}

static size_t take_frames(struct wire *wire, const unsigned char *bytes, size_t len)
{
	size_t used = 0;
	size_t header = 0;
	uint64_t payload = 0;

	while (wire->fd >= 0 && read_frame_header(bytes + used, len - used, &header, &payload) &&
	       payload <= len - used - header) {
		const unsigned opcode = bytes[used] & 15;

		if (opcode <= 2) { /* neither ping nor close; after a close, the stream ends anyway */
			take_payload(wire, bytes + used + header, payload);
		}
		used += header + payload;
	}
	return used;
}

static size_t take_upgrade(struct wire *wire, const unsigned char *bytes, size_t len)
{
	static const char accepted[] = "HTTP/1.1 101";
	const unsigned char *end = memmem(bytes, len, "\r\n\r\n", 4);

	if (!end) {
		return 0;
	}
	if (memcmp(bytes, accepted, sizeof(accepted) - 1) != 0) {
		wire_fail("the broker refused the WebSocket");
	}
	wire->state = WIRE_OPEN; /* CONNECT is sent after this read */
	return (size_t)(end - bytes) + 4;
}

/* ---- connections ---- */

void wire_open(struct wire *wire)
{
	const struct sockaddr_in place = { .sin_family = AF_INET,
					   .sin_port = htons((uint16_t)wire->port),
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	/* Avoids TIME_WAIT: a storm opens more connections in a minute than there are ports. */
	const struct linger reset = { .l_onoff = 1 };
	const int yes = 1;

	wire->state = WIRE_CONNECTING;
	wire->reason = -1;
	wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (wire->fd < 0) {
		wire_fail("socket");
	}
	(void)setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	(void)setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(wire->fd, (const struct sockaddr *)&place, sizeof(place)) != 0 && errno != EINPROGRESS) {
		wire_fail("connect");
	}
	watch(wire, EPOLL_CTL_ADD, EPOLLOUT);
}

void wire_close(struct wire *wire)
{
	if (wire->fd < 0) {
		return;
	}
	(void)close(wire->fd);
	wire->fd = -1;
	free_bytes(&wire->kept);
	free_bytes(&wire->stream);
	free_bytes(&wire->out);
	free_bytes(&wire->unsent);
}

static void lose(struct wire *wire)
{
	wire_close(wire);
	wire->events->on_closed(wire, wire->reason);
}

static void on_up(struct wire *wire)
{
	static const char upgrade[] = "GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
				      "Connection: Upgrade\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
				      "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Version: 13\r\n\r\n";
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
		lose(wire);
		return;
	}
	watch(wire, EPOLL_CTL_MOD, EPOLLIN);
	append_connect(wire);
	if (wire->is_ws) {
		wire->state = WIRE_UPGRADING;
		send_bytes(wire, (const unsigned char *)upgrade, sizeof(upgrade) - 1);
		return;
	}
	wire->state = WIRE_OPEN;
	wire_flush(wire);
}

static void on_readable(struct wire *wire)
{
	size_t len = wire->kept.len;
	size_t used = 0;

	if (len > 0) {
		memcpy(incoming, wire->kept.data, len);
	}
	ssize_t n = recv(wire->fd, incoming + len, sizeof(incoming) - len, 0);

	if (n < 0 && errno == EAGAIN) {
		return;
	}
	if (n <= 0) {
		lose(wire);
		return;
	}
	len += (size_t)n;
	wire->kept.len = 0;
	if (wire->state == WIRE_UPGRADING) {
		used = take_upgrade(wire, incoming, len);
	}
	if (wire->state == WIRE_OPEN) {
		used += wire->is_ws ? take_frames(wire, incoming + used, len - used) : take_packets(wire, incoming, len);
	}
	if (wire->fd >= 0) {
		append(&wire->kept, incoming + used, len - used);
		wire_flush(wire);
	}
}

int wire_run(int epoll_fd, int max, int timeout_ms)
{
	struct epoll_event events[256];
	int n = epoll_wait(epoll_fd, events, max < 256 ? max : 256, timeout_ms);

	for (int i = 0; i < n; i++) {
		struct wire *wire = events[i].data.ptr;

		/* A callback of an earlier connection may have closed this one. */
		if (wire->fd >= 0 && wire->state == WIRE_CONNECTING) {
			on_up(wire);
			continue;
		}
		if (wire->fd >= 0 && wire->unsent.len > 0 && (events[i].events & EPOLLOUT)) {
			send_rest(wire);
		}
		if (wire->fd >= 0 && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
			on_readable(wire);
		}
	}
	return n;
}
