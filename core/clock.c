/* SPDX-License-Identifier: MIT */
#include "core/clock.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "core/text.h"

static _Atomic int64_t offset_for_tests_ms;

static int64_t read_us(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now); /* cannot fail for the clocks used here */
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t cw_clock_now_us(void)
{
	return read_us(CLOCK_REALTIME) + 1000 * atomic_load_explicit(&offset_for_tests_ms, memory_order_relaxed);
}

int64_t cw_clock_now_ms(void)
{
	return cw_clock_now_us() / 1000;
}

int64_t cw_clock_monotonic_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

void cw_clock_set_offset_ms(int64_t offset_ms)
{
	atomic_store(&offset_for_tests_ms, offset_ms);
}

enum cw_status cw_clock_random(void *out, size_t len)
{
	return RAND_bytes(out, (int)len) == 1 ? CW_OK : CW_IO;
}

enum cw_status cw_clock_uuid7(int64_t now_ms, unsigned char out[CW_CLOCK_UUID_BYTES])
{
	if (cw_clock_random(out + 6, CW_CLOCK_UUID_BYTES - 6) != CW_OK) {
		return CW_IO;
	}
	for (int i = 0; i < 6; i++) {
		out[i] = (unsigned char)(now_ms >> (8 * (5 - i)));
	}
	out[6] = (unsigned char)(0x70 | (out[6] & 0x0f));
	out[8] = (unsigned char)(0x80 | (out[8] & 0x3f));
	return CW_OK;
}

void cw_clock_uuid_text(const unsigned char uuid[CW_CLOCK_UUID_BYTES], char out[CW_CLOCK_UUID_TEXT])
{
	static const unsigned char groups[] = { 4, 2, 2, 2, 6 };
	char hex[2 * CW_CLOCK_UUID_BYTES + 1];
	const char *from = hex;

	cw_text_hex(uuid, CW_CLOCK_UUID_BYTES, hex);
	for (size_t i = 0; i < sizeof(groups); i++) {
		memcpy(out, from, 2U * groups[i]);
		out += 2 * groups[i];
		from += 2 * groups[i];
		*out++ = '-';
	}
	out[-1] = '\0';
}

enum cw_status cw_clock_uuid_parse(const char *text, unsigned char out[CW_CLOCK_UUID_BYTES])
{
	char hex[2 * CW_CLOCK_UUID_BYTES];
	size_t used = 0;

	if (!text || strlen(text) != CW_CLOCK_UUID_TEXT - 1) {
		return CW_INVALID;
	}
	for (size_t i = 0; text[i]; i++) {
		bool is_dash_place = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash_place != (text[i] == '-')) {
			return CW_INVALID;
		}
		if (!is_dash_place) {
			hex[used++] = text[i];
		}
	}
	return cw_text_unhex(hex, sizeof(hex), out, CW_CLOCK_UUID_BYTES) ? CW_OK : CW_INVALID;
}
