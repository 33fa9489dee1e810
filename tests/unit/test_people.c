/* SPDX-License-Identifier: MIT */
#include "auth-plugin/people.h"

#include "tests/unit/unit.h"

static void a_person_is_one_thing_whoever_asks(void **state)
{
	struct people people;

	(void)state;
	people_init(&people, 7);
	struct person *bob = people_get(&people, "acme", "bob");

	assert_ptr_equal(people_get(&people, "acme", "bob"), bob);
	struct person *eve = people_get(&people, "acme", "eve");
	struct person *other = people_get(&people, "other", "bob");

	assert_ptr_not_equal(eve, bob);
	assert_ptr_not_equal(other, bob);
	assert_ptr_equal(eve->account, bob->account);
	assert_ptr_not_equal(other->account, bob->account);
	assert_string_equal(other->account->name, "other");
	assert_string_equal(other->subject, "bob");
	people_put(&people, bob);
	assert_int_equal(people.persons.n, 3); /* there are two references */
	people_put(&people, bob);
	assert_int_equal(people.persons.n, 2);
	assert_int_equal(people.accounts.n, 2);
	people_put(&people, eve);
	assert_int_equal(people.accounts.n, 1); /* nobody of acme is left */
	people_put(&people, other);
	people_put(&people, NULL);
	assert_int_equal(people.persons.n, 0);
	assert_int_equal(people.accounts.n, 0);
	people_finish(&people);
}

static void names_are_not_joined(void **state)
{
	static const char *const rows[][2] = { { "a", "b" }, { "b", "a" }, { "ab", "c" }, { "a", "bc" }, { "a", "a" } };
	struct person *found[N_ROWS(rows)];
	struct people people;

	(void)state;
	people_init(&people, 7);
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		found[i] = people_get(&people, rows[i][0], rows[i][1]);
		for (size_t k = 0; k < i; k++) {
			assert_ptr_not_equal(found[i], found[k]);
		}
	}
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		people_put(&people, found[i]);
	}
	people_finish(&people);
}

static void a_name_that_does_not_fit_is_nobody(void **state)
{
	char name[CW_ACCOUNT_MAX + 2];
	struct people people;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	people_init(&people, 7);
	assert_null(people_get(&people, name, "bob"));
	assert_null(people_get(&people, "acme", name));
	assert_int_equal(people.persons.n, 0);
	assert_int_equal(people.accounts.n, 0); /* the account was freed, too */
	struct person *longest = people_get(&people, name + 1, name + 1);

	assert_non_null(longest);
	people_put(&people, longest);
	people_finish(&people);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16 & 0x7fff;
}

static void random_references_agree_with_a_count(void **state)
{
	static struct {
		struct person *person;
		size_t n;
	} model[8][12];
	struct people people;
	unsigned seed = 3;

	(void)state;
	people_init(&people, 7);
	for (int round = 0; round < 20000; round++) {
		unsigned a = next_random(&seed) % 8, s = next_random(&seed) % 12;
		char account[8], subject[8];

		(void)snprintf(account, sizeof(account), "a%u", a);
		(void)snprintf(subject, sizeof(subject), "s%u", s);
		if (next_random(&seed) % 2) {
			struct person *person = people_get(&people, account, subject);

			assert_true(model[a][s].n == 0 || person == model[a][s].person);
			model[a][s].person = person;
			model[a][s].n++;
			assert_int_equal(person->references, model[a][s].n);
		} else if (model[a][s].n > 0) {
			people_put(&people, model[a][s].person);
			model[a][s].n--;
		}
	}
	for (int a = 0; a < 8; a++) {
		for (int s = 0; s < 12; s++) {
			for (; model[a][s].n > 0; model[a][s].n--) {
				people_put(&people, model[a][s].person);
			}
		}
	}
	assert_int_equal(people.persons.n, 0);
	assert_int_equal(people.accounts.n, 0);
	people_finish(&people);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_person_is_one_thing_whoever_asks),
		cmocka_unit_test(names_are_not_joined),
		cmocka_unit_test(a_name_that_does_not_fit_is_nobody),
		cmocka_unit_test(random_references_agree_with_a_count),
	};

	return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
