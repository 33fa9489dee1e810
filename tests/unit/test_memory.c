/* SPDX-License-Identifier: MIT */
#include "core/memory.h"

#include <jansson.h>
#include <stdatomic.h>

#include "tests/unit/unit.h"

static atomic_bool is_out;
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	return atomic_load(&is_out) ? NULL : __real_malloc(size);
}

static void it_says_that_memory_ran_out_until_it_watches_again(void **state)
{
	(void)state;
	cw_memory_watch();
	json_t *text = json_string("text");

	assert_non_null(text);
	assert_false(cw_memory_ran_out());
	atomic_store(&is_out, true);
	assert_null(json_string("text"));
	atomic_store(&is_out, false);
	assert_true(cw_memory_ran_out());
	cw_memory_watch();
	assert_false(cw_memory_ran_out());
	json_decref(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(it_says_that_memory_ran_out_until_it_watches_again) };

	cw_memory_init();
	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
