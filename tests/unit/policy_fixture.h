/* SPDX-License-Identifier: MIT */
#ifndef UNIT_POLICY_FIXTURE_H
#define UNIT_POLICY_FIXTURE_H

#include <jansson.h>

#include "auth-plugin/policy.h"
#include "tests/unit/temp_dir.h"

/*
 * A policy of the plugin in a directory of its own, with a broker that only writes down what it is asked. Keys: `k`
 * (HS256, every account, up to admin) and the house key. The state file is not there at first. Every failure here
 * fails the test. One at a time.
 */
#define POLICY_NOW_S INT64_C(1800000000)
#define POLICY_NOW_MS (POLICY_NOW_S * 1000)
#define POLICY_HOUR_S 3600
#define POLICY_CONVERSATION "acme_1001_923456789012"
#define POLICY_MAX_NOTED 600

struct policy_kick_note {
	char client_id[SESSION_CLIENT_ID_MAX + 1];
	bool with_will;
	enum policy_denial subscribe; /* what a kick's question about a subscription was answered */
};

struct policy_tell_note {
	char client_id[SESSION_CLIENT_ID_MAX + 1]; /* "": to whoever subscribed */
	char topic[CW_TOPIC_MAX + 1];
	json_t *payload; /* NULL: no JSON */
};

struct policy_log_note {
	bool is_error;
	char line[1200];
};

struct policy_fixture {
	struct temp_dir dir;
	struct policy_options options;
	struct policy policy;
	struct cw_error error;
	enum policy_refusal refusal;
	void *house; /* EVP_PKEY */
	char *tokens[POLICY_MAX_NOTED];
	size_t n_tokens, n_kicks, n_told, n_logged;
	struct policy_kick_note kicks[POLICY_MAX_NOTED];
	struct policy_tell_note told[POLICY_MAX_NOTED];
	struct policy_log_note logged[POLICY_MAX_NOTED];
};

/* What cw_clock_monotonic_ms answers (CMakeLists.txt, --wrap), and by how much each answer moves it. */
extern int64_t policy_fixture_monotonic_ms, policy_fixture_step_ms;

/* setup and teardown of a test; *state is the fixture, its policy open. */
int policy_fixture_start(void **state);
int policy_fixture_stop(void **state);

#define POLICY_TEST(name) cmocka_unit_test_setup_teardown(name, policy_fixture_start, policy_fixture_stop)

/* Closes the policy and opens it anew by fixture->options, as a broker that starts again. */
enum cw_status policy_fixture_reopen(struct policy_fixture *fixture);
/* As after the publisher's load of no rows. */
void policy_fixture_load_nothing(struct policy_fixture *fixture);
bool policy_fixture_has(const struct policy_fixture *fixture, const char *conversation, const struct session *session);

/* Tokens with these claims, JSON written with ' for "; they live as long as the fixture. */
const char *policy_fixture_token(struct policy_fixture *fixture, const char *claims);
const char *policy_fixture_house_token(struct policy_fixture *fixture, const char *claims);
/* One of acme from now on, for an hour. */
const char *policy_fixture_acme_token(struct policy_fixture *fixture, const char *subject, const char *role);

/* A pointer as the broker gives them; nobody looks behind it. */
const void *policy_fixture_client(size_t n);

/* policy_admit at POLICY_NOW_MS + after_ms, from 192.0.2.1; NULL leaves fixture->refusal and fixture->error. */
struct session *policy_fixture_try(struct policy_fixture *fixture, size_t client, const char *client_id,
				   const char *token, int64_t after_ms);
/* Must be admitted, now, as acme's subject with client id acme:<subject>:<client>. */
struct session *policy_fixture_admit(struct policy_fixture *fixture, size_t client, const char *subject,
				     const char *role);
/* The daemon's publisher. */
struct session *policy_fixture_admit_publisher(struct policy_fixture *fixture);

/* policy_check of the session. ret_verdict may be NULL. */
enum policy_denial policy_fixture_check(struct policy_fixture *fixture, const struct session *session,
					const struct policy_check *check, int64_t now_s,
					struct cw_access_verdict *ret_verdict);
/* As a revocation marks it. */
void policy_fixture_mark_revoked(struct policy_fixture *fixture, struct session *session);

/* policy_tick at POLICY_NOW_MS + after_ms, one second of the monotonic clock after the last. */
void policy_fixture_tick(struct policy_fixture *fixture, int64_t after_ms);

/* The newest message to this client (NULL: to whoever subscribed) whose `type` is this; NULL: none. */
const json_t *policy_fixture_told(const struct policy_fixture *fixture, const char *client_id, const char *type);
/* Forgets kicks, messages and lines. */
void policy_fixture_forget_notes(struct policy_fixture *fixture);

/* A member as text ("" when it is none) or number (-1). */
const char *policy_fixture_text(const json_t *json, const char *name);
int64_t policy_fixture_int(const json_t *json, const char *name);

#endif
