/* SPDX-License-Identifier: MIT */
/* tests/fuzz/filter_exhaustive.c proves filters without placeholders; that is assumed here. */
#include "core/filter.h"

#include "core/text.h"
#include "core/topic.h"
#include "tests/unit/unit.h"

static const struct cw_filter_names bob = { .account = "acme", .subject = "bob", .client_id = "acme:bob:1" };

static enum cw_filter_match covers(const char *text, const struct cw_filter_names *names, const char *topic)
{
	struct cw_filter filter;
	struct cw_levels levels;

	if (cw_filter_compile(text, true, &filter) != CW_OK || !cw_levels_split(topic, &levels)) {
		fail_msg("%s or %s", text, topic);
	}
	return cw_filter_covers(&filter, names, &levels);
}

static void places_stand_for_the_names(void **state)
{
	static const struct {
		const char *filter, *topic;
		enum cw_filter_match match;
	} rows[] = {
		{ "acct/%a/conv/+", "acct/acme/conv/x", CW_FILTER_YES },
		{ "acct/%a/conv/+", "acct/acm/conv/x", CW_FILTER_NO }, /* a prefix of the name */
		{ "acct/%a/conv/+", "acct/acme2/conv/x", CW_FILTER_NO },
		{ "acct/%a/conv/+", "acct/+/conv/x", CW_FILTER_NO }, /* wider than the name */
		{ "acct/%a/conv/+", "acct/%a/conv/x", CW_FILTER_NO },
		{ "acct/%a/conv/+", "acct/acme/conv/+", CW_FILTER_YES },
		{ "acct/%a/conv/+", "acct/acme/conv/#", CW_FILTER_NO },
		{ "acct/%a/#", "acct/acme", CW_FILTER_YES }, /* the parent, 4.7.1.2 */
		{ "acct/%a/#", "acct/acme/#", CW_FILTER_YES },
		{ "acct/%a/#", "acct/#", CW_FILTER_NO },
		{ "acct/%a", "acct/#", CW_FILTER_NO },
		{ "acct/%a/agent/%s/+", "acct/acme/agent/bob/reply", CW_FILTER_YES },
		{ "acct/%a/agent/%s/+", "acct/acme/agent/eve/reply", CW_FILTER_NO },
		{ "acct/%a/agent/%s/+", "acct/bob/agent/acme/reply", CW_FILTER_NO }, /* names are not interchangeable */
		{ "x/%c", "x/acme:bob:1", CW_FILTER_YES },
		{ "x/%c", "x/acme:bob:2", CW_FILTER_NO },
		{ "%a/%s/%c", "acme/bob/acme:bob:1", CW_FILTER_YES },
		/* with text around the placeholders */
		{ "a/x%a-y", "a/xacme-y", CW_FILTER_YES },
		{ "a/x%a-y", "a/xacme-", CW_FILTER_NO },
		{ "a/x%a-y", "a/xacme-yy", CW_FILTER_NO },
		{ "a/x%a-y", "a/+", CW_FILTER_NO },
		{ "a/%a:%s:1", "a/acme:bob:1", CW_FILTER_YES },
		{ "a/%a%s", "a/acmebob", CW_FILTER_YES },
		{ "a/%a%s", "a/acmebo", CW_FILTER_NO },
		{ "a/%aa", "a/acmea", CW_FILTER_YES },
		{ "a/%c%c/#", "a/acme:bob:1acme:bob:1/b", CW_FILTER_YES },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		if (covers(rows[i].filter, &bob, rows[i].topic) != rows[i].match) {
			fail_msg("%s and %s", rows[i].filter, rows[i].topic);
		}
	}
}

static void a_name_that_is_not_known_is_neither_yes_nor_no(void **state)
{
	static const char *const unusable[] = { NULL, "", "+", "#", "a/b", "a+", "#x" };
	static const struct {
		const char *filter, *topic;
		enum cw_filter_match match;
	} rows[] = {
		{ "a/%c", "a/x", CW_FILTER_UNKNOWN },   { "a/%c", "a/+", CW_FILTER_UNKNOWN },
		{ "a/x%c", "a/x", CW_FILTER_UNKNOWN },  { "a/%c/#", "a/x/y/z", CW_FILTER_UNKNOWN },
		{ "a/%c/#", "a/x", CW_FILTER_UNKNOWN }, { "a/%c/b", "a/x/c", CW_FILTER_NO }, /* whatever the name is */
		{ "a/%c/b", "b/x/b", CW_FILTER_NO },    { "a/%c", "a", CW_FILTER_NO },
		{ "a/%c", "a/x/y", CW_FILTER_NO },      { "a/%c", "a/#", CW_FILTER_NO },
		{ "a/b", "a/b", CW_FILTER_YES }, /* needs no name */
	};

	(void)state;
	for (size_t k = 0; k < N_ROWS(unusable); k++) {
		struct cw_filter_names names = bob;

		names.client_id = unusable[k];
		for (size_t i = 0; i < N_ROWS(rows); i++) {
			if (covers(rows[i].filter, &names, rows[i].topic) != rows[i].match) {
				fail_msg("%s and %s", rows[i].filter, rows[i].topic);
			}
		}
	}
}

