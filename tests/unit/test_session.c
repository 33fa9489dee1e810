/* SPDX-License-Identifier: MIT */
#include "auth-plugin/session.h"

#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

#define NOW_S 1800000000
#define N_MODEL 60

static const struct cw_token alice = { .account = "acme", .subject = "alice", .expires_at_s = NOW_S + 60 };
static const struct cw_token bob = { .account = "acme", .subject = "bob", .expires_at_s = NOW_S + 60 };

struct table {
	struct people people;
	struct sessions sessions;
};

static int start(void **state)
{
	struct table *table = calloc(1, sizeof(*table));

	assert_non_null(table);
	people_init(&table->people, 7);
	sessions_init(&table->sessions, &table->people, 7);
	*state = table;
	return 0;
}

/* All people must be released, or people_finish would leak them, which the sanitizer would detect. */
static int stop(void **state)
{
	struct table *table = *state;

	sessions_finish(&table->sessions);
	assert_int_equal(table->people.persons.n, 0);
	assert_int_equal(table->people.accounts.n, 0);
	people_finish(&table->people);
	free(table);
	return 0;
}

static const void *client(size_t n)
{
	return policy_fixture_client(n);
}

static struct session *admit(struct table *table, size_t n, const char *client_id, const struct cw_token *token)
{
	struct session *session = sessions_admit(&table->sessions, client(n), client_id, "192.0.2.1", token, NOW_S);

	assert_non_null(session);
	return session;
}

static void an_admitted_client_is_found_by_its_pointer_and_by_its_id(void **state)
{
	struct table *table = *state;

	assert_null(sessions_find(&table->sessions, client(1)));
	assert_null(sessions_find_by_client_id(&table->sessions, "acme:alice:1"));
	struct session *first = admit(table, 1, "acme:alice:1", &alice);
	struct session *second = admit(table, 2, "acme:bob:1", &bob);

	assert_ptr_equal(sessions_find(&table->sessions, client(1)), first);
	assert_ptr_equal(sessions_find(&table->sessions, client(2)), second);
	assert_ptr_equal(sessions_find_by_client_id(&table->sessions, "acme:bob:1"), second);
	assert_null(sessions_find(&table->sessions, client(3)));
	assert_string_equal(first->token.subject, "alice");
	assert_string_equal(first->address, "192.0.2.1");
	assert_int_equal(first->connected_at_s, NOW_S);
	assert_int_equal(first->token.expires_at_s, NOW_S + 60);
	assert_true(first->is_live);
}

static void an_ended_session_stays_for_its_will_and_counts_no_more(void **state)
{
	struct table *table = *state;
	struct session *session = admit(table, 1, "acme:alice:1", &alice);

	assert_int_equal(table->sessions.n_live, 1);
	sessions_end(&table->sessions, session, NOW_S + 5);
	sessions_end(&table->sessions, session, NOW_S + 6); /* a repeated call does nothing */
	assert_ptr_equal(sessions_find(&table->sessions, client(1)), session);
	assert_ptr_equal(sessions_find_by_client_id(&table->sessions, "acme:alice:1"), session);
	assert_false(session->is_live);
	assert_int_equal(session->ended_at_s, NOW_S + 5);
	assert_int_equal(table->sessions.n_live, 0);
	assert_int_equal(session->person->n_live, 0);
}

static void a_takeover_ends_the_old_pointer_and_not_the_new(void **state)
{
	struct table *table = *state;
	struct session *old = admit(table, 1, "acme:alice:1", &alice);
	struct session *new = admit(table, 2, "acme:alice:1", &alice); /* mosquitto disconnects the old one afterwards */

	assert_ptr_equal(sessions_find_by_client_id(&table->sessions, "acme:alice:1"), new);
	assert_int_equal(new->person->n_live, 2);
	sessions_end(&table->sessions, old, NOW_S);
	assert_true(new->is_live);
	assert_ptr_equal(sessions_find_by_client_id(&table->sessions, "acme:alice:1"), new);
	assert_int_equal(new->person->n_live, 1);
	sessions_forget(&table->sessions, old);
	assert_null(sessions_find(&table->sessions, client(1)));
	assert_ptr_equal(sessions_find_by_client_id(&table->sessions, "acme:alice:1"), new);
}

static void what_a_revoked_session_left_is_not_for_the_next_of_its_client_id(void **state)
{
	struct table *table = *state;

	assert_false(admit(table, 1, "acme:alice:1", &alice)->drops_queue);
	sessions_find(&table->sessions, client(1))->is_revoked = true;
	assert_true(admit(table, 2, "acme:alice:1", &alice)->drops_queue);
	assert_false(admit(table, 3, "acme:alice:2", &alice)->drops_queue);
}

