/* SPDX-License-Identifier: MIT */
#include "core/topic.h"

#include <jansson.h>

#include "core/text.h"
#include "tests/unit/unit.h"

static const char *const kind_names[CW_TOPIC_KIND_COUNT] = {
	[CW_TOPIC_CONVERSATION] = "conversation",
	[CW_TOPIC_COMMAND] = "command",
	[CW_TOPIC_LIVE] = "live",
	[CW_TOPIC_EVENTS] = "events",
	[CW_TOPIC_HEAD] = "head",
	[CW_TOPIC_REPLY] = "reply",
	[CW_TOPIC_FEED] = "feed",
	[CW_TOPIC_NOTICE] = "notice",
	[CW_TOPIC_PRESENCE] = "presence",
};

static int load_vectors(void **state)
{
	*state = json_load_file(CW_SOURCE_DIR "/tests/data/conversation_ids.json", JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(*state);
	return 0;
}

static int free_vectors(void **state)
{
	json_decref(*state);
	return 0;
}

static void copy_member(const json_t *row, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(row, key));

	assert_true(cw_text_copy(out, size, text ? text : ""));
}

static struct cw_topic topic_of(const json_t *row)
{
	struct cw_topic topic = { .kind = CW_TOPIC_KIND_COUNT };
	const char *kind = json_string_value(json_object_get(row, "kind"));

	for (int i = 0; i < CW_TOPIC_KIND_COUNT; i++) {
		if (strcmp(kind_names[i], kind) == 0) {
			topic.kind = (enum cw_topic_kind)i;
		}
	}
	copy_member(row, "account", topic.account, sizeof(topic.account));
	copy_member(row, "conversation", topic.conversation, sizeof(topic.conversation));
	copy_member(row, "subject", topic.subject, sizeof(topic.subject));
	copy_member(row, "tab", topic.tab, sizeof(topic.tab));
	return topic;
}

static void topics_are_made_of_their_parts_and_split_again(void **state)
{
	unsigned seen = 0;
	size_t index;
	json_t *row;

	json_array_foreach(json_object_get(*state, "topics"), index, row)
	{
		const char *text = json_string_value(json_object_get(row, "topic"));
		struct cw_topic topic = topic_of(row);
		struct cw_topic parsed;
		char made[CW_TOPIC_MAX + 1];

		assert_int_equal(cw_topic_make(&topic, made), CW_OK);
		assert_string_equal(made, text);
		assert_int_equal(cw_topic_parse(text, &parsed), CW_OK);
		assert_int_equal(parsed.kind, topic.kind);
		assert_string_equal(parsed.account, topic.account);
		assert_string_equal(parsed.conversation, topic.conversation);
		assert_string_equal(parsed.subject, topic.subject);
		assert_string_equal(parsed.tab, topic.tab);
		assert_true(cw_topic_is_inside(text, topic.account));
		seen |= 1U << topic.kind;
	}
	assert_int_equal(seen, (1U << CW_TOPIC_KIND_COUNT) - 1); /* every kind has a row */
}

static void every_other_topic_is_refused_and_nothing_is_written(void **state)
{
	size_t index;
	json_t *row;

	json_array_foreach(json_object_get(*state, "invalid_topics"), index, row)
	{
		struct cw_topic topic = { .account = "untouched" };

		if (cw_topic_parse(json_string_value(row), &topic) != CW_INVALID) {
			fail_msg("\"%s\" was taken for a topic", json_string_value(row));
		}
		assert_string_equal(topic.account, "untouched");
	}
	assert_int_equal(cw_topic_parse(NULL, &(struct cw_topic){ .tab = "" }), CW_INVALID);
}

static void parts_that_are_missing_or_foreign_make_no_topic(void **state)
{
	static const struct cw_topic rows[] = {
		{ .kind = CW_TOPIC_KIND_COUNT, .account = "acme" },
		{ .kind = CW_TOPIC_HEAD },
		{ .kind = CW_TOPIC_HEAD, .account = "_system" },
		{ .kind = CW_TOPIC_CONVERSATION, .account = "acme" },
		{ .kind = CW_TOPIC_CONVERSATION, .account = "acme", .conversation = "other_1_2" }, /* of another account */
		{ .kind = CW_TOPIC_CONVERSATION, .account = "acme", .conversation = "acme_1" },
		{ .kind = CW_TOPIC_COMMAND, .account = "acme", .conversation = "acme_1_2" }, /* no subject */
		{ .kind = CW_TOPIC_COMMAND, .account = "acme", .conversation = "acme_1_2", .subject = "+" },
		{ .kind = CW_TOPIC_REPLY, .account = "acme", .subject = "a/b" },
		{ .kind = CW_TOPIC_PRESENCE, .account = "acme", .subject = "bob" }, /* no tab */
		{ .kind = CW_TOPIC_PRESENCE, .account = "acme", .subject = "bob", .tab = "#" },
	};
	char out[CW_TOPIC_MAX + 1];

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_topic_make(&rows[i], out), CW_INVALID);
	}
}

