/* SPDX-License-Identifier: MIT */
#include "http/sweeper.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "tests/unit/unit.h"

/* The linker replaces the clock with this (CMakeLists.txt, --wrap). */
static _Atomic int64_t passed_ms;

int64_t __real_cw_clock_monotonic_ms(void);
int64_t __wrap_cw_clock_monotonic_ms(void);

int64_t __wrap_cw_clock_monotonic_ms(void)
{
	return __real_cw_clock_monotonic_ms() + atomic_load(&passed_ms);
}

static bool is_cut(int peer, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = peer, .events = POLLIN };

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void a_phase_that_lasts_too_long_is_cut_and_the_others_are_not(void **state)
{
	static const struct {
		enum sweeper_phase phase;
		bool is_cut; /* 26 seconds later */
	} rows[] = {
		{ SWEEPER_ANSWER, false },    /* being answered: no deadline */
		{ SWEEPER_BODY, false },      /* has 30 s */
		{ SWEEPER_FIRST_HEAD, true }, /* has 10 s */
		{ SWEEPER_NEXT_HEAD, true },  /* has 25 s; the last to be cut, so the test waits for this one */
	};
	struct sweeper *sweeper = sweeper_create();
	struct sweeper_entry *entries[N_ROWS(rows)];
	int pairs[N_ROWS(rows)][2];

	(void)state;
	assert_non_null(sweeper);
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
		entries[i] = sweeper_add(sweeper, pairs[i][0]);
		assert_non_null(entries[i]);
		sweeper_enter(sweeper, entries[i], rows[i].phase);
	}
	atomic_store(&passed_ms, 26000);
	for (size_t i = N_ROWS(rows); i-- > 0;) {
		assert_int_equal(is_cut(pairs[i][1], rows[i].is_cut ? 10000 : 0), rows[i].is_cut);
	}
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		sweeper_remove(sweeper, entries[i]);
		(void)close(pairs[i][0]);
		(void)close(pairs[i][1]);
	}
	sweeper_destroy(sweeper);
	atomic_store(&passed_ms, 0);
}

static void entries_come_and_go_in_any_order(void **state)
{
	struct sweeper *sweeper = sweeper_create();
	struct sweeper_entry *entries[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		entries[i] = sweeper_add(sweeper, -1);
	}
	sweeper_remove(sweeper, entries[1]); /* the middle, then the ends */
	sweeper_remove(sweeper, entries[2]);
	sweeper_remove(sweeper, entries[0]);
	assert_non_null(sweeper_add(sweeper, -1)); /* left for destroy */
	sweeper_remove(sweeper, NULL);
	sweeper_enter(sweeper, NULL, SWEEPER_BODY);
	sweeper_destroy(sweeper);
	sweeper_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_phase_that_lasts_too_long_is_cut_and_the_others_are_not),
		cmocka_unit_test(entries_come_and_go_in_any_order),
	};

	return cmocka_run_group_tests_name("sweeper", tests, NULL, NULL);
}
