/* SPDX-License-Identifier: MIT */
#include "bridge/pace.h"

#include <stdlib.h>

#define MIN_PAUSE_MS 1000
#define MAX_RETRY_MS (5 * 60 * 1000LL)
#define MAX_RECIPIENT_MS (1024 * 1000LL)
/* After this long, a recipient's bucket is full again and need not be remembered. */
#define RECIPIENT_REST_MS ((int64_t)PACE_PAIR_BURST * PACE_PAIR_MS)
#define FORGET_EVERY 1024

/* A bucket, stored as the time at which it will be full: taking from it moves that on (GCRA's "virtual scheduling"). */
struct recipient {
	int64_t id; /* 0: free slot */
	int64_t full_at_ms;
};

struct pace {
	int64_t rate;
	int64_t full_at_us; /* the number's bucket */
	int64_t paused_until_ms, pause_ms;
	struct recipient *recipients; /* open addressing; size is a power of two */
	size_t size, n_recipients;
	unsigned n_taken;
};

struct pace *pace_create(int64_t rate)
{
	struct pace *pace = calloc(1, sizeof(*pace));

	if (pace) {
		pace->rate = rate < 1 ? 1 : rate;
		pace->size = 64;
		pace->recipients = calloc(pace->size, sizeof(*pace->recipients));
	}
	if (pace && !pace->recipients) {
		free(pace);
		return NULL;
	}
	return pace;
}

void pace_destroy(struct pace *pace)
{
	if (pace) {
		free(pace->recipients);
		free(pace);
	}
}

/* ---- the number ---- */

/* The burst is a tenth of a second's worth, so that no second has much more than `rate`. */
static int64_t burst(const struct pace *pace)
{
	return pace->rate < 10 ? 1 : pace->rate / 10;
}

static int64_t interval_us(const struct pace *pace)
{
	return 1000000 / pace->rate;
}

int64_t pace_room(struct pace *pace, int64_t now_ms)
{
	int64_t behind_us = pace->full_at_us - now_ms * 1000;
	int64_t used = behind_us <= 0 ? 0 : (behind_us + interval_us(pace) - 1) / interval_us(pace);

	if (now_ms < pace->paused_until_ms) {
		return 0;
	}
	return used >= burst(pace) ? 0 : burst(pace) - used;
}

int64_t pace_next_ms(struct pace *pace, int64_t now_ms)
{
	/* There is room as soon as one of the burst's places is free. */
	int64_t at_us = pace->full_at_us - (burst(pace) - 1) * interval_us(pace);
	int64_t at_ms = (at_us + 999) / 1000;

	at_ms = at_ms > pace->paused_until_ms ? at_ms : pace->paused_until_ms;
	return at_ms > now_ms ? at_ms : now_ms;
}

void pace_throttle(struct pace *pace, int64_t now_ms)
{
	if (now_ms < pace->paused_until_ms) {
		return; /* part of the same throttling: several requests were under way */
	}
	pace->pause_ms = pace->pause_ms ? 2 * pace->pause_ms : MIN_PAUSE_MS;
	pace->pause_ms = pace->pause_ms > PACE_MAX_PAUSE_MS ? PACE_MAX_PAUSE_MS : pace->pause_ms;
	pace->paused_until_ms = now_ms + pace->pause_ms;
}

void pace_succeed(struct pace *pace)
{
	pace->pause_ms = 0;
}

int64_t pace_retry_ms(int tries)
{
	int64_t wait_ms = tries < 1 ? 1000 : tries > 16 ? MAX_RETRY_MS : 1000LL << tries;

	return wait_ms > MAX_RETRY_MS ? MAX_RETRY_MS : wait_ms;
}

/* ---- recipients ---- */

static size_t place_of(const struct pace *pace, int64_t id)
{
	size_t place = ((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & (pace->size - 1);

	while (pace->recipients[place].id != 0 && pace->recipients[place].id != id) {
		place = (place + 1) & (pace->size - 1);
	}
	return place;
}

/* Forgets recipients whose bucket is full; grows if that is not enough. When out of memory, the table is unchanged. */
static void rebuild(struct pace *pace, int64_t now_ms)
{
	struct recipient *old = pace->recipients;
	size_t old_size = pace->size;
	size_t n_busy = 0;

	for (size_t i = 0; i < old_size; i++) {
		n_busy += old[i].id != 0 && old[i].full_at_ms > now_ms;
	}
	size_t size = 64;

	while (size < 4 * n_busy) {
		size *= 2;
	}
	struct recipient *recipients = calloc(size, sizeof(*recipients));

	if (!recipients) {
		return;
	}
	pace->recipients = recipients;
	pace->size = size;
	pace->n_recipients = n_busy;
	for (size_t i = 0; i < old_size; i++) {
		if (old[i].id != 0 && old[i].full_at_ms > now_ms) {
			pace->recipients[place_of(pace, old[i].id)] = old[i];
		}
	}
	free(old);
}

static struct recipient *recipient_of(struct pace *pace, int64_t id, int64_t now_ms)
{
	if (++pace->n_taken % FORGET_EVERY == 0 || 2 * (pace->n_recipients + 1) > pace->size) {
		rebuild(pace, now_ms);
	}
	if (pace->n_recipients + 1 >= pace->size) {
		return NULL; /* out of memory: this recipient is not limited here, only by WhatsApp */
	}
	struct recipient *recipient = &pace->recipients[place_of(pace, id)];

	pace->n_recipients += recipient->id == 0;
	recipient->id = id;
	return recipient;
}

int64_t pace_recipient_ms(struct pace *pace, int64_t recipient, int64_t now_ms)
{
	const struct recipient *found = &pace->recipients[place_of(pace, recipient)];

	return found->id == 0 ? now_ms : found->full_at_ms - (int64_t)(PACE_PAIR_BURST - 1) * PACE_PAIR_MS;
}

void pace_take(struct pace *pace, int64_t recipient, int64_t now_ms)
{
	struct recipient *found = recipient_of(pace, recipient, now_ms);

	pace->full_at_us = (pace->full_at_us > now_ms * 1000 ? pace->full_at_us : now_ms * 1000) + interval_us(pace);
	if (found) {
		found->full_at_ms = (found->full_at_ms > now_ms ? found->full_at_ms : now_ms) + PACE_PAIR_MS;
	}
}

int64_t pace_recipient_pause(struct pace *pace, int64_t recipient, int tries, int64_t now_ms)
{
	struct recipient *found = recipient_of(pace, recipient, now_ms);
	int64_t pause_ms = tries > 5 ? MAX_RECIPIENT_MS : 1000LL << (2 * (tries < 0 ? 0 : tries));

	if (found) {
		found->full_at_ms = now_ms + pause_ms + RECIPIENT_REST_MS - PACE_PAIR_MS; /* empty until then */
	}
	return pause_ms;
}

size_t pace_n_recipients(const struct pace *pace)
{
	return pace->n_recipients;
}
