/* SPDX-License-Identifier: MIT */
#include "auth-plugin/subscription.h"

#include <stdio.h>

#include "tests/unit/unit.h"

static void a_topic_finds_the_filter_that_brings_it(void **state)
{
	struct subscription *list = NULL;

	(void)state;
	subscriptions_add(&list, "acct/a/conv/+", 10);
	subscriptions_add(&list, "acct/a/events", 20);
	subscriptions_add(&list, "acct/a/conv/+", 30); /* again */
	assert_int_equal(subscriptions_find(list, "acct/a/conv/a_1_2")->since_s, 10);
	assert_int_equal(subscriptions_find(list, "acct/a/events")->since_s, 20);
	assert_null(subscriptions_find(list, "acct/b/conv/a_1_2"));
	assert_null(subscriptions_find(list, "acct/a/conv/a_1_2/cmd/ann"));
	subscriptions_remove(&list, "acct/a/conv/+");
	subscriptions_remove(&list, "acct/a/never");
	assert_null(subscriptions_find(list, "acct/a/conv/a_1_2"));
	subscriptions_free(&list);
	assert_null(list);
}

static void a_shared_subscription_is_its_filter(void **state)
{
	struct subscription *list = NULL;

	(void)state;
	subscriptions_add(&list, "$share/phones/acct/a/conv/+", 1);
	assert_string_equal(subscriptions_find(list, "acct/a/conv/a_1_2")->filter, "$share/phones/acct/a/conv/+");
	subscriptions_free(&list);
}

static void a_session_keeps_so_many_and_no_more(void **state)
{
	struct subscription *list = NULL;
	char filter[32];
	int n = 0;

	(void)state;
	for (int i = 0; i < 3 * SUBSCRIPTIONS_MAX; i++) {
		(void)snprintf(filter, sizeof(filter), "acct/a/conv/%d", i);
		subscriptions_add(&list, filter, 1);
	}
	for (const struct subscription *each = list; each; each = each->next) {
		n++;
	}
	assert_int_equal(n, SUBSCRIPTIONS_MAX);
	subscriptions_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_topic_finds_the_filter_that_brings_it),
		cmocka_unit_test(a_shared_subscription_is_its_filter),
		cmocka_unit_test(a_session_keeps_so_many_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
