/* SPDX-License-Identifier: MIT */
#include "core/base64url.h"

#include "tests/unit/unit.h"

static void texts_are_decoded_behind_what_is_there(void **state)
{
	static const struct {
		const char *text, *bytes;
		size_t len;
	} rows[] = {
		{ "", "", 0 },
		{ "Zg", "f", 1 }, /* RFC 4648 section 10, without padding */
		{ "Zm8", "fo", 2 },
		{ "Zm9v", "foo", 3 },
		{ "Zm9vYg", "foob", 4 },
		{ "Zm9vYmE", "fooba", 5 },
		{ "Zm9vYmFy", "foobar", 6 },
		{ "-_-_", "\xfb\xff\xbf", 3 }, /* the two symbols of the URL alphabet */
		{ "AAAA", "\0\0\0", 3 },
		{ "AA", "\0", 1 },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_buf out;

		cw_buf_init(&out, 100);
		assert_int_equal(cw_buf_append_text(&out, ">"), CW_OK);
		assert_int_equal(cw_base64url_decode(rows[i].text, strlen(rows[i].text), &out), CW_OK);
		assert_int_equal(out.len, rows[i].len + 1);
		assert_memory_equal(out.data + 1, rows[i].bytes, rows[i].len);
		assert_int_equal(out.data[out.len], 0);
		cw_buf_finish(&out);
	}
}

static void whatever_has_a_second_spelling_is_refused(void **state)
{
	static const char *const rows[] = {
		"Z",               /* a single symbol does not make a byte */
		"Zm9vY",  "Zg==",  /* padding */
		"Zm8=",   "Zh",    /* stray bits after the last byte */
		"Zm9",    "Zm+v",  /* the other alphabet */
		"Zm/v",   "Zm 9v", /* libjwt skips unknown symbols */
		"Zm9v\n", "Zm9v!", "Zm9\xc3\xa9",
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_buf out;

		cw_buf_init(&out, 100);
		assert_int_equal(cw_base64url_decode(rows[i], strlen(rows[i]), &out), CW_INVALID);
		assert_int_equal(out.len, 0);
		cw_buf_finish(&out);
	}
}

static void a_nul_is_a_foreign_character(void **state)
{
	struct cw_buf out;

	(void)state;
	cw_buf_init(&out, 100);
	assert_int_equal(cw_base64url_decode("Zm\0v", 4, &out), CW_INVALID);
	cw_buf_finish(&out);
}

static void the_buffers_cap_holds(void **state)
{
	struct cw_buf out;

	(void)state;
	cw_buf_init(&out, 2);
	assert_int_equal(cw_base64url_decode("Zm9v", 4, &out), CW_TOO_LARGE);
	cw_buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_decoded_behind_what_is_there),
		cmocka_unit_test(whatever_has_a_second_spelling_is_refused),
		cmocka_unit_test(a_nul_is_a_foreign_character),
		cmocka_unit_test(the_buffers_cap_holds),
	};

	return cmocka_run_group_tests_name("base64url", tests, NULL, NULL);
}
