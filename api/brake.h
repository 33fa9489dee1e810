/* SPDX-License-Identifier: MIT */
#ifndef API_BRAKE_H
#define API_BRAKE_H

#include <stdint.h>

/*
 * A rate limit on attempts: each key gets a burst of tries, which then refills one by one. The number of keys is
 * bounded: the most used ones are remembered. One thread at a time.
 */
struct brake;

/* burst tries at once, then one every refill_ms. NULL when out of memory. */
struct brake *brake_create(int burst, int64_t refill_ms);
void brake_destroy(struct brake *brake);

/* Takes a try. 0: allowed; otherwise nothing was taken, and the result is how many ms to wait. */
int64_t brake_take(struct brake *brake, const char *key, int64_t now_ms);

/* Returns one try that was taken. */
void brake_give_back(struct brake *brake, const char *key, int64_t now_ms);

/* Returns all tries, e.g. after a correct password. */
void brake_release(struct brake *brake, const char *key, int64_t now_ms);

#endif
