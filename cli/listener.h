/* SPDX-License-Identifier: MIT */
#ifndef CLI_LISTENER_H
#define CLI_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/status.h"

/*
 * One connection to the broker, for a command that sends a request and waits for the answer: Paho's threads queue
 * messages, and the command's own thread takes them out. Every wait ends: with a message, an error or a time-out.
 * Apart from Paho's, one thread at a time.
 */
struct listener;

struct listener_options {
	const char *uri;       /* tcp://, ssl://, ws://, wss:// */
	const char *token;     /* the JWT */
	const char *client_id; /* "": the broker's choice */
	const char *ca_file;   /* trusted instead of the system's; NULL: the system's */
};

struct listener_message {
	char *topic;
	json_t *payload; /* NULL: not JSON */
	int64_t at_us;   /* Unix; when it arrived */
	struct listener_message *next;
};

/* CW_OK: connected, and the caller owns *ret_listener. CW_DENIED: the broker refuses the token. CW_BUSY: no connection.
 * close accepts NULL. */
CW_MUST_CHECK enum cw_status listener_open(const struct listener_options *options, struct listener **ret_listener,
					   struct cw_error *reterr);
void listener_close(struct listener *listener);

/* CW_DENIED: the broker refuses it. CW_BUSY: no answer. */
CW_MUST_CHECK enum cw_status listener_subscribe(struct listener *listener, const char *filter, struct cw_error *reterr);

/* Starts a publish at QoS 1; a refusal ends the next wait with CW_DENIED. CW_BUSY. */
CW_MUST_CHECK enum cw_status listener_publish(struct listener *listener, const char *topic, const char *text,
					      struct cw_error *reterr);

/*
 * The next message that `wants` accepts; others are dropped. The caller owns *ret_message. CW_BUSY: none came in time,
 * or the connection ended. CW_DENIED: the broker refused the publish.
 */
CW_MUST_CHECK enum cw_status listener_wait(struct listener *listener,
					   bool (*wants)(void *context, const struct listener_message *message),
					   void *context, int64_t timeout_ms, struct listener_message **ret_message,
					   struct cw_error *reterr);
void listener_message_free(struct listener_message *message);

#endif