static void a_mixed_level_of_names_longer_than_it_may_be_is_not_known(void **state)
{
	char name[300];
	struct cw_filter_names names = { .account = name, .subject = name, .client_id = name };

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(covers("a/x%a", &names, "a/xn"), CW_FILTER_NO); /* 300 bytes are compared */
	assert_int_equal(covers("a/%a%s", &names, "a/nn"), CW_FILTER_UNKNOWN);
}

static void what_is_no_filter_is_not_compiled(void **state)
{
	static const char *const bad[] = { "",     "a#",  "#/a",  "a/#/b", "a+",  "+a",    "a/b+/c", "a/+#",
					   "a/%u", "a/%", "a/%A", "a/%%",  "%a%", "a/x%z", "a/%+",   "a/%a#" };
	struct cw_filter filter = { .n = 77 };

	(void)state;
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		if (cw_filter_compile(bad[i], true, &filter) != CW_INVALID) {
			fail_msg("taken: %s", bad[i]);
		}
		assert_int_equal(filter.n, 77); /* untouched */
	}
	/* Without placeholders, % is an ordinary character. */
	assert_int_equal(cw_filter_compile("a/%u/100%", false, &filter), CW_OK);
	assert_false(filter.has_place);
	assert_int_equal(cw_filter_compile("a/%a", true, &filter), CW_OK);
	assert_true(filter.has_place);
}

static char *make_levels(size_t n)
{
	char *text = calloc(1, 2 * n + 1);

	assert_non_null(text);
	for (size_t i = 0; i < n; i++) {
		memcpy(text + 2 * i, "a/", 2);
	}
	text[2 * n - 1] = '\0';
	return text;
}

static void so_many_levels_and_no_more(void **state)
{
	char *most = make_levels(CW_FILTER_MAX_LEVELS);
	char *more = make_levels(CW_FILTER_MAX_LEVELS + 1);
	struct cw_filter filter;
	struct cw_levels levels;

	(void)state;
	assert_true(cw_levels_split(most, &levels));
	assert_int_equal(levels.n, CW_FILTER_MAX_LEVELS);
	assert_false(cw_levels_split(more, &levels));
	assert_int_equal(cw_filter_compile(most, true, &filter), CW_OK);
	assert_true(cw_levels_split(most, &levels));
	assert_int_equal(cw_filter_covers(&filter, &bob, &levels), CW_FILTER_YES);
	assert_int_equal(cw_filter_compile(more, true, &filter), CW_INVALID);
	/* A topic of 32 levels is included in a/#, and so is one of 31 levels followed by #. */
	assert_int_equal(cw_filter_compile("a/#", true, &filter), CW_OK);
	assert_int_equal(cw_filter_covers(&filter, &bob, &levels), CW_FILTER_YES);
	most[strlen(most) - 1] = '#';
	assert_true(cw_levels_split(most, &levels));
	assert_true(levels.has_wildcard);
	assert_int_equal(cw_filter_covers(&filter, &bob, &levels), CW_FILTER_YES);
	free(most);
	free(more);
}

static void so_many_bytes_and_no_more(void **state)
{
	char *text = malloc(65537);
	struct cw_filter filter;
	struct cw_levels levels;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', 65536);
	text[65536] = '\0';
	assert_false(cw_levels_split(text, &levels)); /* MQTT's limit is 65535 */
	text[65535] = '\0';
	assert_true(cw_levels_split(text, &levels));
	assert_int_equal(levels.items[0].len, 65535);
	text[CW_FILTER_MAX] = '\0';
	assert_int_equal(cw_filter_compile(text, true, &filter), CW_OK);
	text[CW_FILTER_MAX] = 'a';
	text[CW_FILTER_MAX + 1] = '\0';
	assert_int_equal(cw_filter_compile(text, true, &filter), CW_INVALID);
	assert_false(cw_levels_split(NULL, &levels));
	assert_false(cw_levels_split("", &levels));
	free(text);
}

