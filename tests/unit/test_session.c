/* SPDX-License-Identifier: MIT */
#include "auth-plugin/session.h"

#include "tests/unit/unit.h"

#define NOW_S 1800000000

static const struct cw_token alice = { .account = "acme", .subject = "alice", .expires_at_s = NOW_S + 60 };
static const struct cw_token bob = { .account = "acme", .subject = "bob", .expires_at_s = NOW_S + 60 };

/* Addresses as malloc gives them; nobody looks behind them. */
static const void *client(size_t n)
{
	return (const void *)(uintptr_t)(0x5500000000 + n * 1216); /* about a struct mosquitto apart */
}

static void an_admitted_client_is_found_by_its_pointer(void **state)
{
	struct sessions *sessions = sessions_create();

	(void)state;
	assert_null(sessions_find(sessions, client(1)));
	assert_non_null(sessions_admit(sessions, client(1), "acme:alice:1", &alice, NOW_S));
	assert_non_null(sessions_admit(sessions, client(2), "acme:bob:1", &bob, NOW_S));
	assert_string_equal(sessions_find(sessions, client(1))->token.subject, "alice");
	assert_string_equal(sessions_find(sessions, client(2))->client_id, "acme:bob:1");
	assert_null(sessions_find(sessions, client(3)));
	sessions_destroy(sessions);
}

static void an_ended_session_stays_for_its_will(void **state)
{
	struct sessions *sessions = sessions_create();

	(void)state;
	assert_non_null(sessions_admit(sessions, client(1), "acme:alice:1", &alice, NOW_S));
	sessions_end(sessions, client(1), NOW_S + 5);
	assert_true(sessions_find(sessions, client(1))->is_ended);
	assert_int_equal(sessions_find(sessions, client(1))->ended_at_s, NOW_S + 5);
	assert_string_equal(sessions_find(sessions, client(1))->token.subject, "alice");
	sessions_end(sessions, client(2), NOW_S); /* never admitted: a probe, a failed login */
	assert_null(sessions_find(sessions, client(2)));
	sessions_destroy(sessions);
}

static void a_takeover_ends_the_old_pointer_and_not_the_new(void **state)
{
	struct sessions *sessions = sessions_create();

	(void)state;
	assert_non_null(sessions_admit(sessions, client(1), "acme:alice:1", &alice, NOW_S));
	assert_non_null(sessions_admit(sessions, client(2), "acme:alice:1", &alice, NOW_S)); /* the same client id */
	sessions_end(sessions, client(1), NOW_S);                                            /* comes afterwards */
	assert_true(sessions_find(sessions, client(1))->is_ended);
	assert_false(sessions_find(sessions, client(2))->is_ended);
	sessions_destroy(sessions);
}

static void an_address_that_is_used_again_is_a_new_session(void **state)
{
	struct sessions *sessions = sessions_create();

	(void)state;
	assert_non_null(sessions_admit(sessions, client(1), "acme:alice:1", &alice, NOW_S));
	sessions_end(sessions, client(1), NOW_S);
	assert_non_null(sessions_admit(sessions, client(1), "acme:bob:1", &bob, NOW_S));
	assert_false(sessions_find(sessions, client(1))->is_ended);
	assert_string_equal(sessions_find(sessions, client(1))->token.subject, "bob");
	sessions_destroy(sessions);
}

static void ten_thousand_clients_are_all_found(void **state)
{
	struct sessions *sessions = sessions_create();

	(void)state;
	for (size_t i = 0; i < 10000; i++) {
		assert_non_null(sessions_admit(sessions, client(i), "acme:alice:1", i % 2 ? &alice : &bob, NOW_S));
	}
	for (size_t i = 0; i < 10000; i++) {
		struct session *session = sessions_find(sessions, client(i));

		assert_non_null(session);
		assert_ptr_equal(session->client, client(i));
		assert_string_equal(session->token.subject, i % 2 ? "alice" : "bob");
	}
	assert_null(sessions_find(sessions, client(10000)));
	sessions_destroy(sessions);
}

static void old_ended_sessions_go_when_room_is_needed_and_live_ones_never(void **state)
{
	struct sessions *sessions = sessions_create();

	(void)state;
	assert_non_null(sessions_admit(sessions, client(0), "acme:alice:1", &alice, NOW_S));
	for (size_t i = 1; i < 5000; i++) {
		assert_non_null(sessions_admit(sessions, client(i), "acme:bob:1", &bob, NOW_S + (int64_t)i * 10));
		sessions_end(sessions, client(i), NOW_S + (int64_t)i * 10);
	}
	assert_non_null(sessions_find(sessions, client(0)));
	assert_non_null(sessions_find(sessions, client(4999)));
	assert_null(sessions_find(sessions, client(1))); /* ended half a day ago */
	sessions_destroy(sessions);
}

static void a_client_id_that_does_not_fit_makes_no_live_session(void **state)
{
	struct sessions *sessions = sessions_create();
	char client_id[SESSION_CLIENT_ID_MAX + 2];

	(void)state;
	memset(client_id, 'x', sizeof(client_id) - 1);
	client_id[sizeof(client_id) - 1] = '\0';
	struct session *session = sessions_admit(sessions, client(1), client_id, &alice, NOW_S);

	assert_true(!session || session->is_ended);
	sessions_destroy(sessions);
	sessions_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_admitted_client_is_found_by_its_pointer),
		cmocka_unit_test(an_ended_session_stays_for_its_will),
		cmocka_unit_test(a_takeover_ends_the_old_pointer_and_not_the_new),
		cmocka_unit_test(an_address_that_is_used_again_is_a_new_session),
		cmocka_unit_test(ten_thousand_clients_are_all_found),
		cmocka_unit_test(old_ended_sessions_go_when_room_is_needed_and_live_ones_never),
		cmocka_unit_test(a_client_id_that_does_not_fit_makes_no_live_session),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
