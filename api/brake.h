/* SPDX-License-Identifier: MIT */
#ifndef API_BRAKE_H
#define API_BRAKE_H

#include <stdint.h>

/*
 * How often may something be tried? For each key so many times at once, then one in a while. Of a bounded number of
 * keys the most used are remembered. One thread at a time.
 */
struct brake;

/* burst tries at once, then one in refill_ms. NULL without memory. */
struct brake *brake_create(int burst, int64_t refill_ms);
void brake_destroy(struct brake *brake);

/* Takes a try. 0: it may be; else nothing was taken, and so many ms are to pass first. */
int64_t brake_take(struct brake *brake, const char *key, int64_t now_ms);

/* Gives one back that was taken. */
void brake_give_back(struct brake *brake, const char *key, int64_t now_ms);

/* Gives all back: the key has shown that it means well. */
void brake_release(struct brake *brake, const char *key, int64_t now_ms);

#endif
