/* SPDX-License-Identifier: MIT */
#include "http/answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <zlib.h>

#include "tests/unit/unit.h"

static const char *header(const struct answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->n_headers; i++) {
		if (strcasecmp(answer->headers[i].name, name) == 0) {
			return answer->headers[i].value;
		}
	}
	return NULL;
}

static struct answer text_answer(const char *content_type, size_t len)
{
	struct answer answer = { .code = 200, .text = malloc(len + 1), .len = len };

	assert_non_null(answer.text);
	memset(answer.text, 'x', len);
	answer.text[len] = '\0';
	assert_true(strlen(content_type) < sizeof(answer.content_type));
	memcpy(answer.content_type, content_type, strlen(content_type) + 1);
	return answer;
}

static void every_answer_has_the_headers_that_keep_pages_safe(void **state)
{
	struct answer answer = text_answer("application/json", 2);

	(void)state;
	answer_add_header(&answer, "cache-control", "private");
	answer_complete(&answer, "gzip");
	assert_string_equal(header(&answer, "Cache-Control"), "private"); /* the handler's header wins */
	assert_string_equal(header(&answer, "X-Content-Type-Options"), "nosniff");
	assert_string_equal(header(&answer, "X-Frame-Options"), "DENY");
	assert_string_equal(header(&answer, "Referrer-Policy"), "no-referrer");
	assert_string_equal(header(&answer, "Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'");
	assert_null(header(&answer, "Content-Encoding"));
	answer_finish(&answer);
}

static void assert_unpacks(const struct answer *answer, size_t len)
{
	unsigned char *out = malloc(len + 1);
	z_stream stream = { .next_in = (unsigned char *)answer->text,
			    .avail_in = (uInt)answer->len,
			    .next_out = out,
			    .avail_out = (uInt)len + 1 };

	assert_non_null(out);
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, len);
	assert_true(out[0] == 'x' && out[len - 1] == 'x');
	(void)inflateEnd(&stream);
	free(out);
}

static void long_texts_are_compressed_for_those_who_take_it(void **state)
{
	static const struct {
		const char *content_type, *accept;
		size_t len;
		bool is_compressed;
	} rows[] = {
		{ "application/json", "gzip, deflate, br", 100000, true },
		{ "text/plain", "br;q=1.0, GZIP;q=0.5", 1400, true },
		{ "application/json", "gzip", 1399, false },
		{ "application/json", "gzip;q=0", 100000, false },
		{ "application/json", "gzip;q=0.0, br", 100000, false },
		{ "application/json", "br, deflate", 100000, false },
		{ "application/json", NULL, 100000, false },
		{ "image/png", "gzip", 100000, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer answer = text_answer(rows[i].content_type, rows[i].len);

		answer_complete(&answer, rows[i].accept);
		assert_int_equal(header(&answer, "Content-Encoding") != NULL, rows[i].is_compressed);
		if (rows[i].is_compressed) {
			assert_true(answer.len < rows[i].len / 10);
			assert_string_equal(header(&answer, "Vary"), "Accept-Encoding, Origin");
			assert_unpacks(&answer, rows[i].len);
		} else {
			assert_int_equal(answer.len, rows[i].len);
		}
		answer_finish(&answer);
	}
}

static void what_does_not_get_smaller_stays(void **state)
{
	struct answer answer = text_answer("text/plain", 4000);
	uint64_t noise = 88172645463325252U;

	(void)state;
	for (size_t i = 0; i < answer.len; i++) { /* xorshift64 */
		noise ^= noise << 13U;
		noise ^= noise >> 7U;
		noise ^= noise << 17U;
		answer.text[i] = (char)(noise & 0xffU);
	}
	answer_complete(&answer, "gzip");
	assert_null(header(&answer, "Content-Encoding"));
	assert_int_equal(answer.len, 4000);
	answer_finish(&answer);
}

static void what_was_added_is_taken_back(void **state)
{
	struct answer answer = text_answer("text/plain", 2);

	(void)state;
	answer_add_header(&answer, "X-A", "1");
	answer_add_header(&answer, "Set-Cookie", "a=1");
	answer_add_header(&answer, "Set-Cookie", "b=1");
	answer_add_header(&answer, "X-B", "2");
	assert_int_equal(answer.n_headers, 4);
	answer_remove_header(&answer, "set-cookie");
	answer_remove_header(&answer, "X-C");
	assert_int_equal(answer.n_headers, 2);
	assert_string_equal(header(&answer, "X-B"), "2");
	answer_finish(&answer);
}

static void headers_that_do_not_fit_are_left_out(void **state)
{
	struct answer answer = text_answer("text/plain", 2);
	char name[8] = "X-A";

	(void)state;
	for (int i = 0; i < 2 * ANSWER_MAX_HEADERS; i++) {
		name[2] = (char)('A' + i);
		answer_add_header(&answer, name, "1");
	}
	answer_complete(&answer, NULL);
	assert_int_equal(answer.n_headers, ANSWER_MAX_HEADERS);
	answer_finish(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_has_the_headers_that_keep_pages_safe),
		cmocka_unit_test(long_texts_are_compressed_for_those_who_take_it),
		cmocka_unit_test(what_does_not_get_smaller_stays),
		cmocka_unit_test(what_was_added_is_taken_back),
		cmocka_unit_test(headers_that_do_not_fit_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