static void an_address_that_is_used_again_is_a_new_session(void **state)
{
	struct table *table = *state;

	sessions_end(&table->sessions, admit(table, 1, "acme:alice:1", &alice), NOW_S);
	struct session *session = admit(table, 1, "acme:bob:1", &bob);

	assert_ptr_equal(sessions_find(&table->sessions, client(1)), session);
	assert_true(session->is_live);
	assert_string_equal(session->token.subject, "bob");
	assert_null(sessions_find_by_client_id(&table->sessions, "acme:alice:1"));
	assert_int_equal(table->sessions.n_live, 1);
	assert_int_equal(table->people.persons.n, 1);
}

static void ten_thousand_clients_are_all_found_and_counted(void **state)
{
	struct table *table = *state;
	char client_id[40];

	for (size_t i = 0; i < 10000; i++) {
		(void)snprintf(client_id, sizeof(client_id), "acme:x:%zu", i);
		(void)admit(table, i, client_id, i % 2 ? &alice : &bob);
	}
	assert_int_equal(table->sessions.n_live, 10000);
	for (size_t i = 0; i < 10000; i++) {
		struct session *session = sessions_find(&table->sessions, client(i));

		assert_non_null(session);
		assert_string_equal(session->token.subject, i % 2 ? "alice" : "bob");
		assert_int_equal(session->person->n_live, 5000);
		assert_int_equal(session->person->account->n_live, 10000);
	}
	assert_null(sessions_find(&table->sessions, client(10000)));
}

static void a_client_id_or_an_address_that_does_not_fit_makes_no_session(void **state)
{
	struct table *table = *state;
	char long_text[SESSION_CLIENT_ID_MAX + 2];

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_null(sessions_admit(&table->sessions, client(1), long_text, "", &alice, NOW_S));
	assert_null(sessions_admit(&table->sessions, client(1), "acme:alice:1", long_text, &alice, NOW_S));
	assert_null(sessions_find(&table->sessions, client(1)));
	assert_int_equal(table->sessions.n_live, 0);
	(void)admit(table, 1, long_text + 1, &alice); /* the longest that fits */
}

static void another_token_takes_the_place_of_the_first(void **state)
{
	struct table *table = *state;
	struct session *session = admit(table, 1, "acme:alice:1", &alice);
	struct cw_token token = alice;

	token.expires_at_s = NOW_S + 500;
	token.jti[0] = 'j';
	session->was_warned = true;
	sessions_renew(&table->sessions, session, &token);
	assert_int_equal(session->token.expires_at_s, NOW_S + 500);
	assert_int_equal(sessions_glance(&table->sessions, client(1))->expires_at_s, NOW_S + 500);
	assert_string_equal(session->token.jti, "j");
	assert_false(session->was_warned);
	assert_int_equal(session->connected_at_s, NOW_S);
}

/* ---- against a model ---- */

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16 & 0x7fff;
}

struct model {
	bool is_known, is_live;
	int client_id;
	int64_t deadline_s; /* 0: none */
	unsigned long born;
};

static void name_client_id(int n, char out[40])
{
	(void)snprintf(out, 40, "acme:alice:%d", n);
}

static int64_t first_deadline(const struct model *models)
{
	int64_t first_s = 0;

	for (int i = 0; i < N_MODEL; i++) {
		if (models[i].is_known && models[i].deadline_s && (!first_s || models[i].deadline_s < first_s)) {
			first_s = models[i].deadline_s;
		}
	}
	return first_s;
}

/* The session that was admitted last, unless it was forgotten; then none, even if another still has the id. */
static int newest_of(const struct model *models, int client_id, unsigned long born)
{
	for (int i = 0; i < N_MODEL; i++) {
		if (models[i].is_known && models[i].client_id == client_id && models[i].born == born) {
			return i;
		}
	}
	return -1;
}

static void compare(const struct table *table, const struct model *models, const unsigned long *last_born)
{
	const struct session *due = sessions_next_due(&table->sessions);
	int64_t n_live = 0;
	char client_id[40];

	for (int i = 0; i < N_MODEL; i++) {
		const struct session *session = sessions_find(&table->sessions, client((size_t)i));

		assert_int_equal(session != NULL, models[i].is_known);
		if (session) {
			const struct glance *glance = sessions_glance(&table->sessions, client((size_t)i));

			assert_int_equal(session->is_live, models[i].is_live);
			assert_int_equal(glance->is_live, models[i].is_live);
			assert_ptr_equal(glance->session, session);
			assert_ptr_equal(glance->person, session->person);
			assert_int_equal(glance->expires_at_s, session->token.expires_at_s);
			assert_int_equal(glance->drops_queue, session->drops_queue);
			assert_int_equal(session->deadline ? session->deadline_at_s : 0, models[i].deadline_s);
			n_live += session->is_live;
		}
	}
	assert_int_equal(table->sessions.n_live, n_live);
	assert_int_equal(due ? due->deadline_at_s : 0, first_deadline(models));
	for (int id = 0; id < 10; id++) {
		int newest = newest_of(models, id, last_born[id]);

		name_client_id(id, client_id);
		const struct session *found = sessions_find_by_client_id(&table->sessions, client_id);

		assert_ptr_equal(found, newest < 0 ? NULL : sessions_find(&table->sessions, client((size_t)newest)));
	}
}

