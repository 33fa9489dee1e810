/* SPDX-License-Identifier: MIT */
#ifndef INGEST_HEADS_H
#define INGEST_HEADS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/event.h"
#include "mqtt/mqtt.h"
#include "store/store.h"

/*
 * The head of every account as the publisher last said it: which are due, and their payload. A head is
 * what a client compares its cursor with, so that the loss of the last messages shows too.
 * The publisher's thread only.
 */
struct heads;

#define HEADS_MIN_INTERVAL_MS 250
#define HEADS_MAX_INTERVAL_MS 15000

struct head {
	char account[CW_ACCOUNT_MAX + 1];
	char epoch[CW_EPOCH_TEXT];
	int64_t seq;        /* of the last event that was published or passed over */
	int64_t newest_seq; /* as far as is known, of the last that was stored */
	int64_t said_seq;
	int64_t said_at_ms; /* monotonic; 0: never on this connection */
};

/* NULL without memory. Destroy accepts NULL. */
struct heads *heads_create(void);
void heads_destroy(struct heads *heads);

/* The account's head, made if it is new. NULL without memory. Lives as long as heads. */
struct head *heads_get(struct heads *heads, const char *account, const char *epoch);

/* Every head is due at once: after a reconnect. */
void heads_forget_said(struct heads *heads);

/* The next head that must be said at now_ms (monotonic), or NULL; *ret_wait_ms is then how long none will be. */
struct head *heads_next_due(struct heads *heads, int64_t now_ms, int64_t *ret_wait_ms);

enum heads_load_mode {
	HEADS_LOAD_RUNNING,   /* new accounts; and how far each has come */
	HEADS_LOAD_CONNECTED, /* a new connection: each head is due, and says what the database has */
};

/* Reads every account. CW_NOMEM, or what the store says. */
CW_MUST_CHECK enum cw_status heads_load(struct heads *heads, struct cw_reader *reader, enum heads_load_mode mode,
					struct cw_error *reterr);

/* Publishes what is due, as far as there is room; answers how many ms nothing will be. payload is scratch. */
int64_t heads_say(struct heads *heads, struct cw_mqtt *mqtt, struct cw_buf *payload);

/* The retained payload. */
CW_MUST_CHECK enum cw_status heads_render(const struct head *head, int64_t at_ms, struct cw_buf *out);

#endif
