/* SPDX-License-Identifier: MIT */
#include "core/outbound.h"

#include "tests/unit/unit.h"

static void every_word_is_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < CW_OUTBOUND_STATE_COUNT; i++) {
		enum cw_outbound_state read = CW_OUTBOUND_STATE_COUNT;

		assert_int_equal(cw_outbound_state_parse(cw_outbound_state_text((enum cw_outbound_state)i), &read),
				 CW_OK);
		assert_int_equal(read, i);
	}
	enum cw_outbound_state read = CW_OUTBOUND_FAILED;

	assert_int_equal(cw_outbound_state_parse("sent", &read), CW_NOT_FOUND);
	assert_int_equal(cw_outbound_state_parse(NULL, &read), CW_NOT_FOUND);
	assert_int_equal(read, CW_OUTBOUND_FAILED);
	assert_string_equal(cw_outbound_state_text(CW_OUTBOUND_STATE_COUNT), "");
}

static void only_the_ways_of_the_diagram_are_open(void **state)
{
	/* One row per state; an x for each state that may follow. */
	static const char *const table[CW_OUTBOUND_STATE_COUNT] = {
		/* next: queued sending retrying unknown accepted failed */
		[CW_OUTBOUND_QUEUED] = ".x...x",  [CW_OUTBOUND_SENDING] = "..xxxx",  [CW_OUTBOUND_RETRYING] = ".x..xx",
		[CW_OUTBOUND_UNKNOWN] = "....xx", [CW_OUTBOUND_ACCEPTED] = "......", [CW_OUTBOUND_FAILED] = "....x.",
	};

	(void)state;
	for (int now = 0; now < CW_OUTBOUND_STATE_COUNT; now++) {
		for (int next = 0; next < CW_OUTBOUND_STATE_COUNT; next++) {
			assert_int_equal(cw_outbound_may_enter((enum cw_outbound_state)now, (enum cw_outbound_state)next),
					 table[now][next] == 'x');
		}
		assert_int_equal(cw_outbound_is_final((enum cw_outbound_state)now),
				 now == CW_OUTBOUND_ACCEPTED || now == CW_OUTBOUND_FAILED);
	}
	assert_false(cw_outbound_may_enter(CW_OUTBOUND_STATE_COUNT, CW_OUTBOUND_FAILED));
	assert_false(cw_outbound_may_enter(CW_OUTBOUND_QUEUED, CW_OUTBOUND_STATE_COUNT));
}

static void a_person_may_retry_what_failed_or_is_unknown(void **state)
{
	(void)state;
	assert_true(cw_outbound_may_retry(CW_OUTBOUND_FAILED, CW_STATUS_NONE));
	assert_true(cw_outbound_may_retry(CW_OUTBOUND_UNKNOWN, CW_STATUS_NONE));
	assert_true(cw_outbound_may_retry(CW_OUTBOUND_ACCEPTED, CW_STATUS_FAILED));
	assert_true(cw_outbound_may_retry(CW_OUTBOUND_UNKNOWN, CW_STATUS_FAILED));
	assert_false(cw_outbound_may_retry(CW_OUTBOUND_ACCEPTED, CW_STATUS_READ));
	assert_false(cw_outbound_may_retry(CW_OUTBOUND_UNKNOWN, CW_STATUS_SENT));
	assert_false(cw_outbound_may_retry(CW_OUTBOUND_FAILED, CW_STATUS_DELIVERED));
	assert_false(cw_outbound_may_retry(CW_OUTBOUND_QUEUED, CW_STATUS_NONE));
	assert_false(cw_outbound_may_retry(CW_OUTBOUND_SENDING, CW_STATUS_FAILED));
}

static void an_accepted_message_shows_what_whatsapp_reported(void **state)
{
	(void)state;
	assert_int_equal(cw_outbound_shown(CW_OUTBOUND_QUEUED, CW_STATUS_NONE), CW_STATUS_QUEUED);
	assert_int_equal(cw_outbound_shown(CW_OUTBOUND_SENDING, CW_STATUS_READ), CW_STATUS_SENDING);
	assert_int_equal(cw_outbound_shown(CW_OUTBOUND_ACCEPTED, CW_STATUS_NONE), CW_STATUS_ACCEPTED);
	assert_int_equal(cw_outbound_shown(CW_OUTBOUND_ACCEPTED, CW_STATUS_READ), CW_STATUS_READ);
	assert_int_equal(cw_outbound_shown(CW_OUTBOUND_ACCEPTED, CW_STATUS_FAILED), CW_STATUS_FAILED);
	assert_int_equal(cw_outbound_shown(CW_OUTBOUND_FAILED, CW_STATUS_NONE), CW_STATUS_FAILED);
}

static void a_mark_is_read_back_and_nothing_else_is_one(void **state)
{
	static const char *const rows[] = { "",
					    "campaign-7",
					    "01a20462-5846-7192-9aed-5ab1d5b5eeb2",
					    "01a20462-5846-7192-9aed-5ab1d5b5eeb2.",
					    "01a20462-5846-7192-9aed-5ab1d5b5eeb2.0",
					    "01a20462-5846-7192-9aed-5ab1d5b5eeb2.-1",
					    "01a20462-5846-7192-9aed-5ab1d5b5eeb2.x",
					    "01a20462-5846-7192-9aed-5ab1d5b5eeb2.99999999999",
					    "01a20462x5846-7192-9aed-5ab1d5b5eeb2.1" };
	unsigned char uuid[CW_CLOCK_UUID_BYTES];
	char text[CW_CLOCK_UUID_TEXT];
	char mark[CW_OUTBOUND_MARK_MAX];
	int attempt = 0;

	(void)state;
	assert_true(cw_outbound_mark_make("01a20462-5846-7192-9aed-5ab1d5b5eeb2", 12, mark));
	assert_string_equal(mark, "01a20462-5846-7192-9aed-5ab1d5b5eeb2.12");
	assert_int_equal(cw_outbound_mark_parse(mark, uuid, &attempt), CW_OK);
	cw_clock_uuid_text(uuid, text);
	assert_string_equal(text, "01a20462-5846-7192-9aed-5ab1d5b5eeb2");
	assert_int_equal(attempt, 12);
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_outbound_mark_parse(rows[i], uuid, &attempt), CW_INVALID);
	}
	assert_int_equal(cw_outbound_mark_parse(NULL, uuid, &attempt), CW_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_read_back),
		cmocka_unit_test(only_the_ways_of_the_diagram_are_open),
		cmocka_unit_test(a_person_may_retry_what_failed_or_is_unknown),
		cmocka_unit_test(an_accepted_message_shows_what_whatsapp_reported),
		cmocka_unit_test(a_mark_is_read_back_and_nothing_else_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
