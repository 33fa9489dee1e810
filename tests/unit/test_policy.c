/* SPDX-License-Identifier: MIT */
/* Admission and loading. Permission checks are in test_check.c, timed work in test_upkeep.c. */
#include "auth-plugin/policy.h"

#include <sys/stat.h>
#include <unistd.h>

#include "auth-plugin/state.h"
#include "core/clock.h"
#include "core/text.h"
#include "tests/unit/policy_fixture.h"
#include "tests/unit/unit.h"

#define CLAIMS "{'account':'acme','sub':'bob','iat':1800000000,'exp':1800003600}"

/* ---- admitting ---- */

static void a_client_id_is_the_subjects_own_or_the_brokers(void **state)
{
	static const struct {
		const char *client_id;
		bool is_admitted;
	} rows[] = {
		{ "acme:bob:tab1", true },
		{ "acme:bob:T_a-b", true },
		{ "auto-6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A11", true }, /* chosen by mosquitto */
		{ "6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A11", true },      /* after a reload */
		{ "6bb5e16a-0d0a-4b1c-9e57-5a7a6a7c4a11", true },
		{ "6BB5E16A-0D0A-4B1C-9E575A7A6A7C4A11--", false },
		{ "6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A1", false },
		{ "6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A112", false },
		{ "------------------------------------", false },
		{ "acme:bob:", false }, /* no tab */
		{ "acme:bob", false },
		{ "acme:alice:tab1", false }, /* somebody else's session */
		{ "acme:bobby:tab1", false },
		{ "other:bob:tab1", false },
		{ "acme:bob:a:b", false },
		{ "acme:bob:a/b", false },
		{ "acme:bob:+", false },
		{ "acme:bob:#", false },
		{ "acme:bob:a\nb", false },
		{ "acme:bob:ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt", false }, /* 65 */
		{ "auto-alice", false },
		{ "auto-6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A1", false },
		{ "auto-6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A111", false },
		{ "auto-6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A1Z", false },
		{ "", false },
		{ NULL, false },
	};
	struct policy_fixture *fixture = *state;
	const char *token = policy_fixture_token(fixture, CLAIMS);
	int64_t n_refused = 0;

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct session *session = policy_fixture_try(fixture, i, rows[i].client_id, token, 0);

		if (!session != !rows[i].is_admitted) {
			fail_msg("%s", rows[i].client_id ? rows[i].client_id : "NULL");
		}
		if (!session) {
			n_refused++;
			assert_int_equal(fixture->refusal, POLICY_REFUSED_CLIENT_ID);
			assert_contains(fixture->error.text, "client id");
		}
	}
	assert_int_equal(fixture->policy.counters.refused[POLICY_REFUSED_CLIENT_ID], n_refused);
	assert_int_equal(fixture->policy.counters.connects, 5);
	assert_int_equal(fixture->policy.sessions.n_live, 5);
}

static void an_admitted_client_has_its_token_its_role_and_its_deadline(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *session = policy_fixture_admit(fixture, 1, "bob", "viewer");

	assert_string_equal(session->token.account, "acme");
	assert_string_equal(session->token.kid, "k");
	assert_ptr_equal(session->role, cw_access_role(fixture->policy.access, "viewer"));
	assert_int_equal(session->token.expires_at_s, POLICY_NOW_S + POLICY_HOUR_S);
	assert_int_equal(session->deadline_at_s, POLICY_NOW_S + POLICY_HOUR_S - SESSION_WARN_S);
	assert_int_equal(session->connected_at_s, POLICY_NOW_S);
	assert_string_equal(session->address, "192.0.2.1");
	assert_true(session->is_live);
}

