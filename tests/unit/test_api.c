/* SPDX-License-Identifier: MIT */
/*
 * What the HTTP API returns to agents limited to some conversations, and to revoked tokens; tested over a socket, as
 * clients use it.
 */
#include "api/api.h"
#include "core/clock.h"
#include "tests/unit/jws.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"
#include "tests/unit/unix_exchange.h"

#define SECRET "a secret of an existing back end"
#define MAX_ANSWER 200000
enum { N_ROUTES = 5 };
#define A "acme_1001_111111"
#define B "acme_1001_222222"

static struct {
	struct api api;
	struct cw_access *access;
	struct cw_http_server *server;
	struct cw_http_route routes[N_ROUTES];
	struct cw_token synced; /* set by on_limited_sync */
	int n_synced;
	char path[300]; /* of the socket; the server keeps it */
	json_t *answer; /* of the last request; the next one frees it */
} door;

static void note_sync(void *context, const struct cw_token *token)
{
	(void)context;
	door.synced = *token;
	door.n_synced++;
}

static struct cw_access *parse_roles(const char *text)
{
	struct cw_access *access = NULL;
	struct cw_error error;

	assert_ok(cw_access_parse("roles", text, &access, &error), error);
	return access;
}

static int open_door(void **state)
{
	(void)fixture_start(state);
	struct fixture *fixture = *state;
	struct cw_token_keys *keys = NULL;
	struct cw_error error;

	temp_dir_write_text(&fixture->dir, "keys/shared/node.secret", SECRET);
	temp_dir_write_text(&fixture->dir, "keys/shared/node.conf",
			    "algorithm = HS256\naccounts = *\nhighest_role = supervisor\nwithout_kid = yes\n");
	assert_ok(cw_token_keys_load(temp_dir_path(&fixture->dir, "keys"), &keys, &error), error);
	door.access = parse_roles(cw_access_shipped_roles);
	door.api.store = fixture->store;
	atomic_store(&door.api.keys, keys);
	atomic_store(&door.api.access, door.access);
	door.api.revocations = cw_revocations_create();
	door.api.on_limited_sync = note_sync;
	door.n_synced = 0;
	const struct cw_http_route routes[N_ROUTES] = {
		{ "GET", "/api/v1/sync", 0, NULL, api_sync, &door.api, NULL },
		{ "GET", "/api/v1/conversations", 0, NULL, api_conversations, &door.api, NULL },
		{ "GET", "/api/v1/conversations/{}", 0, NULL, api_conversation, &door.api, NULL },
		{ "GET", "/api/v1/conversations/{}/messages", 0, NULL, api_messages, &door.api, NULL },
		{ "GET", "/api/v1/resolve", 0, NULL, api_resolve, &door.api, NULL },
	};

	memcpy(door.routes, routes, sizeof(routes));
	(void)snprintf(door.path, sizeof(door.path), "%s", temp_dir_path(&fixture->dir, "sock"));
	const struct cw_http_options options = { .unix_path = door.path,
						 .n_threads = 1,
						 .max_connections = 8,
						 .max_body_bytes = 1 << 20,
						 .routes = door.routes,
						 .n_routes = N_ROUTES };

	assert_ok(cw_http_start(&options, &door.server, &error), error);
	return 0;
}

static int close_door(void **state)
{
	cw_http_stop(door.server);
	cw_token_keys_destroy(door.api.keys);
	cw_access_destroy(door.access);
	cw_revocations_destroy(door.api.revocations);
	json_decref(door.answer);
	door.answer = NULL;
	return fixture_stop(state);
}
#define API_TEST(name) cmocka_unit_test_setup_teardown(name, open_door, close_door)

/* ---- requests ---- */

/*
 * Sends a request as an agent of acme whose token was issued at FIXTURE_NOW_S + issued_s. Returns the status; the JSON
 * is in door.answer.
 */
static int ask_issued(const char *role, const char *subject, int64_t issued_s, const char *path)
{
	char claims[300];
	char request[3000];
	char *answer = malloc(MAX_ANSWER + 1);
	int code = 0;

	(void)snprintf(claims, sizeof(claims), "{'account':'acme','sub':'%s','role':'%s','iat':%lld,'exp':%lld}",
		       subject, role, (long long)(FIXTURE_NOW_S + issued_s), (long long)(FIXTURE_NOW_S + 3600));
	char *token = jws_mac(SECRET, strlen(SECRET), "{'alg':'HS256','typ':'JWT'}", claims);

	(void)snprintf(request, sizeof(request),
		       "GET /api/v1/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n",
		       path, token);
	assert_non_null(answer);
	unix_exchange(door.path, request, answer, MAX_ANSWER);
	assert_int_equal(sscanf(answer, "HTTP/1.1 %d", &code), 1);
	const char *body = strstr(answer, "\r\n\r\n");

	json_decref(door.answer);
	door.answer = body ? json_loads(body, 0, NULL) : NULL;
	assert_non_null(door.answer);
	free(token);
	free(answer);
	return code;
}

