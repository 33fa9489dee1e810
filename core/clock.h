/* SPDX-License-Identifier: MIT */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/* All time and randomness come from here, so that tests can control the clock. Any thread. */

/* Unix time in milliseconds, UTC. */
int64_t cw_clock_now_ms(void);

/* The same in microseconds, for measuring hops. */
int64_t cw_clock_now_us(void);

/* Monotonic milliseconds, for waits and ages. */
int64_t cw_clock_monotonic_ms(void);

/* Tests only: shifts the result of cw_clock_now_ms by offset_ms. */
void cw_clock_set_offset_ms(int64_t offset_ms);

/* len bytes from the system's random number generator. CW_IO when it fails. */
CW_MUST_CHECK enum cw_status cw_clock_random(void *out, size_t len);

#define CW_CLOCK_UUID_BYTES 16
#define CW_CLOCK_UUID_TEXT 37

/* A new UUID version 7 (RFC 9562 section 5.7): 48 bits of Unix ms, the rest random. */
CW_MUST_CHECK enum cw_status cw_clock_uuid7(int64_t now_ms, unsigned char out[CW_CLOCK_UUID_BYTES]);

/* The 36 characters of a UUID and a NUL. */
void cw_clock_uuid_text(const unsigned char uuid[CW_CLOCK_UUID_BYTES], char out[CW_CLOCK_UUID_TEXT]);

/* The reverse. CW_INVALID unless text has the form 8-4-4-4-12. */
CW_MUST_CHECK enum cw_status cw_clock_uuid_parse(const char *text, unsigned char out[CW_CLOCK_UUID_BYTES]);

#endif