static void every_refusal_has_its_counter_and_its_reason(void **state)
{
	struct policy_fixture *fixture = *state;
	const struct cw_revocation revocation = { .kind = CW_REVOKE_SUBJECT,
						  .account = "acme",
						  .value = "eve",
						  .revoked_at_s = POLICY_NOW_S,
						  .forget_at_s = POLICY_NOW_S + 86400 };
	const struct {
		const char *client_id, *token;
		int64_t after_ms;
		enum policy_refusal refusal;
		const char *part;
	} rows[] = {
		{ "acme:bob:1", NULL, 0, POLICY_REFUSED_TOKEN, "password" },
		{ "acme:bob:1", "", 0, POLICY_REFUSED_TOKEN, "token" },
		{ "acme:bob:1", "password", 0, POLICY_REFUSED_TOKEN, "JWT" },
		{ "acme:bob:1", "a.b.c", 0, POLICY_REFUSED_TOKEN, "base64url" },
		{ "acme:bob:1", policy_fixture_token(fixture, CLAIMS), 3600000, POLICY_REFUSED_EXPIRED, "expired" },
		{ "acme:eve:1", policy_fixture_acme_token(fixture, "eve", "agent"), 0, POLICY_REFUSED_REVOKED, "revoked" },
		{ "acme:eve:1", policy_fixture_token(fixture, CLAIMS), 0, POLICY_REFUSED_CLIENT_ID, "client id" },
	};
	int64_t counted[POLICY_REFUSAL_COUNT] = { 0 };
	int64_t n_hit = -1;

	assert_ok(policy_revoke(&fixture->policy, &revocation, POLICY_NOW_S, &n_hit, &fixture->error), fixture->error);
	assert_int_equal(n_hit, 0);
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		fixture->error.text[0] = '\0';
		assert_null(policy_fixture_try(fixture, 1, rows[i].client_id, rows[i].token, rows[i].after_ms));
		assert_int_equal(fixture->refusal, rows[i].refusal);
		assert_contains(fixture->error.text, rows[i].part);
		counted[rows[i].refusal]++;
	}
	assert_memory_equal(fixture->policy.counters.refused, counted, sizeof(counted));
	assert_int_equal(fixture->policy.counters.connects, 0);
	assert_null(sessions_find(&fixture->policy.sessions, policy_fixture_client(1)));
}

/* ---- limits ---- */

static void limit(struct policy_fixture *fixture, int64_t per_account, int64_t per_subject)
{
	fixture->options.max_clients_per_account = per_account;
	fixture->options.max_clients_per_subject = per_subject;
	assert_ok(policy_fixture_reopen(fixture), fixture->error);
}

static void a_subject_has_so_many_connections_and_takes_its_own_over(void **state)
{
	struct policy_fixture *fixture = *state;
	const char *bob = policy_fixture_acme_token(fixture, "bob", "agent");

	limit(fixture, 0, 2);
	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	struct session *second = policy_fixture_admit(fixture, 2, "bob", "agent");

	assert_null(policy_fixture_try(fixture, 3, "acme:bob:3", bob, 0));
	assert_int_equal(fixture->refusal, POLICY_REFUSED_LIMIT);
	assert_contains(fixture->error.text, "max_clients_per_subject");
	assert_contains(fixture->error.text, "2 connections");
	assert_null(sessions_find(&fixture->policy.sessions, policy_fixture_client(3)));
	assert_int_equal(fixture->policy.sessions.n_live, 2);
	(void)policy_fixture_admit(fixture, 4, "alice", "agent"); /* another subject */
	/* The client id of one of them: mosquitto then disconnects the older client. */
	assert_non_null(policy_fixture_try(fixture, 5, "acme:bob:2", bob, 0));
	sessions_end(&fixture->policy.sessions, second, POLICY_NOW_S);
	assert_null(policy_fixture_try(fixture, 6, "acme:bob:3", bob, 0));
	/* An ended session no longer counts. */
	sessions_end(&fixture->policy.sessions, sessions_find(&fixture->policy.sessions, policy_fixture_client(1)),
		     POLICY_NOW_S);
	assert_non_null(policy_fixture_try(fixture, 6, "acme:bob:3", bob, 0));
	assert_int_equal(fixture->policy.counters.refused[POLICY_REFUSED_LIMIT], 2);
}

