/* SPDX-License-Identifier: MIT */
#ifndef UNIT_POLICY_FIXTURE_H
#define UNIT_POLICY_FIXTURE_H

#include <jansson.h>

#include "auth-plugin/policy.h"
#include "tests/unit/temp_dir.h"

/*
 * A policy of the plugin in its own directory, with a broker that only records calls. Keys: `k` (HS256, every account,
 * up to admin) and the house key. There is no state file at first. Every failure here fails the test. One fixture at a
 * time.
 */
#define POLICY_NOW_S INT64_C(1800000000)
#define POLICY_NOW_MS (POLICY_NOW_S * 1000)
#define POLICY_HOUR_S 3600
#define POLICY_CONVERSATION "acme_1001_923456789012"
#define POLICY_MAX_NOTED 600

struct policy_kick_note {
	char client_id[SESSION_CLIENT_ID_MAX + 1];
	bool with_will;
	enum policy_denial subscribe; /* the answer when the kick checked a subscription */
};

struct policy_tell_note {
	char client_id[SESSION_CLIENT_ID_MAX + 1]; /* "": to all subscribers */
	char topic[CW_TOPIC_MAX + 1];
	json_t *payload; /* NULL: not JSON */
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

/* What cw_clock_monotonic_ms returns (CMakeLists.txt, --wrap), and how far each call advances it. */
extern int64_t policy_fixture_monotonic_ms, policy_fixture_step_ms;

/* setup and teardown of a test; *state is the fixture, its policy open. */
int policy_fixture_start(void **state);
int policy_fixture_stop(void **state);

#define POLICY_TEST(name) cmocka_unit_test_setup_teardown(name, policy_fixture_start, policy_fixture_stop)

/* Closes the policy and opens it again with fixture->options, as when the broker restarts. */
enum cw_status policy_fixture_reopen(struct policy_fixture *fixture);
/* The state after the publisher has loaded empty tables. */
void policy_fixture_load_nothing(struct policy_fixture *fixture);
bool policy_fixture_has(const struct policy_fixture *fixture, const char *conversation, const struct session *session);

/* A token with these claims, JSON written with ' for "; valid as long as the fixture. */
const char *policy_fixture_token(struct policy_fixture *fixture, const char *claims);
const char *policy_fixture_house_token(struct policy_fixture *fixture, const char *claims);
/* A token of acme, valid from now for an hour. */
const char *policy_fixture_acme_token(struct policy_fixture *fixture, const char *subject, const char *role);

/* A client pointer as from the broker; it is never dereferenced. */
const void *policy_fixture_client(size_t n);

/* policy_admit at POLICY_NOW_MS + after_ms, from 192.0.2.1; on NULL, see fixture->refusal and fixture->error. */
struct session *policy_fixture_try(struct policy_fixture *fixture, size_t client, const char *client_id,
				   const char *token, int64_t after_ms);
/* Admits acme's subject now, with client id acme:<subject>:<client>; fails the test if refused. */
struct session *policy_fixture_admit(struct policy_fixture *fixture, size_t client, const char *subject,
				     const char *role);
/* Admits the daemon's publisher. */
struct session *policy_fixture_admit_publisher(struct policy_fixture *fixture);

/* policy_check for the session. ret_verdict may be NULL. */
enum policy_denial policy_fixture_check(struct policy_fixture *fixture, const struct session *session,
					const struct policy_check *check, int64_t now_s,
					struct cw_access_verdict *ret_verdict);
/* Marks the session as a revocation does. */
void policy_fixture_mark_revoked(struct policy_fixture *fixture, struct session *session);

/* policy_tick at POLICY_NOW_MS + after_ms, one second of the monotonic clock after the last. */
void policy_fixture_tick(struct policy_fixture *fixture, int64_t after_ms);

/* The newest message with this `type` to this client (NULL: to all subscribers); NULL: none. */
const json_t *policy_fixture_told(const struct policy_fixture *fixture, const char *client_id, const char *type);
/* Clears the recorded kicks, messages and log lines. */
void policy_fixture_forget_notes(struct policy_fixture *fixture);

/* A member as string ("" if it is not one) or as number (-1). */
const char *policy_fixture_text(const json_t *json, const char *name);
int64_t policy_fixture_int(const json_t *json, const char *name);

#endif
