/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/search_text.h"
#include "tests/unit/unit.h"

static void expect(const char *body, const char *text)
{
	char *found = cw_search_text(body);

	assert_string_equal(found, text);
	free(found);
}

static void takes_what_people_read(void **state)
{
	(void)state;
	expect("{\"content\":{\"body\":\"Hello\"}}", "Hello\n");
	expect("{\"content\":{\"id\":\"77\",\"caption\":\"A cat\",\"filename\":\"cat.png\",\"sha256\":\"x\"}}",
	       "A cat\ncat.png\n");
	expect("{\"content\":{\"type\":\"list_reply\",\"list_reply\":{\"id\":\"row\",\"title\":\"Tea\",\"description\":\"green\"}}}",
	       "Tea\ngreen\n");
	expect("{\"content\":[{\"name\":{\"formatted_name\":\"Ann B\"},\"phones\":[{\"phone\":\"+1 2\",\"wa_id\":\"12\"}]}]}",
	       "Ann B\n+1 2\n");
}

static void finds_nothing_where_nothing_is(void **state)
{
	(void)state;
	expect("{}", "");
	expect("{\"content\":null}", "");
	expect("{\"content\":{\"latitude\":1.5}}", "");
	assert_null(cw_search_text("not json"));
}

static void too_much_is_left_out(void **state)
{
	static const char front[] = "{\"content\":{\"name\":\"short\",\"body\":\"";
	char *body = malloc(40000);

	(void)state;
	memset(body, 'x', 39999);
	body[39999] = '\0';
	memcpy(body, front, sizeof(front) - 1);
	memcpy(body + 39996, "\"}}", 3);
	expect(body, "short\n");
	free(body);
}

static void deep_trees_end(void **state)
{
	char body[2000] = "{\"content\":";
	size_t len = strlen(body);

	(void)state;
	for (int i = 0; i < 200; i++) {
		memcpy(body + len, "[", 2);
		len++;
	}
	memcpy(body + len, "\"x\"", 4);
	len += 3;
	for (int i = 0; i < 200; i++) {
		memcpy(body + len, "]", 2);
		len++;
	}
	memcpy(body + len, "}", 2);
	expect(body, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(takes_what_people_read),
					    cmocka_unit_test(finds_nothing_where_nothing_is),
					    cmocka_unit_test(too_much_is_left_out), cmocka_unit_test(deep_trees_end) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