static int ask(const char *role, const char *subject, const char *path)
{
	return ask_issued(role, subject, 0, path);
}

/* /sync from a cursor. */
static void sync_since(struct fixture *fixture, const char *role, const char *subject, int64_t since)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "sync?epoch=%s&since=%lld", account(fixture, "acme").epoch, (long long)since);
	assert_int_equal(ask(role, subject, path), 200);
	assert_null(at(door.answer, "reset"));
}

/* An array in the answer has exactly one element; member is the path within it ("": the element itself). */
static void assert_only(const char *array, const char *member, const char *expected)
{
	const json_t *list = at(door.answer, array);

	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(at(json_array_get(list, 0), member)), expected);
}

static void assert_empty(const char *array)
{
	assert_true(json_is_array(at(door.answer, array)));
	assert_int_equal(json_array_size(at(door.answer, array)), 0);
}

static void two_conversations(struct fixture *fixture)
{
	post_messages(fixture, TEXT("111111", "w1", 1800000000, "one") "," TEXT("222222", "w2", 1800000000, "two"));
	assert_ok(assign(fixture, A, "ana"), fixture->error);
}

/* ---- tests ---- */

static void every_route_gives_a_limited_agent_their_own_and_nothing_else(void **state)
{
	struct fixture *fixture = *state;

	two_conversations(fixture);
	assert_int_equal(ask("assigned-agent", "ana", "conversations"), 200);
	assert_only("conversations", "id", A);
	assert_int_equal(ask("assigned-agent", "bea", "conversations"), 200);
	assert_empty("conversations");
	assert_int_equal(ask("assigned-agent", "ana", "conversations/" A), 200);
	assert_string_equal(text_at(door.answer, "assignee"), "ana");
	assert_int_equal(ask("assigned-agent", "ana", "conversations/" A "/messages"), 200);
	assert_int_equal(json_array_size(at(door.answer, "messages")), 1);
	assert_int_equal(ask("assigned-agent", "ana", "resolve?id=111111"), 200);
	assert_only("matches", "conversation", A);
	assert_int_equal(ask("assigned-agent", "ana", "resolve?id=222222"), 200);
	assert_empty("matches");
	assert_int_equal(ask("assigned-agent", "ana", "sync"), 200);
	assert_only("snapshot.conversations", "id", A);
	assert_empty("gained");
	assert_empty("lost");
	sync_since(fixture, "assigned-agent", "ana", 0);
	assert_int_equal(json_array_size(at(door.answer, "events")), 2); /* the message and the assignment */
	assert_string_equal(text_at(door.answer, "events.0.conversation"), A);
	assert_string_equal(text_at(door.answer, "events.1.conversation"), A);
	assert_string_equal(text_at(door.answer, "head_topic"), "acct/acme/agent/ana/feed");
}

/*
 * Nobody can find out which customers exist: a conversation of another agent is answered like one that does not exist.
 */
static void what_may_not_be_seen_does_not_exist(void **state)
{
	struct fixture *fixture = *state;
	static const char *const paths[][2] = {
		{ "conversations/" B, "conversations/acme_1001_333333" },
		{ "conversations/" B "/messages", "conversations/acme_1001_333333/messages" },
	};

	two_conversations(fixture);
	for (size_t i = 0; i < N_ROWS(paths); i++) {
		assert_int_equal(ask("assigned-agent", "ana", paths[i][0]), 404);
		json_t *hidden = json_incref(door.answer);

		assert_int_equal(ask("assigned-agent", "ana", paths[i][1]), 404);
		assert_true(json_equal(hidden, door.answer));
		json_decref(hidden);
	}
}

static void agents_who_see_all_see_all(void **state)
{
	struct fixture *fixture = *state;

	two_conversations(fixture);
	assert_int_equal(ask("agent", "ana", "conversations"), 200);
	assert_int_equal(json_array_size(at(door.answer, "conversations")), 2);
	assert_int_equal(ask("agent", "bea", "conversations/" A "/messages"), 200);
	sync_since(fixture, "agent", "ana", 0);
	assert_int_equal(json_array_size(at(door.answer, "events")), 3);
	assert_empty("gained"); /* unlimited agents gain and lose nothing */
	assert_empty("lost");
}

