/* SPDX-License-Identifier: MIT */
#include "auth-plugin/assignment.h"

#include "tests/unit/unit.h"

#define BOBS "acme_1001_923456789012"

static struct people *the_people; /* of the test; hashes depend on it */

static int start(void **state)
{
	struct people *people = calloc(1, sizeof(*people));

	assert_non_null(people);
	people_init(people, 7);
	*state = the_people = people;
	return 0;
}

static int stop(void **state)
{
	struct people *people = *state;

	assert_int_equal(people->persons.n, 0); /* every table released its people */
	people_finish(people);
	free(people);
	return 0;
}

static struct assignments *create(struct people *people)
{
	struct assignments *assignments = assignments_create(people);

	assert_non_null(assignments);
	return assignments;
}

static bool has_prefix(const struct assignments *assignments, const char *text, size_t len, const struct person *person)
{
	return assignments_has(assignments, assignments_hash(the_people, text, len), text, len, person);
}

static bool has(const struct assignments *assignments, const char *conversation, const struct person *person)
{
	return has_prefix(assignments, conversation, strlen(conversation), person);
}

static void a_conversation_is_one_persons_at_a_time(void **state)
{
	struct people *people = *state;
	struct assignments *assignments = create(people);
	struct person *bob = people_get(people, "acme", "bob");
	struct person *eve = people_get(people, "acme", "eve");
	struct person *namesake = people_get(people, "other", "bob");

	assert_false(has(assignments, BOBS, bob));
	assert_int_equal(assignments_set(assignments, BOBS, "bob"), CW_OK);
	assert_true(has(assignments, BOBS, bob));
	assert_false(has(assignments, BOBS, eve));
	assert_false(has(assignments, BOBS, namesake)); /* of another account */
	assert_false(has(assignments, BOBS, NULL));
	assert_false(has_prefix(assignments, BOBS, strlen(BOBS) - 1, bob));
	assert_true(has_prefix(assignments, BOBS "/live/x", strlen(BOBS), bob)); /* a level of a topic */
	assert_int_equal(assignments_set(assignments, BOBS, "eve"), CW_OK);
	assert_false(has(assignments, BOBS, bob));
	assert_true(has(assignments, BOBS, eve));
	assert_int_equal(assignments_count(assignments), 1);
	assert_int_equal(assignments_set(assignments, BOBS, NULL), CW_OK);
	assert_false(has(assignments, BOBS, eve));
	assert_int_equal(assignments_count(assignments), 0);
	assert_int_equal(assignments_set(assignments, BOBS, NULL), CW_OK);
	assert_int_equal(assignments_set(assignments, BOBS, "bob"), CW_OK);
	assert_int_equal(assignments_set(assignments, BOBS, "bob"), CW_OK);
	assert_int_equal(assignments_count(assignments), 1);
	people_put(people, bob);
	people_put(people, eve);
	people_put(people, namesake);
	assignments_destroy(assignments);
}

static void what_is_no_conversation_or_subject_is_not_taken(void **state)
{
	static const char *const bad_ids[] = { "",        "acme",       "acme_1001",    "acme_x_1",
					       "a_b_c_d", "acme_1001_", "acme_1001_9/2" };
	static const char *const bad_subjects[] = { "", "a/b", "+", "a_b", "bob@x.com" };
	struct assignments *assignments = create(*state);

	for (size_t i = 0; i < N_ROWS(bad_ids); i++) {
		assert_int_equal(assignments_set(assignments, bad_ids[i], "bob"), CW_INVALID);
		assert_int_equal(assignments_set(assignments, bad_ids[i], NULL), CW_INVALID);
	}
	for (size_t i = 0; i < N_ROWS(bad_subjects); i++) {
		assert_int_equal(assignments_set(assignments, BOBS, bad_subjects[i]), CW_INVALID);
	}
	assert_int_equal(assignments_count(assignments), 0);
	assert_int_equal(assignments_count(NULL), 0);
	assert_false(has(NULL, BOBS, NULL));
	assignments_destroy(assignments);
	assignments_destroy(NULL);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16 & 0x7fff;
}

#define N_CONVERSATIONS 500
#define N_PERSONS 6

static void name_conversation(unsigned n, char out[40])
{
	(void)snprintf(out, 40, "a%u_1_%u", n % 2, n);
}

static void random_changes_agree_with_a_model(void **state)
{
	struct people *people = *state;
	struct assignments *assignments = create(people);
	struct person *persons[2][N_PERSONS];
	int model[N_CONVERSATIONS];
	unsigned seed = 17;
	size_t n_assigned = 0;
	char id[40], name[16];

	memset(model, -1, sizeof(model));
	for (unsigned a = 0; a < 2; a++) {
		for (int s = 0; s < N_PERSONS; s++) {
			(void)snprintf(id, sizeof(id), "a%u", a);
			(void)snprintf(name, sizeof(name), "s%d", s);
			persons[a][s] = people_get(people, id, name);
		}
	}
	for (int round = 0; round < 30000; round++) {
		unsigned n = next_random(&seed) % N_CONVERSATIONS;
		int subject = (int)(next_random(&seed) % (N_PERSONS + 1)) - 1;
		int asked = (int)(next_random(&seed) % N_PERSONS);

		name_conversation(n, id);
		(void)snprintf(name, sizeof(name), "s%d", subject);
		assert_int_equal(assignments_set(assignments, id, subject < 0 ? NULL : name), CW_OK);
		n_assigned += (size_t)(subject >= 0) - (size_t)(model[n] >= 0);
		model[n] = subject;
		assert_int_equal(assignments_count(assignments), n_assigned);
		n = next_random(&seed) % N_CONVERSATIONS;
		name_conversation(n, id);
		assert_int_equal(has(assignments, id, persons[n % 2][asked]), model[n] == asked);
		assert_false(has(assignments, id, persons[(n + 1) % 2][asked]));
	}
	for (int s = 0; s < N_PERSONS; s++) {
		people_put(people, persons[0][s]);
		people_put(people, persons[1][s]);
	}
	assignments_destroy(assignments);
}

static void a_large_table_goes_in_slices(void **state)
{
	struct people *people = *state;
	struct assignments *assignments = create(people);
	char id[40];
	int n_slices = 1;

	for (unsigned n = 0; n < 20000; n++) {
		name_conversation(n, id);
		assert_int_equal(assignments_set(assignments, id, "bob"), CW_OK);
	}
	assert_int_equal(people->persons.n, 2);
	while (!assignments_free_some(assignments, 5000)) {
		n_slices++;
		assert_true(n_slices < 100);
	}
	assert_in_range(n_slices, 20000 / 5000, 65536 / 5000 + 2); /* slots are counted, and half of them are free */
	assert_int_equal(people->persons.n, 0);
	assert_true(assignments_free_some(create(people), 1)); /* an empty table at once */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_conversation_is_one_persons_at_a_time),
		TEST(what_is_no_conversation_or_subject_is_not_taken),
		TEST(random_changes_agree_with_a_model),
		TEST(a_large_table_goes_in_slices),
	};

	return cmocka_run_group_tests_name("assignment", tests, NULL, NULL);
}