static void an_account_has_so_many_connections(void **state)
{
	struct policy_fixture *fixture = *state;

	limit(fixture, 2, 0);
	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	(void)policy_fixture_admit(fixture, 2, "alice", "agent");
	assert_null(policy_fixture_try(fixture, 3, "acme:eve:3", policy_fixture_acme_token(fixture, "eve", "agent"), 0));
	assert_int_equal(fixture->refusal, POLICY_REFUSED_LIMIT);
	assert_contains(fixture->error.text, "max_clients_per_account");
	const char *other = policy_fixture_token(fixture,
						 "{'account':'other','sub':'eve','iat':1800000000,'exp':1800003600}");

	assert_non_null(policy_fixture_try(fixture, 4, "other:eve:1", other, 0)); /* another account */
}

static void the_daemon_and_admins_are_never_locked_out_and_zero_is_no_limit(void **state)
{
	struct policy_fixture *fixture = *state;
	const char *token = policy_fixture_house_token(
		fixture, "{'account':'_system','sub':'ops','role':'admin','iat':1800000000,'exp':1800003600}");

	limit(fixture, 1, 1);
	for (size_t i = 0; i < 5; i++) {
		char client_id[40];

		(void)snprintf(client_id, sizeof(client_id), "_system:ops:%zu", i);
		assert_non_null(policy_fixture_try(fixture, i, client_id, token, 0));
	}
	limit(fixture, 0, 0);
	for (size_t i = 0; i < 150; i++) {
		(void)policy_fixture_admit(fixture, i, "bob", "agent");
	}
}

/* ---- renewing ---- */

static void a_fresh_token_renews_in_place(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *session = policy_fixture_admit(fixture, 1, "bob", "agent");
	const char *token = policy_fixture_token(fixture, "{'account':'acme','sub':'bob','role':'viewer','jti':'j2',"
							  "'iat':1800000100,'exp':1800007200}");

	session->was_warned = true;
	assert_ok(policy_renew(&fixture->policy, session, token, POLICY_NOW_MS + 100000, &fixture->error),
		  fixture->error);
	assert_int_equal(session->token.expires_at_s, 1800007200);
	assert_int_equal(session->deadline_at_s, 1800007200 - SESSION_WARN_S);
	assert_string_equal(session->token.jti, "j2");
	assert_ptr_equal(session->role, cw_access_role(fixture->policy.access, "viewer"));
	assert_false(session->was_warned);
	assert_int_equal(fixture->policy.counters.renewed, 1);
	assert_int_equal(fixture->policy.sessions.n_live, 1);
}

static void a_refused_renewal_changes_nothing(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *session = policy_fixture_admit(fixture, 1, "bob", "agent");
	const struct session before = *session;
	const struct {
		const char *claims, *part;
	} rows[] = {
		{ "{'account':'acme','sub':'alice','iat':1800000000,'exp':1800007200}", "another account or subject" },
		{ "{'account':'other','sub':'bob','iat':1800000000,'exp':1800007200}", "another account or subject" },
		{ "{'account':'acme','sub':'bob','iat':1799990000,'exp':1800000000}", "expired" },
		{ "{'account':'acme','sub':'bob','acl':7,'iat':1800000000,'exp':1800007200}", "acl" },
		{ "{'account':'acme','sub':'alice','acl':[{'permission':'deny','action':'all','topic':'#'}],"
		  "'iat':1800000000,'exp':1800007200}",
		  "another account or subject" }, /* its claim is released */
	};

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		const char *token = policy_fixture_token(fixture, rows[i].claims);

		assert_int_not_equal(policy_renew(&fixture->policy, session, token, POLICY_NOW_MS, &fixture->error),
				     CW_OK);
		assert_contains(fixture->error.text, rows[i].part);
		assert_memory_equal(session, &before, sizeof(before));
	}
	assert_int_equal(policy_renew(&fixture->policy, session, "", POLICY_NOW_MS, &fixture->error), CW_DENIED);
	assert_int_equal(fixture->policy.counters.renewed, 0);
	assert_int_equal(fixture->policy.counters.refused[POLICY_REFUSED_TOKEN], 0); /* no connection was refused */
}

