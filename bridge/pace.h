/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_PACE_H
#define BRIDGE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How fast a number may send: Meta's limits as token buckets (Cloud API, "Throughput": 80 messages per second for each
 * number; "Pair rate limits": a burst of 45 to one customer, then one every six seconds), and the pauses after errors.
 * Times are monotonic milliseconds, given by the caller. One thread at a time.
 */
#define PACE_PAIR_BURST 45
#define PACE_PAIR_MS 6000
#define PACE_MAX_PAUSE_MS 15000

struct pace;

/* rate: messages per second, at least 1. NULL when out of memory; destroy accepts NULL. */
struct pace *pace_create(int64_t rate);
void pace_destroy(struct pace *pace);

/* How many may be sent now. */
int64_t pace_room(struct pace *pace, int64_t now_ms);

/* The earliest time at which there will be room; now_ms if there is room now. */
int64_t pace_next_ms(struct pace *pace, int64_t now_ms);

/* When this recipient (a conversation's row id) may be sent to; now_ms or earlier: at once. */
int64_t pace_recipient_ms(struct pace *pace, int64_t recipient, int64_t now_ms);

/* Call when one was sent. */
void pace_take(struct pace *pace, int64_t recipient, int64_t now_ms);

/* Call when WhatsApp throttles the number or fails: pauses, twice as long each time in a row. */
void pace_throttle(struct pace *pace, int64_t now_ms);

/* Call when WhatsApp accepted one: ends the doubling. */
void pace_succeed(struct pace *pace);

/*
 * Call when WhatsApp refused a message because this recipient gets too many. Returns the pause in ms before try number
 * `tries`: 4^tries seconds.
 */
int64_t pace_recipient_pause(struct pace *pace, int64_t recipient, int tries, int64_t now_ms);

/* For tests: how many recipients are remembered. Those whose bucket is full are forgotten. */
size_t pace_n_recipients(const struct pace *pace);

/* The pause before try number `tries` of one message: 2^tries seconds, at most five minutes. */
int64_t pace_retry_ms(int tries);

#endif