static void the_filter_of_all_conversations_is_the_accounts(void **state)
{
	char out[CW_TOPIC_MAX + 1];

	(void)state;
	assert_int_equal(cw_topic_conversations("acme", out), CW_OK);
	assert_string_equal(out, "acct/acme/conv/+");
	assert_int_equal(cw_topic_conversations("+", out), CW_INVALID);
	assert_int_equal(cw_topic_conversations("_system", out), CW_INVALID);
}

static void a_conversations_topic_is_made_of_its_id(void **state)
{
	char out[CW_TOPIC_MAX + 1];

	(void)state;
	assert_int_equal(cw_topic_of_conversation("acme_1001_923456789012", out), CW_OK);
	assert_string_equal(out, "acct/acme/conv/acme_1001_923456789012");
	assert_int_equal(cw_topic_of_conversation("664f00aa11bb22cc33dd44ee", out), CW_INVALID);
	assert_int_equal(cw_topic_of_conversation("acme_1001_9/#", out), CW_INVALID);
}

static void inside_an_account_is_meant_literally(void **state)
{
	static const struct {
		const char *topic;
		bool is_inside;
	} rows[] = {
		{ "acct/acme/head", true },
		{ "acct/acme/#", true },
		{ "acct/acme/conv/+", true },
		{ "acct/acme/", true },
		{ "acct/acme", false }, /* the level itself is not below it */
		{ "acct/acmes/head", false },
		{ "acct/acm/head", false },
		{ "acct/+/head", false }, /* would reach every account */
		{ "+/acme/head", false },
		{ "acct/#", false },
		{ "#", false },
		{ "/acct/acme/head", false },
		{ "$SYS/acct/acme/head", false },
		{ "$share/g/acct/acme/head", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_topic_is_inside(rows[i].topic, "acme"), rows[i].is_inside);
	}
	assert_false(cw_topic_is_inside("acct/+/head", "+"));
	assert_false(cw_topic_is_inside("acct//head", ""));
}

