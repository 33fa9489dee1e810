/* SPDX-License-Identifier: MIT */
/* Sessions over time, with a test clock; tested over a socket, as pages use it. */
#include "api/signin.h"

#include <stdlib.h>
#include <string.h>

#include "api/password.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"
#include "tests/unit/unix_exchange.h"

#define MAX_ANSWER 20000
#define PASSWORD "correct horse battery"
#define DAY_S 86400
enum { N_ROUTES = 3 };

static struct {
	struct signin *signin;
	struct cw_http_server *server;
	struct cw_revocations *revocations;
	struct cw_http_route routes[N_ROUTES];
	char path[300];
	char answer[MAX_ANSWER + 1];
	char secret[65]; /* of the session */
} door;

static char *mint(void *context, const struct cw_token *token, int64_t now_ms)
{
	char *text = NULL;

	(void)context;
	assert_int_equal(token->issued_at_s, now_ms / 1000);
	return asprintf(&text, "%s/%s until %lld", token->account, token->subject, (long long)token->expires_at_s) < 0 ?
		       NULL :
		       text;
}

static int open_door(void **state)
{
	(void)fixture_start(state);
	struct fixture *fixture = *state;
	const struct signin_options options = { .mint = mint, .token_ms = 900000 };
	struct cw_agent ann = { .account = "acme", .subject = "ann", .name = "Ann", .role = "agent" };
	struct cw_store_op op = { .type = CW_STORE_AGENT_ADD, .agent.agent = &ann };
	struct cw_error error;

	assert_ok(password_hash(PASSWORD, ann.password_hash, &error), error);
	assert_int_equal(cw_store_run(fixture->store, &op), CW_OK);
	door.revocations = cw_revocations_create();
	assert_ok(signin_create(&options, &door.signin, &error), error);
	assert_ok(signin_start(door.signin, fixture->store, door.revocations, &error), error);
	const struct cw_http_route routes[N_ROUTES] = {
		{ "POST", "/api/v1/session", 4096, NULL, signin_begin, door.signin, NULL },
		{ "POST", "/api/v1/session/refresh", 4096, NULL, signin_refresh, door.signin, NULL },
		{ "DELETE", "/api/v1/session", 4096, NULL, signin_end, door.signin, NULL },
	};

	memcpy(door.routes, routes, sizeof(routes));
	(void)snprintf(door.path, sizeof(door.path), "%s", temp_dir_path(&fixture->dir, "sock"));
	const struct cw_http_options http = { .unix_path = door.path,
					      .n_threads = 1,
					      .max_connections = 64,
					      .max_body_bytes = 1 << 20,
					      .routes = door.routes,
					      .n_routes = N_ROUTES };

	assert_ok(cw_http_start(&http, &door.server, &error), error);
	return 0;
}

static int close_door(void **state)
{
	signin_stop(door.signin);
	cw_http_stop(door.server);
	signin_destroy(door.signin);
	cw_revocations_destroy(door.revocations);
	return fixture_stop(state);
}
#define SIGNIN_TEST(name) cmocka_unit_test_setup_teardown(name, open_door, close_door)

/* Sends a request and returns the status; the answer is in door.answer. */
static int ask(const char *method, const char *path, const char *header, const char *body)
{
	char request[2000];
	int code = 0;

	(void)snprintf(request, sizeof(request),
		       "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s", method,
		       path, header, strlen(body), body);
	unix_exchange(door.path, request, door.answer, MAX_ANSWER);
	assert_int_equal(sscanf(door.answer, "HTTP/1.1 %d", &code), 1);
	return code;
}

static int sign_in(const char *password)
{
	char body[200];

	(void)snprintf(body, sizeof(body), "{\"login\":\"ann\",\"password\":\"%s\"}", password);
	int code = ask("POST", "/api/v1/session", "", body);
	const char *cookie = strstr(door.answer, "convwire_session=");

	if (code == 200) {
		assert_non_null(cookie);
		assert_int_equal(sscanf(cookie, "convwire_session=%64[0-9a-f]", door.secret), 1);
	}
	return code;
}

static int refresh(void)
{
	char header[200];

	(void)snprintf(header, sizeof(header), "Cookie: convwire_session=%s\r\n", door.secret);
	return ask("POST", "/api/v1/session/refresh", header, "");
}

static bool has_cookie(void)
{
	return strstr(door.answer, "Set-Cookie: convwire_session=") != NULL;
}

static void a_session_lasts_thirty_days_after_its_last_use(void **state)
{
	(void)state;
	assert_int_equal(sign_in(PASSWORD), 200);
	for (int day = 29; day < 120; day += 29) {
		fixture_set_clock((int64_t)day * DAY_S);
		assert_int_equal(refresh(), 200);
		assert_true(has_cookie()); /* the browser's cookie is renewed for thirty days, too */
	}
	fixture_set_clock((int64_t)(116 + 31) * DAY_S);
	assert_int_equal(refresh(), 401);
	assert_non_null(strstr(door.answer, "no_session"));
	assert_non_null(strstr(door.answer, "convwire_session=; "));
}

static void within_an_hour_the_cookie_stays_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(sign_in(PASSWORD), 200);
	fixture_set_clock(3000);
	assert_int_equal(refresh(), 200);
	assert_false(has_cookie());
	assert_non_null(strstr(door.answer, "convwire_media=acme/ann"));
}

static void a_token_is_as_long_as_the_options_say(void **state)
{
	char expected[100];

	(void)state;
	assert_int_equal(sign_in(PASSWORD), 200);
	(void)snprintf(expected, sizeof(expected), "\"token\":\"acme/ann until %lld\",\"expires_at\":%lld000",
		       (long long)FIXTURE_NOW_S + 900, (long long)FIXTURE_NOW_S + 900);
	assert_non_null(strstr(door.answer, expected));
}

static void ten_wrong_passwords_and_the_right_one_has_to_wait(void **state)
{
	(void)state;
	for (int i = 0; i < 9; i++) {
		assert_int_equal(sign_in("wrong password"), 401);
	}
	assert_int_equal(sign_in(PASSWORD), 200); /* and all tries are returned */
	for (int i = 0; i < 10; i++) {
		assert_int_equal(sign_in("wrong password"), 401);
	}
	assert_int_equal(sign_in(PASSWORD), 429);
	assert_non_null(strstr(door.answer, "Retry-After: "));
}

static void who_signs_out_is_out(void **state)
{
	char header[200];

	(void)state;
	assert_int_equal(sign_in(PASSWORD), 200);
	(void)snprintf(header, sizeof(header), "Cookie: convwire_session=%s\r\n", door.secret);
	assert_int_equal(ask("DELETE", "/api/v1/session", header, ""), 204);
	assert_int_equal(refresh(), 401);
	assert_int_equal(ask("DELETE", "/api/v1/session", header, ""), 204);
}

static void stopped_it_takes_nobody(void **state)
{
	(void)state;
	assert_int_equal(sign_in(PASSWORD), 200);
	signin_stop(door.signin);
	assert_int_equal(sign_in(PASSWORD), 503);
	assert_non_null(strstr(door.answer, "too_busy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SIGNIN_TEST(a_session_lasts_thirty_days_after_its_last_use),
		SIGNIN_TEST(within_an_hour_the_cookie_stays_as_it_is),
		SIGNIN_TEST(a_token_is_as_long_as_the_options_say),
		SIGNIN_TEST(ten_wrong_passwords_and_the_right_one_has_to_wait),
		SIGNIN_TEST(who_signs_out_is_out),
		SIGNIN_TEST(stopped_it_takes_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