static void a_session_that_is_over_is_not_renewed(void **state)
{
	struct policy_fixture *fixture = *state;
	const char *token = policy_fixture_token(fixture,
						 "{'account':'acme','sub':'bob','iat':1800003000,'exp':1800007200}");
	struct session *session = policy_fixture_admit(fixture, 1, "bob", "agent");
	int64_t end_ms = POLICY_NOW_MS + 3600000;

	assert_int_equal(policy_renew(&fixture->policy, session, token, end_ms, &fixture->error), CW_DENIED);
	assert_contains(fixture->error.text, "has ended");
	assert_ok(policy_renew(&fixture->policy, session, token, end_ms - 1, &fixture->error), fixture->error);
	session->is_revoked = true;
	assert_int_equal(policy_renew(&fixture->policy, session, token, end_ms, &fixture->error), CW_DENIED);
	session->is_revoked = false;
	sessions_end(&fixture->policy.sessions, session, POLICY_NOW_S);
	assert_int_equal(policy_renew(&fixture->policy, session, token, end_ms, &fixture->error), CW_DENIED);
}

static void a_session_goes_on_until_it_expires_or_is_revoked(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *session = policy_fixture_admit(fixture, 1, "bob", "agent");

	assert_true(policy_goes_on(session, POLICY_NOW_S));
	assert_true(policy_goes_on(session, POLICY_NOW_S + POLICY_HOUR_S - 1));
	assert_false(policy_goes_on(session, POLICY_NOW_S + POLICY_HOUR_S));
	session->is_revoked = true;
	assert_false(policy_goes_on(session, POLICY_NOW_S));
}

/* ---- loading ---- */

static void what_is_wrong_with_the_files_is_said_and_nothing_is_opened(void **state)
{
	static const struct {
		const char *file, *text, *part;
	} rows[] = {
		{ "roles.acl", "role a\nnonsense\n", "roles.acl:2" },
		{ "roles.acl", "", "no role" },
		{ "keys/shared/k.conf", "nonsense = 1\n", "k.conf:1" },
		{ "keys/shared/k.secret", "short", "k.secret" },
		{ "keys/shared/tag.key", "", "tag.key" },
	};
	struct policy_fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char *path = strdup(temp_dir_path(&fixture->dir, rows[i].file));
		char *aside = strdup(temp_dir_path(&fixture->dir, "aside"));

		assert_int_equal(rename(path, aside), 0);
		temp_dir_write_text(&fixture->dir, rows[i].file, rows[i].text);
		assert_int_not_equal(policy_fixture_reopen(fixture), CW_OK);
		assert_contains(fixture->error.text, rows[i].part);
		assert_null(fixture->policy.keys);
		assert_int_equal(rename(aside, path), 0);
		free(path);
		free(aside);
	}
	assert_ok(policy_fixture_reopen(fixture), fixture->error);
	policy_finish(&fixture->policy); /* may be called twice */
}

static void without_the_tag_key_tags_are_of_its_own_and_a_line_says_so(void **state)
{
	struct policy_fixture *fixture = *state;
	char own[CW_TAG_MAX + 1], other[CW_TAG_MAX + 1];

	cw_tag_make(fixture->policy.tag, POLICY_CONVERSATION, own);
	assert_int_equal(fixture->n_logged, 0);
	assert_int_equal(unlink(temp_dir_path(&fixture->dir, "keys/shared/tag.key")), 0);
	assert_ok(policy_fixture_reopen(fixture), fixture->error);
	cw_tag_make(fixture->policy.tag, POLICY_CONVERSATION, other);
	assert_string_not_equal(own, other);
	assert_int_equal(fixture->n_logged, 1);
	assert_false(fixture->logged[0].is_error);
	assert_contains(fixture->logged[0].line, "tag.key");
}