static void levels_are_where_they_stand(void **state)
{
	struct cw_levels levels;

	(void)state;
	assert_true(cw_levels_split("/ab//+/#", &levels));
	assert_int_equal(levels.n, 5);
	assert_int_equal(levels.items[0].len, 0);
	assert_int_equal(levels.items[1].start, 1);
	assert_int_equal(levels.items[1].len, 2);
	assert_int_equal(levels.items[2].len, 0);
	assert_true(levels.has_wildcard);
	assert_true(cw_levels_split("a/b", &levels));
	assert_false(levels.has_wildcard);
	assert_false(cw_levels_split("a/b+", &levels)); /* but the + is noticed */
	assert_true(levels.has_wildcard);
}

/* ---- placeholders, compared with the same filter with the names filled in ---- */

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16 & 0x7fff;
}

/* The first level is literal, then up to three more. with_names has the names filled in, and + for an unknown name. */
static bool make_pair(unsigned *seed, bool knows_client, char *with_places, char *with_names, size_t size)
{
	static const struct {
		const char *place, *name;
		bool is_client;
	} levels[] = {
		{ "a", "a", false },     { "b", "b", false },        { "+", "+", false },
		{ "%a", "a", false },    { "%s", "b", false },       { "%c", "c", true },
		{ "%a%s", "ab", false }, { "x%a-%c", "xa-c", true }, { "%c%c", "cc", true },
	};
	unsigned n = next_random(seed) % 4;
	bool is_unknown = false;

	(void)snprintf(with_places, size, "a");
	(void)snprintf(with_names, size, "a");
	for (unsigned i = 0; i < n; i++) {
		size_t row = next_random(seed) % N_ROWS(levels);
		bool is_hidden = levels[row].is_client && !knows_client;

		(void)snprintf(with_places + strlen(with_places), size - strlen(with_places), "/%s", levels[row].place);
		(void)snprintf(with_names + strlen(with_names), size - strlen(with_names), "/%s",
			       is_hidden ? "+" : levels[row].name);
		is_unknown = is_unknown || is_hidden;
	}
	if (next_random(seed) % 4 == 0) {
		(void)snprintf(with_places + strlen(with_places), size - strlen(with_places), "/#");
		(void)snprintf(with_names + strlen(with_names), size - strlen(with_names), "/#");
	}
	return is_unknown;
}

static void make_topic(unsigned *seed, char *topic, size_t size)
{
	static const char *const levels[] = { "a", "b", "c", "ab", "xa-c", "cc", "+", "" };
	unsigned n = next_random(seed) % 4;

	(void)snprintf(topic, size, "a");
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(topic + strlen(topic), size - strlen(topic), "/%s",
			       levels[next_random(seed) % N_ROWS(levels)]);
	}
	if (next_random(seed) % 6 == 0) {
		(void)snprintf(topic + strlen(topic), size - strlen(topic), "/#");
	}
}

static void a_place_decides_as_the_name_would(void **state)
{
	unsigned seed = 5;
	int n_found[3] = { 0 };

	(void)state;
	for (int round = 0; round < 200000; round++) {
		char with_places[80], with_names[80], topic[80];
		bool knows_client = next_random(&seed) % 3 != 0;
		const struct cw_filter_names names = { "a", "b", knows_client ? "c" : NULL };
		bool is_unknown = make_pair(&seed, knows_client, with_places, with_names, sizeof(with_places));

		make_topic(&seed, topic, sizeof(topic));
		enum cw_filter_match found = covers(with_places, &names, topic);
		bool includes = cw_topic_filter_includes(with_names, topic);

		if (found != (!includes ? CW_FILTER_NO : is_unknown ? CW_FILTER_UNKNOWN : CW_FILTER_YES)) {
			/* A placeholder that was not reached does not matter: a/# ends the comparison early. */
			fail_msg("%s as %s and %s: %d", with_places, with_names, topic, found);
		}
		n_found[found]++;
	}
	assert_true(n_found[CW_FILTER_NO] > 1000 && n_found[CW_FILTER_YES] > 1000 && n_found[CW_FILTER_UNKNOWN] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_stand_for_the_names),
		cmocka_unit_test(a_name_that_is_not_known_is_neither_yes_nor_no),
		cmocka_unit_test(a_mixed_level_of_names_longer_than_it_may_be_is_not_known),
		cmocka_unit_test(what_is_no_filter_is_not_compiled),
		cmocka_unit_test(so_many_levels_and_no_more),
		cmocka_unit_test(so_many_bytes_and_no_more),
		cmocka_unit_test(levels_are_where_they_stand),
		cmocka_unit_test(a_place_decides_as_the_name_would),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
