/* SPDX-License-Identifier: MIT */
#include "auth-plugin/index.h"

#include "tests/unit/unit.h"

#define N_THINGS 300

struct thing {
	int name;
	uint64_t hash;
	bool is_in;
};

static bool is_thing(const void *item, const void *key)
{
	return ((const struct thing *)item)->name == *(const int *)key;
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16 & 0x7fff;
}

static void *find(const struct index *index, const struct thing *thing)
{
	return index_find(index, thing->hash, is_thing, &thing->name);
}

static void compare(const struct index *index, struct thing *things)
{
	size_t n = 0;

	for (size_t i = 0; i < N_THINGS; i++) {
		assert_ptr_equal(find(index, &things[i]), things[i].is_in ? &things[i] : NULL);
		n += things[i].is_in;
	}
	assert_int_equal(index->n, n);
	assert_true(index->room == 0 || 2 * index->n <= index->room);
}

/* hash_mask 0: everything hashes to one slot, the worst case that names from outside could cause. */
static void run_random(unsigned seed, unsigned hash_mask, int n_rounds)
{
	static struct thing things[N_THINGS];
	struct index index;

	index_init(&index, seed);
	for (int i = 0; i < N_THINGS; i++) {
		/* Uses high bits, too: a table wraps around at its end. */
		uint64_t hash = next_random(&seed) & hash_mask;

		things[i] = (struct thing){ .name = i, .hash = hash | ((uint64_t)(next_random(&seed) & hash_mask) << 40) };
	}
	for (int round = 0; round < n_rounds; round++) {
		struct thing *thing = &things[next_random(&seed) % N_THINGS];

		if (thing->is_in) {
			index_remove(&index, thing->hash, thing);
		} else {
			assert_true(index_add(&index, thing->hash, thing));
		}
		thing->is_in = !thing->is_in;
		if (round % 16 == 0 || n_rounds - round < 300) {
			compare(&index, things);
		}
	}
	index_finish(&index);
}

static void random_operations_agree_with_a_model(void **state)
{
	static const unsigned masks[] = { 0x7fff, 0x3f, 0x7, 0 };

	(void)state;
	for (size_t i = 0; i < N_ROWS(masks); i++) {
		run_random((unsigned)i + 1, masks[i], masks[i] ? 8000 : 1500);
	}
}

/* Hashes at the table's last slots: further entries wrap to its beginning. */
static void a_run_over_the_tables_end_stays_whole(void **state)
{
	struct thing things[20];
	struct index index;

	(void)state;
	for (size_t gone = 0; gone < N_ROWS(things); gone++) {
		index_init(&index, 0);
		for (int i = 0; i < (int)N_ROWS(things); i++) {
			things[i] = (struct thing){ .name = i, .hash = (uint64_t)(56 + i % 10) };
			assert_true(index_add(&index, things[i].hash, &things[i]));
		}
		assert_int_equal(index.room, 64);
		index_remove(&index, things[gone].hash, &things[gone]);
		for (size_t i = 0; i < N_ROWS(things); i++) {
			assert_ptr_equal(find(&index, &things[i]), i == gone ? NULL : &things[i]);
		}
		index_finish(&index);
	}
}

static void what_is_not_there_is_not_taken_out(void **state)
{
	struct thing thing = { .name = 1, .hash = 5 };
	struct thing other = { .name = 1, .hash = 5 }; /* the same name, but a different item */
	struct index index = { .room = 0 };

	(void)state;
	index_remove(&index, 5, &thing);
	assert_null(find(&index, &thing));
	index_init(&index, 1);
	assert_true(index_add(&index, 5, &thing));
	index_remove(&index, 5, &other);
	index_remove(&index, 6, &other);
	assert_ptr_equal(find(&index, &thing), &thing);
	assert_int_equal(index.n, 1);
	index_finish(&index);
	index_finish(&index);
	assert_null(find(&index, &thing));
}

static void hashes_differ_by_seed_and_not_by_time(void **state)
{
	struct index one, other;

	(void)state;
	index_init(&one, 1);
	index_init(&other, 2);
	assert_true(index_hash(&one, "acme", 4) == index_hash(&one, "acme-", 4));
	assert_true(index_hash(&one, "acme", 4) != index_hash(&one, "acmf", 4));
	assert_true(index_hash(&one, "acme", 4) != index_hash(&other, "acme", 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_agree_with_a_model),
		cmocka_unit_test(a_run_over_the_tables_end_stays_whole),
		cmocka_unit_test(what_is_not_there_is_not_taken_out),
		cmocka_unit_test(hashes_differ_by_seed_and_not_by_time),
	};

	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