static void a_reload_keeps_sessions_and_gives_them_the_new_rules(void **state)
{
	struct policy_fixture *fixture = *state;
	struct session *agent = policy_fixture_admit(fixture, 1, "bob", "agent");
	struct session *viewer = policy_fixture_admit(fixture, 2, "eve", "viewer");
	const struct policy_check check = { .action = CW_ACCESS_READ, .topic = "acct/acme/events" };

	policy_fixture_load_nothing(fixture);
	assert_int_equal(policy_fixture_check(fixture, agent, &check, POLICY_NOW_S, NULL), POLICY_ALLOWED);
	temp_dir_write_text(&fixture->dir, "roles.acl", "role viewer\npattern read acct/%a/events\n");
	assert_ok(policy_reload(&fixture->policy, &fixture->error), fixture->error);
	assert_null(agent->role); /* its section was removed */
	assert_ptr_equal(viewer->role, cw_access_role(fixture->policy.access, "viewer"));
	assert_int_equal(policy_fixture_check(fixture, agent, &check, POLICY_NOW_S, NULL), POLICY_BY_RULES);
	assert_int_equal(policy_fixture_check(fixture, viewer, &check, POLICY_NOW_S, NULL), POLICY_ALLOWED);
	assert_int_equal(fixture->policy.sessions.n_live, 2);
}

static void a_bad_reload_leaves_keys_and_roles_in_force(void **state)
{
	struct policy_fixture *fixture = *state;
	const struct cw_access *access = fixture->policy.access;

	temp_dir_write_text(&fixture->dir, "roles.acl", "role a\nnonsense\n");
	assert_int_equal(policy_reload(&fixture->policy, &fixture->error), CW_INVALID);
	assert_contains(fixture->error.text, "roles.acl:2");
	assert_ptr_equal(fixture->policy.access, access);
	(void)policy_fixture_admit(fixture, 1, "bob", "agent");
	temp_dir_write_text(&fixture->dir, "roles.acl", cw_access_shipped_roles);
	temp_dir_write_text(&fixture->dir, "keys/shared/k.conf", "nonsense = 1\n");
	assert_int_equal(policy_reload(&fixture->policy, &fixture->error), CW_INVALID);
	assert_ptr_equal(fixture->policy.access, access);
	(void)policy_fixture_admit(fixture, 2, "bob", "agent");
}

static void a_key_that_is_taken_away_admits_nobody_after_a_reload(void **state)
{
	struct policy_fixture *fixture = *state;
	const char *token = policy_fixture_token(fixture, CLAIMS);

	assert_non_null(policy_fixture_try(fixture, 1, "acme:bob:1", token, 0)); /* the verified token is cached */
	assert_int_equal(unlink(temp_dir_path(&fixture->dir, "keys/shared/k.conf")), 0);
	assert_ok(policy_reload(&fixture->policy, &fixture->error), fixture->error);
	assert_null(policy_fixture_try(fixture, 2, "acme:bob:2", token, 0));
	assert_int_equal(fixture->refusal, POLICY_REFUSED_TOKEN);
}

/* ---- the state file ---- */

static const struct cw_revocation revoked_eve = { .kind = CW_REVOKE_SUBJECT,
						  .account = "acme",
						  .value = "eve",
						  .revoked_at_s = POLICY_NOW_S,
						  .forget_at_s = POLICY_NOW_S + 86400 };

/* state_load uses the system clock to drop expired revocations. */
static void set_clock(int64_t after_s)
{
	cw_clock_set_offset_ms(0);
	cw_clock_set_offset_ms(POLICY_NOW_MS + after_s * 1000 - cw_clock_now_ms());
}