static void what_deliveries_look_at_follows_the_session(void **state)
{
	static const struct cw_access_role *const role = (const void *)&alice; /* only an address */
	struct table *table = *state;
	const struct cw_token publisher = { .account = CW_SYSTEM_ACCOUNT, .subject = "publisher" };
	struct session *session = admit(table, 1, "acme:alice:1", &alice);
	const struct glance *glance = sessions_glance(&table->sessions, client(1));

	assert_false(glance->is_revoked || glance->drops_queue || glance->is_system);
	assert_string_equal(glance->account, "acme");
	session->role = role;
	session->is_revoked = session->drops_queue = true;
	sessions_refresh(&table->sessions, session);
	glance = sessions_glance(&table->sessions, client(1));
	assert_true(glance->is_revoked && glance->drops_queue);
	assert_ptr_equal(glance->role, role);
	(void)admit(table, 2, "_system:publisher:1", &publisher);
	assert_true(sessions_glance(&table->sessions, client(2))->is_system);
	assert_null(sessions_glance(&table->sessions, client(3)));
}

static void random_lives_agree_with_a_model(void **state)
{
	struct table *table = *state;
	struct model models[N_MODEL] = { { .is_known = false } };
	unsigned long last_born[10] = { 0 };
	unsigned seed = 3;

	for (unsigned long round = 1; round < 20000; round++) {
		size_t n = next_random(&seed) % N_MODEL;
		struct model *model = &models[n];
		struct session *session = sessions_find(&table->sessions, client(n));
		unsigned act = next_random(&seed) % 8;

		if (act < 2) {
			int id = (int)(next_random(&seed) % 10);
			char client_id[40];

			name_client_id(id, client_id);
			(void)admit(table, n, client_id, &alice);
			*model = (struct model){ .is_known = true, .is_live = true, .client_id = id, .born = round };
			last_born[id] = round;
		} else if (act < 3 && session) {
			sessions_end(&table->sessions, session, NOW_S);
			model->is_live = false;
		} else if (act < 4 && session) {
			sessions_forget(&table->sessions, session);
			*model = (struct model){ .is_known = false };
		} else if (session) {
			model->deadline_s = act == 4 ? 0 : NOW_S + next_random(&seed) % 500;
			sessions_set_deadline(&table->sessions, session, model->deadline_s);
		}
		compare(table, models, last_born);
	}
}

static void deadlines_come_in_their_order(void **state)
{
	struct table *table = *state;
	char client_id[40];
	unsigned seed = 9;
	int64_t last_s = 0;

	for (int i = 0; i < 3000; i++) {
		name_client_id(i, client_id);
		sessions_set_deadline(&table->sessions, admit(table, (size_t)i, client_id, &alice),
				      NOW_S + next_random(&seed) % 1000);
	}
	for (int i = 0; i < 3000; i++) {
		struct session *session = sessions_next_due(&table->sessions);

		assert_non_null(session);
		assert_true(session->deadline_at_s >= last_s);
		last_s = session->deadline_at_s;
		sessions_set_deadline(&table->sessions, session, 0);
	}
	assert_null(sessions_next_due(&table->sessions));
}

/* ---- visiting ---- */

struct visit {
	struct sessions *sessions;
	size_t n;
	bool forgets;
};

static void on_visit(void *context, struct session *session)
{
	struct visit *visit = context;

	visit->n++;
	if (visit->forgets) {
		sessions_forget(visit->sessions, session);
	}
}

static void a_visit_sees_all_and_may_forget_them(void **state)
{
	struct table *table = *state;
	struct visit visit = { .sessions = &table->sessions };
	char client_id[40];

	for (int i = 0; i < 1000; i++) {
		name_client_id(i, client_id);
		(void)admit(table, (size_t)i, client_id, &alice);
	}
	sessions_each(&table->sessions, on_visit, &visit);
	assert_int_equal(visit.n, 1000);
	visit.forgets = true;
	for (int rounds = 0; visit.n < 2000; rounds++) {
		assert_true(rounds < 3); /* one may be missed at the table's end */
		sessions_each(&table->sessions, on_visit, &visit);
	}
	sessions_each(&table->sessions, on_visit, &visit);
	assert_int_equal(visit.n, 2000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_admitted_client_is_found_by_its_pointer_and_by_its_id),
		TEST(an_ended_session_stays_for_its_will_and_counts_no_more),
		TEST(a_takeover_ends_the_old_pointer_and_not_the_new),
		TEST(what_a_revoked_session_left_is_not_for_the_next_of_its_client_id),
		TEST(an_address_that_is_used_again_is_a_new_session),
		TEST(ten_thousand_clients_are_all_found_and_counted),
		TEST(a_client_id_or_an_address_that_does_not_fit_makes_no_session),
		TEST(another_token_takes_the_place_of_the_first),
		TEST(what_deliveries_look_at_follows_the_session),
		TEST(random_lives_agree_with_a_model),
		TEST(deadlines_come_in_their_order),
		TEST(a_visit_sees_all_and_may_forget_them),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
