/* SPDX-License-Identifier: MIT */
#include "ingest/trail.h"

#include "tests/unit/unit.h"

static void the_newest_are_remembered(void **state)
{
	struct trail trail;

	(void)state;
	assert_true(trail_init(&trail, 4));
	for (int64_t id = 1; id <= 6; id++) {
		trail_note_published(&trail, &(struct cw_event){ .id = id, .hops = { .arrived_us = 10 * id } }, 100 + id);
	}
	assert_null(trail_find(&trail, 2));
	assert_null(trail_find(&trail, 7));
	assert_int_equal(trail_find(&trail, 3)->published_us, 103);
	assert_int_equal(trail_find(&trail, 6)->hops.arrived_us, 60);
	trail_finish(&trail);
}

static void an_answer_finds_its_event_or_nothing(void **state)
{
	struct trail trail;

	(void)state;
	assert_true(trail_init(&trail, 4));
	trail_note_published(&trail, &(struct cw_event){ .id = 5 }, 100);
	trail_note_taken(&trail, 1, 200, true); /* the same slot, overwritten long ago */
	assert_int_equal(trail_find(&trail, 5)->taken_us, 0);
	trail_note_taken(&trail, 5, 201, false);
	assert_int_equal(trail_find(&trail, 5)->taken_us, 201);
	assert_true(trail_find(&trail, 5)->is_refused);
	assert_null(trail_find(&trail, 0)); /* a free slot is not an event */
	trail_finish(&trail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_are_remembered),
		cmocka_unit_test(an_answer_finds_its_event_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
