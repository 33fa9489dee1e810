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
 * The head of every account as last published, which ones are due, and their payload. A client compares
 * its cursor with the head, so that it notices even the loss of the last messages.
 * The publisher's thread only.
 */
struct heads;

#define HEADS_MIN_INTERVAL_MS 250
#define HEADS_MAX_INTERVAL_MS 15000

struct head {
	char account[CW_ACCOUNT_MAX + 1];
	char epoch[CW_EPOCH_TEXT];
	int64_t seq;        /* of the last event that was published or passed over */
	int64_t newest_seq; /* of the last event that was stored, as far as is known */
	int64_t said_seq;   /* as last published */
	int64_t said_at_ms; /* when, monotonic; 0: never on this connection */
};

/* NULL when out of memory. Destroy accepts NULL. */
struct heads *heads_create(void);
void heads_destroy(struct heads *heads);

/* The account's head, created if needed. NULL when out of memory. Valid as long as heads. */
struct head *heads_get(struct heads *heads, const char *account, const char *epoch);

/* After a reconnect: makes every head due at once. */
void heads_forget_said(struct heads *heads);

/* The next head due at now_ms (monotonic). NULL: none will be for *ret_wait_ms. */
struct head *heads_next_due(struct heads *heads, int64_t now_ms, int64_t *ret_wait_ms);

enum heads_load_mode {
	HEADS_LOAD_RUNNING,   /* adds new accounts, and updates newest_seq */
	HEADS_LOAD_CONNECTED, /* for a new connection: every head is due, with the database's seq */
};

/* Reads all accounts. CW_NOMEM, or the store's error. */
CW_MUST_CHECK enum cw_status heads_load(struct heads *heads, struct cw_reader *reader, enum heads_load_mode mode,
					struct cw_error *reterr);

/* Publishes what is due, as far as there is room. Returns for how many ms nothing will be due. payload is scratch. */
int64_t heads_say(struct heads *heads, struct cw_mqtt *mqtt, struct cw_buf *payload);

/* The retained payload. */
CW_MUST_CHECK enum cw_status heads_render(const struct head *head, int64_t at_ms, struct cw_buf *out);

#endif