static void filters_have_the_form_that_mqtt_gives_them(void **state)
{
	static const struct {
		const char *filter;
		bool is_valid;
	} rows[] = {
		{ "a", true },   { "a/b", true },   { "/", true },       { "a//b", true },  { "#", true },
		{ "+", true },   { "a/#", true },   { "+/a/+", true },   { "+/+/#", true }, { "$SYS/#", true },
		{ "", false },   { NULL, false },   { "a#", false },     { "#/a", false },  { "a/#/b", false },
		{ "a+", false }, { "+a", false },   { "a/b+/c", false }, { "##", false },   { "++", false },
		{ "#/", false }, { "a/+#", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_int_equal(cw_topic_filter_is_valid(rows[i].filter), rows[i].is_valid);
	}
}

static void topics_match_filters_as_mqtt_says(void **state)
{
	static const struct {
		const char *filter, *topic;
		bool matches;
	} rows[] = {
		/* MQTT 5.0, 4.7.1.2 and 4.7.1.3, the examples of the standard */
		{ "sport/tennis/player1/#", "sport/tennis/player1", true },
		{ "sport/tennis/player1/#", "sport/tennis/player1/ranking", true },
		{ "sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true },
		{ "sport/#", "sport", true },
		{ "sport/tennis/+", "sport/tennis/player1", true },
		{ "sport/tennis/+", "sport/tennis/player1/ranking", false },
		{ "sport/+", "sport", false },
		{ "sport/+", "sport/", true },
		{ "+/+", "/finance", true },
		{ "/+", "/finance", true },
		{ "+", "/finance", false },
		/* 4.7.2: topics that begin with $ */
		{ "#", "$SYS/x", false },
		{ "+/x", "$SYS/x", false },
		{ "+/#", "$SYS/x", false },
		{ "$SYS/#", "$SYS/x", true },
		/* names are compared as a whole, case-sensitively */
		{ "a/b", "a/bc", false },
		{ "a/bc", "a/b", false },
		{ "a/b", "A/b", false },
		{ "a", "a/", false },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		if (cw_topic_matches(rows[i].filter, rows[i].topic) != rows[i].matches) {
			fail_msg("%s and %s", rows[i].filter, rows[i].topic);
		}
	}
}

/* ---- inclusion against brute force: every filter and every topic of up to three levels ---- */

#define MAX_TEXTS 200

static size_t all_texts(const char *const *words, size_t n_words, bool are_filters, char out[MAX_TEXTS][16])
{
	size_t n = 0;
	size_t level_start = 0;

	for (size_t i = 0; i < n_words; i++) {
		(void)snprintf(out[n++], 16, "%s", words[i]); /* one letter */
	}
	for (int depth = 1; depth < 3; depth++) {
		size_t level_end = n;

		for (size_t at = level_start; at < level_end; at++) {
			for (size_t i = 0; i < n_words; i++) {
				char joined[34];

				(void)snprintf(joined, sizeof(joined), "%s/%s", out[at], words[i]); /* short */
				if (!are_filters || cw_topic_filter_is_valid(joined)) {
					assert_true(n < MAX_TEXTS);
					assert_true(cw_text_copy(out[n++], 16, joined));
				}
			}
		}
		level_start = level_end;
	}
	return n;
}

static void inclusion_agrees_with_trying_every_topic(void **state)
{
	static const char *const filter_words[] = { "a", "$", "+", "#", "" };
	/* z stands for every name that no filter contains, so that + matches more than the filters' names. */
	static const char *const topic_words[] = { "a", "$", "z", "", "$z" };
	static char filters[MAX_TEXTS][16];
	static char topics[MAX_TEXTS][16];
	size_t n_filters = all_texts(filter_words, N_ROWS(filter_words), true, filters);
	size_t n_topics = all_texts(topic_words, N_ROWS(topic_words), false, topics);

	(void)state;
	for (size_t outer = 0; outer < n_filters; outer++) {
		for (size_t inner = 0; inner < n_filters; inner++) {
			bool is_included = true;

			if (filters[outer][0] == '\0' || filters[inner][0] == '\0') {
				continue; /* an empty filter is not a filter */
			}
			for (size_t topic = 0; topic < n_topics && is_included; topic++) {
				is_included = topics[topic][0] == '\0' ||
					      !cw_topic_matches(filters[inner], topics[topic]) ||
					      cw_topic_matches(filters[outer], topics[topic]);
			}
			bool said = cw_topic_filter_includes(filters[outer], filters[inner]);

			if (said && !is_included) {
				fail_msg("%s does not include %s", filters[outer], filters[inner]);
			}
			/*
			 * Topics of three levels cannot tell x/+/+ from x/+/#, so the reverse is checked only for shorter filters.
			 */
			if (!said && is_included && strlen(filters[inner]) < 4 && !strchr(filters[inner], '#')) {
				fail_msg("%s includes %s", filters[outer], filters[inner]);
			}
		}
	}
}

static void a_filter_wider_than_the_grant_is_not_included(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool includes;
	} rows[] = {
		{ "acct/a/conv/+", "acct/a/conv/+", true },
		{ "acct/a/conv/+", "acct/a/conv/a_1_2", true },
		{ "acct/a/conv/+", "acct/a/conv/#", false },
		{ "acct/a/conv/+", "acct/a/+/+", false },
		{ "acct/a/conv/+", "acct/+/conv/+", false },
		{ "acct/a/#", "acct/a/conv/+", true },
		{ "acct/a/#", "acct/a", true },
		{ "acct/a/#", "acct/#", false },
		{ "#", "+/#", true },
		{ "+/#", "#", true }, /* the same topics */
		{ "#", "$SYS/#", false },
		{ "a/+/#", "a/#", false }, /* a itself is missing */
		{ "a/#", "a/+/#", true },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		if (cw_topic_filter_includes(rows[i].outer, rows[i].inner) != rows[i].includes) {
			fail_msg("%s and %s", rows[i].outer, rows[i].inner);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topics_are_made_of_their_parts_and_split_again),
		cmocka_unit_test(every_other_topic_is_refused_and_nothing_is_written),
		cmocka_unit_test(parts_that_are_missing_or_foreign_make_no_topic),
		cmocka_unit_test(the_filter_of_all_conversations_is_the_accounts),
		cmocka_unit_test(a_conversations_topic_is_made_of_its_id),
		cmocka_unit_test(inside_an_account_is_meant_literally),
		cmocka_unit_test(filters_have_the_form_that_mqtt_gives_them),
		cmocka_unit_test(topics_match_filters_as_mqtt_says),
		cmocka_unit_test(inclusion_agrees_with_trying_every_topic),
		cmocka_unit_test(a_filter_wider_than_the_grant_is_not_included),
	};

	return cmocka_run_group_tests_name("topic", tests, load_vectors, free_vectors);
}
