/* SPDX-License-Identifier: MIT */
#include "http/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "tests/unit/unit.h"

static void assert_address(const char *peer, const char *forwarded, const char *expected)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	char address[CW_HTTP_ADDRESS_MAX];
	const struct sockaddr *from = (const struct sockaddr *)(const void *)&four;

	if (inet_pton(AF_INET, peer, &four.sin_addr) != 1) {
		assert_int_equal(inet_pton(AF_INET6, peer, &six.sin6_addr), 1);
		from = (const struct sockaddr *)(const void *)&six;
	}
	assert_true(peer_address(from, forwarded, address));
	assert_string_equal(address, expected);
}

static void it_is_the_connections_address(void **state)
{
	(void)state;
	assert_address("198.51.100.7", NULL, "198.51.100.7");
	assert_address("2001:db8:1:2:3::7", NULL, "2001:db8:1:2::"); /* the network: a client has all of it */
	assert_address("::ffff:198.51.100.7", NULL, "198.51.100.7");
	assert_address("127.0.0.1", NULL, "127.0.0.1");
}

static void a_proxy_here_says_who_asks_in_its_last_word(void **state)
{
	(void)state;
	assert_address("127.0.0.1", "198.51.100.7", "198.51.100.7");
	assert_address("127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7");
	assert_address("::1", "203.0.113.9,\t2001:db8::7", "2001:db8::");
	assert_address("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7");
}

static void what_others_claim_is_not_believed(void **state)
{
	(void)state;
	assert_address("198.51.100.7", "203.0.113.9", "198.51.100.7");
	assert_address("127.0.0.1", "", "127.0.0.1");
	assert_address("127.0.0.1", "203.0.113.9, unknown", "127.0.0.1");
	assert_address("127.0.0.1", "203.0.113.9, 2001:db8::7 and much more that is no address at all", "127.0.0.1");
}

static void without_an_address_it_says_so(void **state)
{
	const struct sockaddr_un local = { .sun_family = AF_UNIX };
	char address[CW_HTTP_ADDRESS_MAX];

	(void)state;
	assert_false(peer_address(NULL, "203.0.113.9", address));
	assert_string_equal(address, "unknown");
	assert_false(peer_address((const struct sockaddr *)(const void *)&local, NULL, address));
	assert_string_equal(address, "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_connections_address),
		cmocka_unit_test(a_proxy_here_says_who_asks_in_its_last_word),
		cmocka_unit_test(what_others_claim_is_not_believed),
		cmocka_unit_test(without_an_address_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
