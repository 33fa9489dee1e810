/* SPDX-License-Identifier: MIT */
/* Signed URLs of files over time; tested over a socket, as pages use it. */
#include <string.h>

#include "api/api.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"
#include "tests/unit/unix_exchange.h"

#define MAX_ANSWER 4000
#define ID "0198c0de-0000-7000-8000-000000000001"

static struct {
	struct api api;
	struct cw_hmac *key;
	struct cw_http_server *server;
	struct cw_http_route route;
	char path[300];
	char answer[MAX_ANSWER + 1];
} door;

static int open_door(void **state)
{
	(void)fixture_start(state);
	struct fixture *fixture = *state;
	struct cw_error error;

	door.key = cw_hmac_create("a key of sixteen", 16);
	door.api.store = fixture->store;
	door.api.media_key = door.key;
	door.route = (struct cw_http_route){ "GET", API_MEDIA_PATH "/{}", 0, NULL, api_media, &door.api, NULL };
	(void)snprintf(door.path, sizeof(door.path), "%s", temp_dir_path(&fixture->dir, "sock"));
	const struct cw_http_options options = { .unix_path = door.path,
						 .n_threads = 1,
						 .max_connections = 8,
						 .max_body_bytes = 1 << 20,
						 .routes = &door.route,
						 .n_routes = 1 };

	assert_ok(cw_http_start(&options, &door.server, &error), error);
	return 0;
}

static int close_door(void **state)
{
	cw_http_stop(door.server);
	cw_hmac_destroy(door.key);
	return fixture_stop(state);
}

/* Requests a URL signed as api_media_url does. Returns the answer's problem. */
static const char *ask(const char *key, int64_t expires_s)
{
	struct cw_hmac *hmac = cw_hmac_create(key, strlen(key));
	char text[100];
	char request[400];
	unsigned char bytes[CW_HMAC_BYTES];
	char signature[2 * CW_HMAC_BYTES + 1];

	(void)snprintf(text, sizeof(text), ID ".%lld", (long long)expires_s);
	assert_int_equal(cw_hmac_compute(hmac, text, strlen(text), bytes), CW_OK);
	cw_hmac_destroy(hmac);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		(void)snprintf(signature + 2 * i, 3, "%02x", bytes[i]);
	}
	(void)snprintf(request, sizeof(request),
		       "GET " API_MEDIA_PATH "/" ID
		       "?expires=%lld&signature=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		       (long long)expires_s, signature);
	unix_exchange(door.path, request, door.answer, MAX_ANSWER);
	const char *title = strstr(door.answer, "\"title\":\"");

	assert_non_null(title);
	return title + strlen("\"title\":\"");
}

static void assert_problem(const char *problem, const char *expected)
{
	assert_memory_equal(problem, expected, strlen(expected));
}

static void a_url_is_good_until_its_time_and_for_its_key(void **state)
{
	(void)state;
	assert_problem(ask("a key of sixteen", FIXTURE_NOW_S + 300),
		       "not_found\""); /* the signature was accepted; there is no such file */
	assert_problem(ask("another key of ours", FIXTURE_NOW_S + 300), "bad_signature\"");
	fixture_set_clock(299);
	assert_problem(ask("a key of sixteen", FIXTURE_NOW_S + 300), "not_found\"");
	fixture_set_clock(300);
	assert_problem(ask("a key of sixteen", FIXTURE_NOW_S + 300), "url_expired\"");
	assert_problem(ask("a key of sixteen", -1), "url_expired\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_url_is_good_until_its_time_and_for_its_key, open_door, close_door),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
