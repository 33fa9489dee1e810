/* SPDX-License-Identifier: MIT */
#include "core/broker_place.h"

#include "tests/unit/unit.h"

static const struct cw_broker_place ours = {
	.uri = "", .address = "127.0.0.1", .mqtt_port = 1884, .ws_port = 9002, .public_url = ""
};

static void pages_are_sent_to_the_host_they_asked(void **state)
{
	static const struct {
		const char *host, *url;
	} rows[] = {
		{ "chat.example.com:8080", "ws://chat.example.com:9002" },
		{ "192.168.7.1", "ws://192.168.7.1:9002" },
		{ "[2001:db8::1]:8080", "ws://[2001:db8::1]:9002" },
		{ NULL, "ws://127.0.0.1:9002" },
		{ "", "ws://127.0.0.1:9002" },
		{ ":8080", "ws://127.0.0.1:9002" },
		{ "evil.example; script-src *", "ws://127.0.0.1:9002" },
		{ "[::1", "ws://127.0.0.1:9002" },
	};
	char url[100];

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_true(cw_broker_place_ws_url(&ours, rows[i].host, url, sizeof(url)));
		assert_string_equal(url, rows[i].url);
	}
}

static void a_public_url_is_told_as_it_is(void **state)
{
	struct cw_broker_place place = ours;
	char url[100];

	(void)state;
	place.public_url = "wss://chat.example.com/mqtt";
	assert_true(cw_broker_place_ws_url(&place, "other.example:8080", url, sizeof(url)));
	assert_string_equal(url, "wss://chat.example.com/mqtt");
}

static void programs_connect_to_our_listener_or_to_the_configured_broker(void **state)
{
	static const struct {
		const char *uri, *address, *result;
	} rows[] = {
		{ "", "127.0.0.1", "tcp://127.0.0.1:1884" },
		{ "", "::1", "tcp://[::1]:1884" },
		{ "", "0.0.0.0", "tcp://127.0.0.1:1884" }, /* a listener on all addresses */
		{ "", "::", "tcp://[::1]:1884" },
		{ "ssl://broker.example:8883", "127.0.0.1", "ssl://broker.example:8883" },
	};
	char uri[100];

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_broker_place place = ours;

		place.uri = rows[i].uri;
		place.address = rows[i].address;
		assert_true(cw_broker_place_uri(&place, uri, sizeof(uri)));
		assert_string_equal(uri, rows[i].result);
	}
}

static void a_listener_on_all_addresses_is_reached_at_the_loopback_address(void **state)
{
	static const struct {
		const char *address, *result;
	} rows[] = {
		{ "192.0.2.1", "http://192.0.2.1:8080" },
		{ "2001:db8::1", "http://[2001:db8::1]:8080" },
		{ "0.0.0.0", "http://127.0.0.1:8080" },
		{ "::", "http://[::1]:8080" },
	};
	char url[100];

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_true(cw_place_url("http", rows[i].address, 8080, url, sizeof(url)));
		assert_string_equal(url, rows[i].result);
	}
}

static void what_does_not_fit_is_not_cut(void **state)
{
	char small[12];

	(void)state;
	assert_false(cw_broker_place_uri(&ours, small, sizeof(small)));
	assert_false(cw_broker_place_ws_url(&ours, NULL, small, sizeof(small)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_sent_to_the_host_they_asked),
		cmocka_unit_test(a_public_url_is_told_as_it_is),
		cmocka_unit_test(programs_connect_to_our_listener_or_to_the_configured_broker),
		cmocka_unit_test(a_listener_on_all_addresses_is_reached_at_the_loopback_address),
		cmocka_unit_test(what_does_not_fit_is_not_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
