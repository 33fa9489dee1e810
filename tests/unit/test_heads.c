/* SPDX-License-Identifier: MIT */
#include "ingest/heads.h"

#include <jansson.h>

#include "tests/unit/unit.h"

static void say(struct head *head, int64_t now_ms)
{
	head->said_seq = head->seq;
	head->said_at_ms = now_ms;
}

static void an_account_has_one_head(void **state)
{
	struct heads *heads = heads_create();
	struct head *head = heads_get(heads, "acme", "e1");

	(void)state;
	assert_string_equal(head->account, "acme");
	assert_string_equal(head->epoch, "e1");
	for (int i = 0; i < 1000; i++) { /* keeps its place no matter how many follow */
		char account[16];

		(void)snprintf(account, sizeof(account), "a%d", i);
		assert_non_null(heads_get(heads, account, "e"));
	}
	assert_ptr_equal(heads_get(heads, "acme", "e1"), head);
	heads_destroy(heads);
}

static void a_name_or_epoch_that_does_not_fit_has_none(void **state)
{
	struct heads *heads = heads_create();
	char text[100];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_null(heads_get(heads, text, "e"));
	assert_null(heads_get(heads, "acme", text));
	heads_destroy(heads);
	heads_destroy(NULL);
}

static void a_new_head_is_due_at_once_and_then_every_15_seconds(void **state)
{
	struct heads *heads = heads_create();
	int64_t wait_ms = -1;
	struct head *head = heads_get(heads, "acme", "e");

	(void)state;
	assert_ptr_equal(heads_next_due(heads, 1000, &wait_ms), head);
	say(head, 1000);
	assert_null(heads_next_due(heads, 1000, &wait_ms));
	assert_int_equal(wait_ms, 15000);
	assert_null(heads_next_due(heads, 15999, &wait_ms));
	assert_int_equal(wait_ms, 1);
	assert_ptr_equal(heads_next_due(heads, 16000, &wait_ms), head);
	heads_destroy(heads);
}

static void a_moved_head_is_said_at_most_every_250_ms_and_its_last_value_always(void **state)
{
	struct heads *heads = heads_create();
	int64_t wait_ms = -1;
	struct head *head = heads_get(heads, "acme", "e");

	(void)state;
	say(head, 1000);
	head->seq = 7;
	assert_null(heads_next_due(heads, 1100, &wait_ms));
	assert_int_equal(wait_ms, 150);
	head->seq = 8;
	assert_ptr_equal(heads_next_due(heads, 1250, &wait_ms), head);
	assert_int_equal(head->seq, 8);
	heads_destroy(heads);
}

static void the_next_wait_is_that_of_the_first_to_be_due(void **state)
{
	struct heads *heads = heads_create();
	int64_t wait_ms = -1;

	(void)state;
	assert_null(heads_next_due(heads, 1, &wait_ms)); /* no account at all */
	assert_int_equal(wait_ms, 15000);
	struct head *quiet = heads_get(heads, "quiet", "e");
	struct head *busy = heads_get(heads, "busy", "e");

	say(quiet, 1000);
	say(busy, 1000);
	busy->seq++;
	assert_null(heads_next_due(heads, 1001, &wait_ms));
	assert_int_equal(wait_ms, 249);
	heads_destroy(heads);
}

static void after_a_reconnect_every_head_is_due(void **state)
{
	struct heads *heads = heads_create();
	int64_t wait_ms = -1;
	struct head *one = heads_get(heads, "one", "e");
	struct head *other = heads_get(heads, "other", "e");

	(void)state;
	say(one, 1000);
	say(other, 1000);
	heads_forget_said(heads);
	struct head *first = heads_next_due(heads, 1001, &wait_ms);

	assert_non_null(first);
	say(first, 1001);
	struct head *second = heads_next_due(heads, 1001, &wait_ms);

	assert_non_null(second);
	assert_ptr_not_equal(first, second);
	heads_destroy(heads);
}

static void the_payload_names_epoch_seq_and_time(void **state)
{
	struct head head = { .epoch = "9f", .seq = 4711, .newest_seq = 5000 };
	struct cw_buf out;

	(void)state;
	cw_buf_init(&out, 200);
	assert_int_equal(heads_render(&head, 1767312000123, &out), CW_OK);
	json_t *json = json_loads(out.data, 0, NULL);
	json_t *expected = json_pack("{s:s, s:i, s:I}", "epoch", "9f", "seq", 4711, "at", (json_int_t)1767312000123);

	assert_true(json_equal(json, expected));
	json_decref(json);
	json_decref(expected);
	cw_buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_has_one_head),
		cmocka_unit_test(a_name_or_epoch_that_does_not_fit_has_none),
		cmocka_unit_test(a_new_head_is_due_at_once_and_then_every_15_seconds),
		cmocka_unit_test(a_moved_head_is_said_at_most_every_250_ms_and_its_last_value_always),
		cmocka_unit_test(the_next_wait_is_that_of_the_first_to_be_due),
		cmocka_unit_test(after_a_reconnect_every_head_is_due),
		cmocka_unit_test(the_payload_names_epoch_seq_and_time),
	};

	return cmocka_run_group_tests_name("heads", tests, NULL, NULL);
}