static void revocations_are_kept_over_a_restart(void **state)
{
	struct policy_fixture *fixture = *state;
	int64_t n_hit = 0;

	set_clock(0);
	assert_ok(policy_fixture_reopen(fixture), fixture->error);
	assert_false(fixture->policy.knows_revocations); /* there is no file yet */
	assert_int_equal(fixture->n_logged, 0);
	assert_ok(policy_revoke(&fixture->policy, &revoked_eve, POLICY_NOW_S, &n_hit, &fixture->error), fixture->error);
	assert_ok(state_save(&fixture->policy, &fixture->error), fixture->error);
	struct stat info;

	assert_int_equal(stat(fixture->options.state, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_ok(policy_fixture_reopen(fixture), fixture->error);
	assert_true(fixture->policy.knows_revocations);
	assert_int_equal(cw_revocations_count(fixture->policy.revocations), 1);
	assert_null(policy_fixture_try(fixture, 1, "acme:eve:1", policy_fixture_acme_token(fixture, "eve", "agent"), 0));
	assert_int_equal(fixture->refusal, POLICY_REFUSED_REVOKED);
	set_clock(90000);
	assert_ok(policy_fixture_reopen(fixture), fixture->error);
	assert_false(cw_revocations_hit(fixture->policy.revocations,
					&(struct cw_token){ .account = "acme", .subject = "eve" }, POLICY_NOW_S + 90000));
}

static void a_broken_file_keeps_tenants_still_and_is_said(void **state)
{
	static const char *const texts[] = {
		"",
		"nonsense",
		"[]",
		"{}",
		"{\"v\":1,\"revocations\":{}}",
		"{\"v\":1,\"revocations\":[{\"kind\":\"moon\"}]}",
	};
	struct policy_fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(texts); i++) {
		policy_fixture_forget_notes(fixture);
		temp_dir_write_text(&fixture->dir, "state.json", texts[i]);
		assert_ok(policy_fixture_reopen(fixture), fixture->error);
		assert_false(fixture->policy.knows_revocations);
		assert_int_equal(fixture->n_logged, 1);
		assert_true(fixture->logged[0].is_error);
		assert_contains(fixture->logged[0].line, "state.json");
		assert_contains(fixture->logged[0].line, "neither send nor receive");
	}
}

static void without_a_file_of_state_revocations_are_not_known_and_none_is_written(void **state)
{
	struct policy_fixture *fixture = *state;

	free(fixture->options.state);
	fixture->options.state = strdup("");
	assert_ok(policy_fixture_reopen(fixture), fixture->error);
	assert_false(fixture->policy.knows_revocations);
	assert_ok(state_save(&fixture->policy, &fixture->error), fixture->error);
}

static void a_state_file_that_can_never_be_written_refuses_to_start(void **state)
{
	struct policy_fixture *fixture = *state;

	free(fixture->options.state);
	fixture->options.state = strdup(temp_dir_path(&fixture->dir, "no/such/folder/state.json"));
	assert_int_equal(policy_fixture_reopen(fixture), CW_INVALID);
	assert_contains(fixture->error.text, "plugin_opt_state");
	assert_contains(fixture->error.text, "state.json");
}

static void a_connection_refused_for_a_limit_leaves_the_older_session_in_its_place(void **state)
{
	struct policy_fixture *f = *state;
	int64_t n;
	const struct cw_revocation r = { .kind = CW_REVOKE_SUBJECT,
					 .account = "acme",
					 .value = "bob",
					 .revoked_at_s = POLICY_NOW_S,
					 .forget_at_s = POLICY_NOW_S + 100 };
	f->policy.options.max_clients_per_subject = 1;
	struct session *off = policy_fixture_admit(f, 1, "bob", "agent");
	sessions_end(&f->policy.sessions, off, POLICY_NOW_S); /* acme:bob:1 is offline, with a queue */
	(void)policy_fixture_admit(f, 2, "bob", "agent");
	assert_null(policy_fixture_try(f, 3, "acme:bob:1", policy_fixture_acme_token(f, "bob", "agent"), 0));
	assert_int_equal(f->refusal, POLICY_REFUSED_LIMIT);
	assert_ptr_equal(sessions_find_by_client_id(&f->policy.sessions, "acme:bob:1"), off);
	assert_ok(policy_revoke(&f->policy, &r, POLICY_NOW_S, &n, &f->error), f->error);
	policy_fixture_tick(f, 0);
	assert_int_equal(f->n_kicks, 1);
	assert_true(off->is_revoked); /* found by its client id when it reconnects */
}

static void a_renewal_does_not_undo_a_kick(void **state)
{
	struct policy_fixture *f = *state;
	struct session *bob = policy_fixture_admit(f, 1, "bob", "agent");
	assert_true(policy_kick(&f->policy, bob));
	assert_ok(policy_renew(
			  &f->policy, bob,
			  policy_fixture_token(
				  f, "{'account':'acme','sub':'bob','role':'agent','iat':1800000000,'exp':1800007200}"),
			  POLICY_NOW_MS, &f->error),
		  f->error);
	policy_fixture_tick(f, 0);
	assert_int_equal(f->n_kicks, 1);
}

static void a_kick_of_a_pointer_that_was_used_again_kicks_nobody(void **state)
{
	struct policy_fixture *f = *state;
	struct session *bob = policy_fixture_admit(f, 1, "bob", "agent");
	assert_true(policy_kick(&f->policy, bob));
	sessions_end(&f->policy.sessions, bob, POLICY_NOW_S);
	(void)policy_fixture_admit(f, 1, "eve", "agent"); /* the same address */
	policy_fixture_tick(f, 0);
	assert_int_equal(f->n_kicks, 0);
}

static void an_exp_before_all_time_is_over(void **state)
{
	struct policy_fixture *f = *state;
	assert_null(policy_fixture_try(
		f, 1, "acme:bob:1",
		policy_fixture_token(f, "{'account':'acme','sub':'bob','exp':-9223372036854775808}"), 0));
}

static void an_id_that_the_broker_chose_for_another_is_refused(void **state)
{
	struct policy_fixture *f = *state;
	const char *id = "auto-6BB5E16A-0D0A-4B1C-9E57-5A7A6A7C4A11";
	f->policy.options.max_clients_per_subject = 1;
	assert_non_null(policy_fixture_try(f, 1, id, policy_fixture_acme_token(f, "eve", "agent"), 0));
	(void)policy_fixture_admit(f, 2, "bob", "agent");
	/* bob is at his limit; with eve's client id it looks like a take-over */
	assert_null(policy_fixture_try(f, 3, id, policy_fixture_acme_token(f, "bob", "agent"), 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		POLICY_TEST(a_client_id_is_the_subjects_own_or_the_brokers),
		POLICY_TEST(an_admitted_client_has_its_token_its_role_and_its_deadline),
		POLICY_TEST(every_refusal_has_its_counter_and_its_reason),
		POLICY_TEST(a_subject_has_so_many_connections_and_takes_its_own_over),
		POLICY_TEST(an_account_has_so_many_connections),
		POLICY_TEST(the_daemon_and_admins_are_never_locked_out_and_zero_is_no_limit),
		POLICY_TEST(a_fresh_token_renews_in_place),
		POLICY_TEST(a_refused_renewal_changes_nothing),
		POLICY_TEST(a_session_that_is_over_is_not_renewed),
		POLICY_TEST(a_session_goes_on_until_it_expires_or_is_revoked),
		POLICY_TEST(what_is_wrong_with_the_files_is_said_and_nothing_is_opened),
		POLICY_TEST(without_the_tag_key_tags_are_of_its_own_and_a_line_says_so),
		POLICY_TEST(a_reload_keeps_sessions_and_gives_them_the_new_rules),
		POLICY_TEST(a_bad_reload_leaves_keys_and_roles_in_force),
		POLICY_TEST(a_key_that_is_taken_away_admits_nobody_after_a_reload),
		POLICY_TEST(revocations_are_kept_over_a_restart),
		POLICY_TEST(a_broken_file_keeps_tenants_still_and_is_said),
		POLICY_TEST(without_a_file_of_state_revocations_are_not_known_and_none_is_written),
		POLICY_TEST(a_state_file_that_can_never_be_written_refuses_to_start),
		POLICY_TEST(a_connection_refused_for_a_limit_leaves_the_older_session_in_its_place),
		POLICY_TEST(a_renewal_does_not_undo_a_kick),
		POLICY_TEST(a_kick_of_a_pointer_that_was_used_again_kicks_nobody),
		POLICY_TEST(an_exp_before_all_time_is_over),
		POLICY_TEST(an_id_that_the_broker_chose_for_another_is_refused),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
