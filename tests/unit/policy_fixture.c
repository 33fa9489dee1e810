/* SPDX-License-Identifier: MIT */
#include "tests/unit/policy_fixture.h"

#include "core/clock.h"
#include "core/text.h"
#include "tests/unit/jws.h"
#include "tests/unit/unit.h"

#define SECRET "a shared secret of the tests"

static struct policy_fixture *current; /* the broker's callbacks have no context */

int64_t policy_fixture_monotonic_ms, policy_fixture_step_ms;

int64_t __wrap_cw_clock_monotonic_ms(void);

int64_t __wrap_cw_clock_monotonic_ms(void)
{
	policy_fixture_monotonic_ms += policy_fixture_step_ms;
	return policy_fixture_monotonic_ms;
}

/* ---- the broker ---- */

/* As mosquitto does it: checks the client's subscriptions again, then ends the client. */
static void kick(const char *client_id, bool with_will)
{
	const struct policy_check check = { .action = CW_ACCESS_SUBSCRIBE, .topic = "acct/acme/conv/+" };
	struct session *session = sessions_find_by_client_id(&current->policy.sessions, client_id);
	struct policy_kick_note note = { .with_will = with_will };

	assert_non_null(session);
	assert_true(cw_text_copy(note.client_id, sizeof(note.client_id), client_id));
	note.subscribe = policy_fixture_check(current, session, &check, session->token.expires_at_s, NULL);
	sessions_end(&current->policy.sessions, session, POLICY_NOW_S);
	if (current->n_kicks < POLICY_MAX_NOTED) {
		current->kicks[current->n_kicks] = note;
	}
	current->n_kicks++;
}

static void tell(const char *client_id, const char *topic, const char *payload, size_t len, int qos)
{
	struct policy_tell_note *note = &current->told[current->n_told];

	assert_int_equal(qos, 1);
	assert_true(current->n_told < POLICY_MAX_NOTED);
	assert_true(cw_text_copy(note->client_id, sizeof(note->client_id), client_id ? client_id : ""));
	assert_true(cw_text_copy(note->topic, sizeof(note->topic), topic));
	note->payload = json_loadb(payload, len, JSON_REJECT_DUPLICATES, NULL);
	current->n_told++;
}

static void log_line(bool is_error, const char *line)
{
	struct policy_log_note *note = &current->logged[current->n_logged];

	assert_true(current->n_logged < POLICY_MAX_NOTED);
	note->is_error = is_error;
	assert_true(cw_text_copy(note->line, sizeof(note->line), line));
	current->n_logged++;
}

static const struct broker broker = { kick, tell, log_line };

/* ---- set-up and teardown ---- */

static char *own_path(const struct policy_fixture *fixture, const char *name)
{
	char *path = strdup(temp_dir_path(&fixture->dir, name));

	assert_non_null(path);
	return path;
}

static void write_keys(struct policy_fixture *fixture)
{
	fixture->house = jws_make_ec("P-256");
	char *pem = jws_public_pem(fixture->house);

	temp_dir_write_text(&fixture->dir, "roles.acl", cw_access_shipped_roles);
	temp_dir_write_text(&fixture->dir, "keys/shared/tag.key", "a key for tags\n");
	temp_dir_write_text(&fixture->dir, "keys/shared/k.conf",
			    "algorithm = HS256\naccounts = *\nhighest_role = admin\nwithout_kid = yes\n");
	temp_dir_write_text(&fixture->dir, "keys/shared/k.secret", SECRET);
	temp_dir_write_text(&fixture->dir, "keys/public/house.conf",
			    "algorithm = ES256\naccounts = *\nhighest_role = service\n");
	temp_dir_write_text(&fixture->dir, "keys/public/house.pem", pem);
	free(pem);
}

int policy_fixture_start(void **state)
{
	struct policy_fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	current = fixture;
	policy_fixture_monotonic_ms = 1000000;
	policy_fixture_step_ms = 0;
	cw_clock_set_offset_ms(0);
	temp_dir_make(&fixture->dir);
	write_keys(fixture);
	fixture->options = (struct policy_options){ .keys = own_path(fixture, "keys"),
						    .roles = own_path(fixture, "roles.acl"),
						    .state = own_path(fixture, "state.json"),
						    .foreign = strdup("deny"),
						    .max_clients_per_account = 10000,
						    .max_clients_per_subject = 100 };
	*state = fixture;
	assert_ok(policy_init(&fixture->policy, &fixture->options, &broker, &fixture->error), fixture->error);
	return 0;
}

enum cw_status policy_fixture_reopen(struct policy_fixture *fixture)
{
	policy_finish(&fixture->policy);
	return policy_init(&fixture->policy, &fixture->options, &broker, &fixture->error);
}

void policy_fixture_load_nothing(struct policy_fixture *fixture)
{
	fixture->policy.assignments = assignments_create(&fixture->policy.people);
	assert_non_null(fixture->policy.assignments);
	fixture->policy.knows_revocations = true;
}

bool policy_fixture_has(const struct policy_fixture *fixture, const char *conversation, const struct session *session)
{
	size_t len = strlen(conversation);

	return assignments_has(fixture->policy.assignments, assignments_hash(&fixture->policy.people, conversation, len),
			       conversation, len, session->person);
}