static void sync_names_what_was_gained_and_lost_since_the_cursor(void **state)
{
	struct fixture *fixture = *state;

	two_conversations(fixture);
	int64_t cursor = account(fixture, "acme").head;

	assert_ok(assign(fixture, A, "bea"), fixture->error);
	assert_ok(assign(fixture, B, "ana"), fixture->error);
	sync_since(fixture, "assigned-agent", "ana", cursor);
	assert_only("gained", "", B);
	assert_only("lost", "", A);
	assert_int_equal(int_at(door.answer, "as_of"), account(fixture, "acme").head);
	sync_since(fixture, "assigned-agent", "bea", cursor);
	assert_only("gained", "", A);
	assert_empty("lost");
	/* Assigned away and back again is no change. */
	assert_ok(assign(fixture, A, "ana"), fixture->error);
	assert_ok(assign(fixture, B, NULL), fixture->error);
	sync_since(fixture, "assigned-agent", "ana", cursor);
	assert_empty("gained");
	assert_empty("lost");
	sync_since(fixture, "assigned-agent", "ana", account(fixture, "acme").head);
	assert_empty("gained");
	assert_empty("lost");
}

static void a_deny_rule_holds_for_what_is_assigned(void **state)
{
	struct fixture *fixture = *state;
	struct cw_access *narrow = parse_roles("role assigned-agent\nassigned\npattern read acct/%a/conv/+\n"
					       "pattern deny acct/%a/conv/" B "\n");

	two_conversations(fixture);
	int64_t cursor = account(fixture, "acme").head;

	assert_ok(assign(fixture, B, "ana"), fixture->error);
	atomic_store(&door.api.access, narrow);
	assert_int_equal(ask("assigned-agent", "ana", "conversations"), 200);
	assert_only("conversations", "id", A);
	sync_since(fixture, "assigned-agent", "ana", cursor);
	assert_empty("gained");
	assert_empty("events");
	atomic_store(&door.api.access, door.access);
	cw_access_destroy(narrow);
}

static void a_revoked_token_is_refused_and_a_newer_one_taken(void **state)
{
	const struct cw_revocation revocation = { .kind = CW_REVOKE_SUBJECT,
						  .account = "acme",
						  .value = "ana",
						  .revoked_at_s = FIXTURE_NOW_S,
						  .forget_at_s = FIXTURE_NOW_S + 86400 };

	(void)state;
	assert_int_equal(cw_token_keys_longest_s(NULL), 0);
	assert_int_equal(cw_token_keys_longest_s(door.api.keys), 86400); /* the default, and how long rules are kept */
	assert_int_equal(ask("agent", "ana", "conversations"), 200);
	assert_int_equal(cw_revocations_add(door.api.revocations, &revocation, FIXTURE_NOW_S), CW_OK);
	static const char *const paths[] = { "sync", "conversations", "conversations/" A,
					     "conversations/" A "/messages", "resolve?id=1" };

	for (size_t i = 0; i < N_ROWS(paths); i++) {
		assert_int_equal(ask("agent", "ana", paths[i]), 401);
		assert_string_equal(text_at(door.answer, "detail"), "the token was revoked");
	}
	assert_int_equal(ask("agent", "bea", "conversations"), 200);
	fixture_set_clock(10);
	assert_int_equal(ask_issued("agent", "ana", 1, "conversations"), 200);
}

static void a_sync_of_who_does_not_see_all_is_told_of(void **state)
{
	(void)state;
	assert_int_equal(ask("agent", "ana", "sync"), 200);
	assert_int_equal(ask("assigned-agent", "bea", "conversations"), 200);
	assert_int_equal(door.n_synced, 0);
	assert_int_equal(ask("assigned-agent", "bea", "sync"), 200);
	assert_int_equal(door.n_synced, 1);
	assert_string_equal(door.synced.subject, "bea");
	assert_string_equal(door.synced.account, "acme");
	door.api.on_limited_sync = NULL;
	assert_int_equal(ask("assigned-agent", "bea", "sync"), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		API_TEST(every_route_gives_a_limited_agent_their_own_and_nothing_else),
		API_TEST(what_may_not_be_seen_does_not_exist),
		API_TEST(agents_who_see_all_see_all),
		API_TEST(sync_names_what_was_gained_and_lost_since_the_cursor),
		API_TEST(a_deny_rule_holds_for_what_is_assigned),
		API_TEST(a_revoked_token_is_refused_and_a_newer_one_taken),
		API_TEST(a_sync_of_who_does_not_see_all_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
