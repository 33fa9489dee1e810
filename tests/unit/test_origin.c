/* SPDX-License-Identifier: MIT */
#include "http/origin.h"

#include <string.h>

#include "tests/unit/unit.h"

#define LIST "https://shop.example.com, http://localhost:5173"

static void each_page_is_judged(void **state)
{
	static const struct {
		const char *origin, *host, *own;
		enum origin_verdict verdict;
	} rows[] = {
		{ NULL, "chat.example.com", "", ORIGIN_NONE },
		{ "https://chat.example.com", "chat.example.com", "", ORIGIN_OWN },
		{ "http://127.0.0.1:8080", "127.0.0.1:8080", "", ORIGIN_OWN },
		{ "https://chat.example.com", "127.0.0.1:8080", "https://chat.example.com", ORIGIN_OWN },
		{ "https://chat.example.com", "127.0.0.1:8080", "", ORIGIN_REFUSED },
		{ "https://shop.example.com", "chat.example.com", "", ORIGIN_LISTED },
		{ "http://localhost:5173", "chat.example.com", "", ORIGIN_LISTED },
		{ "http://shop.example.com", "chat.example.com", "", ORIGIN_REFUSED },
		{ "https://shop.example.com.evil.example", "chat.example.com", "", ORIGIN_REFUSED },
		{ "https://shop.example.com:444", "chat.example.com", "", ORIGIN_REFUSED },
		{ "https://evil.example", "chat.example.com", "", ORIGIN_REFUSED },
		{ "https://evil.example/chat.example.com", "chat.example.com", "", ORIGIN_REFUSED },
		{ "null", "chat.example.com", "", ORIGIN_REFUSED },
		{ "", "chat.example.com", "", ORIGIN_REFUSED },
		{ "", "", "https://chat.example.com", ORIGIN_REFUSED },
		{ "https://chat.example.com", NULL, "", ORIGIN_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(origin_judge(rows[i].origin, rows[i].host, rows[i].own, LIST), rows[i].verdict);
	}
}

static void an_empty_list_lets_nobody_in(void **state)
{
	(void)state;
	assert_int_equal(origin_judge("https://a.example", "b.example", "", ""), ORIGIN_REFUSED);
	assert_int_equal(origin_judge("", "b.example", "", ""), ORIGIN_REFUSED);
	assert_int_equal(origin_judge("", "b.example", "", " , "), ORIGIN_REFUSED);
}

static void a_list_holds_origins_only(void **state)
{
	static const char *const bad[] = { "*",
					   "https://",
					   "https://a.example/",
					   "https://a.example/path",
					   "a.example",
					   "ftp://a.example",
					   "https://a.example https://b.example/x",
					   "http://:8080",
					   "https://a?b" };
	struct cw_error error;

	(void)state;
	assert_int_equal(origin_check_list("", &error), CW_OK);
	assert_int_equal(origin_check_list(LIST, &error), CW_OK);
	assert_int_equal(origin_check_list(" https://[::1]:8443 ,", &error), CW_OK);
	assert_int_equal(origin_check_list("HTTPS://A.example", &error), CW_OK); /* RFC 3986, 3.1 */
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(origin_check_list(bad[i], &error), CW_INVALID);
	}
	assert_non_null(strstr(error.text, "\"https://a?b\" is not an origin"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_page_is_judged),
		cmocka_unit_test(an_empty_list_lets_nobody_in),
		cmocka_unit_test(a_list_holds_origins_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