void policy_fixture_forget_notes(struct policy_fixture *fixture)
{
	for (size_t i = 0; i < fixture->n_told; i++) {
		json_decref(fixture->told[i].payload);
	}
	fixture->n_kicks = fixture->n_told = fixture->n_logged = 0;
}

int policy_fixture_stop(void **state)
{
	struct policy_fixture *fixture = *state;

	policy_finish(&fixture->policy);
	policy_fixture_forget_notes(fixture);
	for (size_t i = 0; i < fixture->n_tokens; i++) {
		free(fixture->tokens[i]);
	}
	free(fixture->options.keys);
	free(fixture->options.roles);
	free(fixture->options.state);
	free(fixture->options.foreign);
	EVP_PKEY_free(fixture->house);
	temp_dir_remove(&fixture->dir);
	free(fixture);
	current = NULL;
	cw_clock_set_offset_ms(0);
	return 0;
}

/* ---- tokens and sessions ---- */

static const char *keep(struct policy_fixture *fixture, char *token)
{
	assert_true(fixture->n_tokens < POLICY_MAX_NOTED);
	fixture->tokens[fixture->n_tokens++] = token;
	return token;
}

const char *policy_fixture_token(struct policy_fixture *fixture, const char *claims)
{
	return keep(fixture, jws_mac(SECRET, strlen(SECRET), "{'alg':'HS256','typ':'JWT'}", claims));
}

const char *policy_fixture_house_token(struct policy_fixture *fixture, const char *claims)
{
	return keep(fixture, jws_sign(fixture->house, "{'alg':'ES256','typ':'JWT','kid':'house'}", claims));
}

const char *policy_fixture_acme_token(struct policy_fixture *fixture, const char *subject, const char *role)
{
	char claims[300];

	assert_true(cw_text_format(claims, sizeof(claims),
				   "{'account':'acme','sub':'%s','role':'%s','iat':1800000000,'exp':1800003600}",
				   subject, role));
	return policy_fixture_token(fixture, claims);
}

const void *policy_fixture_client(size_t n)
{
	return (const void *)(uintptr_t)(0x5500000000 + n * 1216); /* about the size of a struct mosquitto apart */
}

struct session *policy_fixture_try(struct policy_fixture *fixture, size_t client, const char *client_id,
				   const char *token, int64_t after_ms)
{
	const struct policy_connect connect = {
		.client = policy_fixture_client(client), .client_id = client_id, .address = "192.0.2.1", .token = token
	};

	return policy_admit(&fixture->policy, &connect, POLICY_NOW_MS + after_ms, &fixture->refusal, &fixture->error);
}

struct session *policy_fixture_admit(struct policy_fixture *fixture, size_t client, const char *subject, const char *role)
{
	char client_id[SESSION_CLIENT_ID_MAX + 1];

	assert_true(cw_text_format(client_id, sizeof(client_id), "acme:%s:%zu", subject, client));
	struct session *session = policy_fixture_try(fixture, client, client_id,
						     policy_fixture_acme_token(fixture, subject, role), 0);

	if (!session) {
		fail_msg("%s", fixture->error.text);
	}
	return session;
}

struct session *policy_fixture_admit_publisher(struct policy_fixture *fixture)
{
	struct session *session = policy_fixture_try(
		fixture, 9999, "_system:publisher:1",
		policy_fixture_house_token(fixture, "{'account':'_system','sub':'publisher',"
						    "'role':'service','iat':1800000000,'exp':1800003600}"),
		0);

	if (!session) {
		fail_msg("%s", fixture->error.text);
	}
	return session;
}

void policy_fixture_tick(struct policy_fixture *fixture, int64_t after_ms)
{
	policy_fixture_monotonic_ms += 1000;
	policy_tick(&fixture->policy, POLICY_NOW_MS + after_ms);
}

enum policy_denial policy_fixture_check(struct policy_fixture *fixture, const struct session *session,
					const struct policy_check *check, int64_t now_s,
					struct cw_access_verdict *ret_verdict)
{
	const struct glance *glance = sessions_glance(&fixture->policy.sessions, session->client);

	assert_non_null(glance);
	return policy_check(&fixture->policy, glance, check, now_s, ret_verdict);
}

void policy_fixture_mark_revoked(struct policy_fixture *fixture, struct session *session)
{
	session->is_revoked = true;
	sessions_refresh(&fixture->policy.sessions, session);
}

/* ---- recorded messages ---- */

const char *policy_fixture_text(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

int64_t policy_fixture_int(const json_t *json, const char *name)
{
	const json_t *member = json_object_get(json, name);

	return json_is_integer(member) ? json_integer_value(member) : -1;
}

const json_t *policy_fixture_told(const struct policy_fixture *fixture, const char *client_id, const char *type)
{
	for (size_t i = fixture->n_told; i-- > 0;) {
		if (strcmp(fixture->told[i].client_id, client_id ? client_id : "") == 0 &&
		    strcmp(policy_fixture_text(fixture->told[i].payload, "type"), type) == 0) {
			return fixture->told[i].payload;
		}
	}
	return NULL;
}
