/* SPDX-License-Identifier: MIT */
#include "core/claim.h"

#include "core/access.h"
#include "tests/unit/temp_dir.h"
#include "tests/unit/unit.h"

static const struct cw_filter_names bob = { .account = "acme", .subject = "bob", .client_id = "acme:bob:1" };

static enum cw_status try_parse(const char *text, struct cw_claim **claim, struct cw_error *error)
{
	char *quoted = with_quotes(text);
	json_t *json = json_loads(quoted, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	if (!json) {
		fail_msg("not JSON: %s", text);
	}
	enum cw_status status = cw_claim_parse(json, claim, error);

	json_decref(json);
	free(quoted);
	return status;
}

static struct cw_claim *parse(const char *text)
{
	struct cw_claim *claim = NULL;
	struct cw_error error;

	assert_ok(try_parse(text, &claim, &error), error);
	assert_non_null(claim);
	return claim;
}

struct question {
	enum cw_claim_action action;
	const char *topic;
	int qos;
	bool retain;
};

static enum cw_claim_answer ask(const struct cw_claim *claim, const struct question *question,
				const struct cw_filter_names *names, size_t *entry)
{
	struct cw_levels levels;
	const struct cw_claim_request request = { .action = question->action,
						  .names = names,
						  .levels = &levels,
						  .qos = question->qos,
						  .retain = question->retain };

	assert_true(cw_levels_split(question->topic, &levels));
	return cw_claim_decide(claim, &request, entry);
}

/* One letter per decision, for publish, subscribe and delivery: a allows, r refuses, - leaves it to the role. */
static void assert_answers(const char *acl, const char *topic, int qos, bool retain, const char *expected)
{
	static const char letters[] = { [CW_CLAIM_LEAVES] = '-', [CW_CLAIM_ALLOWS] = 'a', [CW_CLAIM_REFUSES] = 'r' };
	struct cw_claim *claim = parse(acl);
	char found[4] = "";

	for (int action = CW_CLAIM_PUBLISH; action <= CW_CLAIM_DELIVERY; action++) {
		const struct question question = { (enum cw_claim_action)action, topic, qos, retain };

		found[action] = letters[ask(claim, &question, &bob, NULL)];
	}
	if (strcmp(found, expected) != 0) {
		fail_msg("%s at %s: %s, not %s", acl, topic, found, expected);
	}
	cw_claim_unref(claim);
}

#define ALLOW(action, rest) "{'permission':'allow','action':'" action "'," rest "}"
#define DENY(action, rest) "{'permission':'deny','action':'" action "'," rest "}"

static void every_form_of_an_entry_is_understood(void **state)
{
	static const struct {
		const char *acl, *topic;
		int qos;
		bool retain;
		const char *answers;
	} rows[] = {
		{ "[]", "a/b", 1, false, "---" }, /* decides nothing */
		{ "[" ALLOW("pub", "'topic':'a/b'") "]", "a/b", 1, false, "arr" },
		{ "[" ALLOW("publish", "'topic':'a/b'") "]", "a/b", 1, false, "arr" },
		{ "[" ALLOW("sub", "'topic':'a/b'") "]", "a/b", 1, false, "raa" },
		{ "[" ALLOW("subscribe", "'topic':'a/b'") "]", "a/b", 1, false, "raa" },
		{ "[" ALLOW("all", "'topic':'a/b'") "]", "a/b", 1, false, "aaa" },
		{ "[" ALLOW("all", "'topics':['x','a/b']") "]", "a/b", 1, false, "aaa" },
		{ "[" ALLOW("all", "'topics':[]") "]", "a/b", 1, false, "rrr" }, /* an empty whitelist */
		{ "[" DENY("all", "'topics':[]") "]", "a/b", 1, false, "---" },
		{ "[" DENY("pub", "'topic':'a/+'") "]", "a/b", 1, false, "r--" },
		{ "[" DENY("sub", "'topic':'a/#'") "]", "a/b", 1, false, "-rr" },
		/* qos applies to publishes and subscriptions, never to deliveries */
		{ "[" ALLOW("all", "'topic':'a/b','qos':1") "]", "a/b", 1, false, "aaa" },
		{ "[" ALLOW("all", "'topic':'a/b','qos':1") "]", "a/b", 0, false, "rra" },
		{ "[" ALLOW("all", "'topic':'a/b','qos':[0,2]") "]", "a/b", 2, false, "aaa" },
		{ "[" ALLOW("all", "'topic':'a/b','qos':[0,2]") "]", "a/b", 1, false, "rra" },
		{ "[" DENY("all", "'topic':'a/b','qos':[0,1,2]") "]", "a/b", 1, false, "rrr" },
		/* retain applies to publishes */
		{ "[" ALLOW("all", "'topic':'a/b','retain':true") "]", "a/b", 0, true, "aaa" },
		{ "[" ALLOW("all", "'topic':'a/b','retain':true") "]", "a/b", 0, false, "raa" },
		{ "[" ALLOW("all", "'topic':'a/b','retain':false") "]", "a/b", 0, true, "raa" },
		{ "[" ALLOW("all", "'topic':'a/b','retain':'all'") "]", "a/b", 0, true, "aaa" },
		{ "[" DENY("pub", "'topic':'a/b','retain':true") "]", "a/b", 0, true, "r--" },
		{ "[" DENY("pub", "'topic':'a/b','retain':true") "]", "a/b", 0, false, "---" },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		assert_answers(rows[i].acl, rows[i].topic, rows[i].qos, rows[i].retain, rows[i].answers);
	}
}

static void the_first_entry_that_matches_decides(void **state)
{
	struct cw_claim *claim = parse("[" DENY("all", "'topic':'a/secret'") "," ALLOW(
		"sub", "'topics':['a/+','b']") "," DENY("all", "'topic':'a/late'") "," ALLOW("pub", "'topic':'c'") "]");
	static const struct {
		struct question question;
		enum cw_claim_answer answer;
		size_t entry;
	} rows[] = {
		{ { CW_CLAIM_DELIVERY, "a/secret", 0, false }, CW_CLAIM_REFUSES, 1 },
		{ { CW_CLAIM_DELIVERY, "a/b", 0, false }, CW_CLAIM_ALLOWS, 2 },
		{ { CW_CLAIM_SUBSCRIBE, "b", 0, false }, CW_CLAIM_ALLOWS, 2 },     /* its second topic */
		{ { CW_CLAIM_DELIVERY, "a/late", 0, false }, CW_CLAIM_ALLOWS, 2 }, /* the third entry comes too late */
		{ { CW_CLAIM_PUBLISH, "a/late", 0, false }, CW_CLAIM_REFUSES, 3 },
		{ { CW_CLAIM_PUBLISH, "c", 0, false }, CW_CLAIM_ALLOWS, 4 },
		{ { CW_CLAIM_PUBLISH, "d", 0, false }, CW_CLAIM_REFUSES, 0 }, /* a whitelist */
		{ { CW_CLAIM_SUBSCRIBE, "a/+", 0, false }, CW_CLAIM_ALLOWS, 2 },
		{ { CW_CLAIM_SUBSCRIBE, "a/#", 0, false }, CW_CLAIM_REFUSES, 0 }, /* wider than what is allowed */
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		size_t entry = 99;

		assert_int_equal(ask(claim, &rows[i].question, &bob, &entry), rows[i].answer);
		assert_int_equal(entry, rows[i].entry);
	}
	cw_claim_unref(claim);
}

static void where_none_matches_only_a_list_that_allows_refuses(void **state)
{
	(void)state;
	assert_answers("[" DENY("all", "'topic':'x'") "]", "a", 0, false, "---");
	assert_answers("[" ALLOW("all", "'topic':'x'") "]", "a", 0, false, "rrr");
	assert_answers("[" DENY("all", "'topic':'x'") "," ALLOW("pub", "'topic':'y'") "]", "a", 0, false, "rrr");
	const struct question question = { CW_CLAIM_PUBLISH, "a", 0, false };

	assert_int_equal(ask(NULL, &question, &bob, NULL), CW_CLAIM_LEAVES);
}

static void placeholders_are_emqxs(void **state)
{
	(void)state;
	assert_answers("[" ALLOW("all", "'topic':'x/${clientid}'") "]", "x/acme:bob:1", 0, false, "aaa");
	assert_answers("[" ALLOW("all", "'topic':'x/${clientid}'") "]", "x/acme:bob:2", 0, false, "rrr");
	assert_answers("[" ALLOW("all", "'topic':'x/a${clientid}z'") "]", "x/aacme:bob:1z", 0, false, "aaa");
	/* The username is the one we set, which has two levels. */
	assert_answers("[" ALLOW("all", "'topic':'x/${username}/y'") "]", "x/acme/bob/y", 0, false, "aaa");
	assert_answers("[" ALLOW("all", "'topic':'${username}'") "]", "acme/bob", 0, false, "aaa");
	assert_answers("[" ALLOW("all", "'topic':'x/${username}'") "]", "x/acme/eve", 0, false, "rrr");
}

static void eq_is_the_filter_to_the_letter(void **state)
{
	(void)state;
	/* Allows the subscription itself and its deliveries; a publish has no wildcards. */
	assert_answers("[" ALLOW("all", "'topic':'eq a/+'") "]", "a/+", 0, false, "aaa");
	assert_answers("[" ALLOW("all", "'topic':'eq a/+'") "]", "a/b", 0, false, "rra");
	assert_answers("[" ALLOW("all", "'topic':'eq a/${clientid}'") "]", "a/${clientid}", 0, false, "aaa");
	assert_answers("[" ALLOW("all", "'topic':'eq a/${clientid}'") "]", "a/acme:bob:1", 0, false, "rrr");
	assert_answers("[" ALLOW("all", "'topic':'eq a/%a'") "]", "a/acme", 0, false, "rrr");
	/* Refusing a subscription does not refuse deliveries, which may come from another subscription. */
	assert_answers("[" DENY("all", "'topic':'eq a/#'") "]", "a/#", 0, false, "rrr");
	assert_answers("[" DENY("all", "'topic':'eq a/#'") "]", "a/b", 0, false, "---");
}

static void a_name_that_is_not_known_refuses_and_never_allows(void **state)
{
	const struct cw_filter_names http = { .account = "acme", .subject = "bob", .client_id = "" };
	const struct question question = { CW_CLAIM_DELIVERY, "x/y", 0, false };
	struct cw_claim *allows = parse("[" ALLOW("all", "'topic':'x/${clientid}'") "]");
	struct cw_claim *denies = parse("[" DENY("all", "'topic':'x/${clientid}'") "]");

	(void)state;
	assert_int_equal(ask(allows, &question, &http, NULL), CW_CLAIM_REFUSES);
	assert_int_equal(ask(denies, &question, &http, NULL), CW_CLAIM_REFUSES);
	cw_claim_unref(allows);
	cw_claim_unref(denies);
}

static void what_is_not_understood_refuses_the_claim(void **state)
{
	static const char *const bad[] = {
		"null",
		"{}",
		"{'pub':['a']}", /* EMQX's older form */
		"'a'",
		"7",
		"[7]",
		"[null]",
		"[[]]",
		"[{}]",
		"[{'action':'all','topic':'a'}]",
		"[{'permission':'Allow','action':'all','topic':'a'}]",
		"[{'permission':true,'action':'all','topic':'a'}]",
		"[{'permission':'allow','topic':'a'}]",
		"[" ALLOW("read", "'topic':'a'") "]",
		"[" ALLOW("", "'topic':'a'") "]",
		"[{'permission':'allow','action':['pub'],'topic':'a'}]",
		"[{'permission':'allow','action':'all'}]",
		"[" ALLOW("all", "'topic':'a','topics':['a']") "]",
		"[" ALLOW("all", "'topic':['a']") "]",
		"[" ALLOW("all", "'topics':'a'") "]",
		"[" ALLOW("all", "'topics':{'a':1}") "]",
		"[" ALLOW("all", "'topics':[7]") "]",
		"[" ALLOW("all", "'topics':['a',null]") "]",
		"[" ALLOW("all", "'topic':''") "]",
		"[" ALLOW("all", "'topic':'eq '") "]",
		"[" ALLOW("all", "'topic':'a\\u0000b'") "]",
		"[" ALLOW("all", "'topic':'a#'") "]",
		"[" ALLOW("all", "'topic':'a/#/b'") "]",
		"[" ALLOW("all", "'topic':'eq a#'") "]",
		"[" ALLOW("all", "'topic':'a/%c'") "]", /* our own placeholders do not exist in claims */
		"[" ALLOW("all", "'topic':'a/${cert_common_name}'") "]",
		"[" ALLOW("all", "'topic':'a/${clientid'") "]",
		"[" ALLOW("all", "'topic':'a/x${username}'") "]", /* two levels */
		"[" ALLOW("all", "'topic':'a/${username}x'") "]",
		"[" ALLOW("all", "'topic':'a','qos':3") "]",
		"[" ALLOW("all", "'topic':'a','qos':-1") "]",
		"[" ALLOW("all", "'topic':'a','qos':1.0") "]",
		"[" ALLOW("all", "'topic':'a','qos':'1'") "]",
		"[" ALLOW("all", "'topic':'a','qos':null") "]",
		"[" ALLOW("all", "'topic':'a','qos':[0,3]") "]",
		"[" ALLOW("all", "'topic':'a','qos':[[0]]") "]",
		"[" ALLOW("all", "'topic':'a','retain':1") "]",
		"[" ALLOW("all", "'topic':'a','retain':'true'") "]",
		"[" ALLOW("all", "'topic':'a','retain':null") "]",
		"[" ALLOW("all", "'topic':'a','ip':'127.0.0.1'") "]", /* an unsupported condition must not be ignored */
		"[" ALLOW("all", "'topic':'a','clientid_re':'x'") "]",
		"[" ALLOW("all", "'topic':'a'") "," DENY("none", "'topic':'b'") "]",
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(bad); i++) {
		struct cw_claim *claim = NULL;
		struct cw_error error = { .text = "" };

		if (try_parse(bad[i], &claim, &error) != CW_INVALID || claim) {
			fail_msg("taken: %s", bad[i]);
		}
		assert_contains(error.text, "acl claim");
	}
	struct cw_claim *claim = NULL;
	struct cw_error error;

	assert_int_equal(cw_claim_parse(NULL, &claim, &error), CW_INVALID);
	assert_int_equal(try_parse(bad[N_ROWS(bad) - 1], &claim, &error), CW_INVALID);
	assert_contains(error.text, "entry 2");
}

static void sixty_four_topics_and_no_more(void **state)
{
	json_t *topics = json_array();
	json_t *acl = json_pack("[{s:s, s:s, s:O}, {s:s, s:s, s:s}]", "permission", "allow", "action", "all", "topics",
				topics, "permission", "deny", "action", "all", "topic", "last");
	struct cw_claim *claim = NULL;
	struct cw_error error;

	(void)state;
	for (int i = 0; i < 63; i++) {
		assert_int_equal(json_array_append_new(topics, json_sprintf("t/%d", i)), 0);
	}
	assert_ok(cw_claim_parse(acl, &claim, &error), error);
	const struct question last = { CW_CLAIM_PUBLISH, "t/62", 0, false };

	assert_int_equal(ask(claim, &last, &bob, NULL), CW_CLAIM_ALLOWS);
	cw_claim_unref(claim);
	assert_int_equal(json_array_append_new(topics, json_string("one more")), 0);
	assert_int_equal(cw_claim_parse(acl, &claim, &error), CW_INVALID);
	assert_contains(error.text, "64");
	json_decref(topics);
	json_decref(acl);
}

static void a_topic_has_so_many_bytes_and_levels(void **state)
{
	char topic[400], acl[600];
	struct cw_claim *claim = NULL;
	struct cw_error error;

	(void)state;
	memset(topic, 'x', sizeof(topic));
	topic[CW_FILTER_MAX] = '\0';
	(void)snprintf(acl, sizeof(acl), "[" ALLOW("all", "'topic':'%s'") "]", topic);
	cw_claim_unref(parse(acl));
	topic[CW_FILTER_MAX] = 'x';
	topic[CW_FILTER_MAX + 1] = '\0';
	(void)snprintf(acl, sizeof(acl), "[" ALLOW("all", "'topic':'%s'") "]", topic);
	assert_int_equal(try_parse(acl, &claim, &error), CW_INVALID);
	(void)snprintf(acl, sizeof(acl), "[" ALLOW("all", "'topic':'eq %s'") "]", topic);
	assert_int_equal(try_parse(acl, &claim, &error), CW_INVALID);
	for (size_t i = 0; i < 65; i++) {
		topic[i] = i % 2 ? '/' : 'x';
	}
	topic[65] = '\0'; /* 33 levels */
	(void)snprintf(acl, sizeof(acl), "[" ALLOW("all", "'topic':'%s'") "]", topic);
	assert_int_equal(try_parse(acl, &claim, &error), CW_INVALID);
}

static void it_lives_as_long_as_somebody_keeps_it(void **state)
{
	struct cw_claim *claim = parse("[" ALLOW("pub", "'topic':'a'") "]");
	const struct question question = { CW_CLAIM_PUBLISH, "a", 0, false };

	(void)state;
	assert_ptr_equal(cw_claim_ref(claim), claim);
	cw_claim_unref(claim);
	assert_int_equal(ask(claim, &question, &bob, NULL), CW_CLAIM_ALLOWS);
	cw_claim_unref(claim); /* the sanitizer checks that this freed it */
	assert_null(cw_claim_ref(NULL));
	cw_claim_unref(NULL);
}

static void what_narrows_is_said(void **state)
{
	static const struct {
		const char *acl;
		bool narrows;
	} rows[] = {
		{ "[]", false },
		{ "[" DENY("all", "'topics':[]") "]", false },
		{ "[" ALLOW("all", "'topics':[]") "]", true },
		{ "[" DENY("pub", "'topic':'a'") "]", true },
		{ "[" ALLOW("all", "'topic':'#'") "]", true },
	};

	(void)state;
	assert_false(cw_claim_narrows(NULL));
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct cw_claim *claim = parse(rows[i].acl);

		assert_int_equal(cw_claim_narrows(claim), rows[i].narrows);
		cw_claim_unref(claim);
	}
}

/* ---- no claim ever widens a role ---- */

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 16 & 0x7fff;
}

static const char *const filters[] = {
	"acct/acme/#",    "acct/acme/conv/+",       "acct/acme/conv/acme_1_2", "acct/other/#",     "#",
	"acct/+/conv/+",  "acct/acme/conv/+/cmd/+", "acct/acme/events",        "$CONTROL/#",       "acct/acme/+",
	"eq acct/acme/#", "acct/acme/agent/bob/+",  "+/acme/events",           "acct/${username}",
};

static struct cw_claim *make_claim(unsigned *seed)
{
	static const char *const actions[] = { "pub", "sub", "all" };
	json_t *acl = json_array();
	unsigned n = next_random(seed) % 4;
	struct cw_claim *claim = NULL;
	struct cw_error error;

	for (unsigned i = 0; i < n; i++) {
		json_t *entry = json_pack("{s:s, s:s, s:s}", "permission", next_random(seed) % 2 ? "allow" : "deny",
					  "action", actions[next_random(seed) % 3], "topic",
					  filters[next_random(seed) % N_ROWS(filters)]);

		if (next_random(seed) % 3 == 0) {
			assert_int_equal(json_object_set_new(entry, "qos", json_integer(next_random(seed) % 3)), 0);
		}
		if (next_random(seed) % 3 == 0) {
			assert_int_equal(json_object_set_new(entry, "retain", json_boolean(next_random(seed) % 2)), 0);
		}
		assert_int_equal(json_array_append_new(acl, entry), 0);
	}
	assert_ok(cw_claim_parse(acl, &claim, &error), error);
	json_decref(acl);
	return claim;
}

static struct cw_access *make_roles(unsigned *seed)
{
	static const char *const words[] = { "read", "write", "readwrite", "readwrite", "deny" };
	static const char *const granted[] = { "acct/%a/conv/+",
					       "acct/%a/#",
					       "acct/#",
					       "acct/+/conv/+",
					       "acct/%a/events",
					       "acct/%a/conv/+/cmd/%s",
					       "acct/%a/agent/%s/+ retain",
					       "acct/%a/conv/+ qos 0" };
	char text[600] = "role r\n";
	struct cw_access *access = NULL;
	struct cw_error error;
	unsigned n = 1 + next_random(seed) % 3;

	if (next_random(seed) % 3 == 0) {
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "assigned\n");
	}
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "pattern %s %s\n",
			       words[next_random(seed) % N_ROWS(words)], granted[next_random(seed) % N_ROWS(granted)]);
	}
	assert_ok(cw_access_parse("roles.acl", text, &access, &error), error);
	return access;
}

static bool is_of_acme(void *context, const char *conversation, size_t len)
{
	(void)context;
	return len == 8 && memcmp(conversation, "acme_1_2", 8) == 0;
}

static void claims_never_widen_a_role(void **state)
{
	static const char *const topics[] = { "acct/acme/conv/acme_1_2",
					      "acct/acme/conv/acme_3_4",
					      "acct/acme/conv/+",
					      "acct/acme/conv/acme_1_2/cmd/bob",
					      "acct/acme/events",
					      "acct/other/events",
					      "acct/acme/agent/bob/reply",
					      "acct/#",
					      "#",
					      "$CONTROL/convwire/v1",
					      "$CONTROL/convwire/v1/assign",
					      "acct/acme/#" };
	unsigned seed = 21;
	int n_allowed = 0, n_narrowed = 0;

	(void)state;
	for (int round = 0; round < 40000; round++) {
		struct cw_access *access = make_roles(&seed);
		struct cw_claim *claim = make_claim(&seed);
		struct cw_access_request request = { .account = "acme",
						     .subject = "bob",
						     .role = "r",
						     .client_id = "acme:bob:1",
						     .action = (enum cw_access_action)(next_random(&seed) % 3),
						     .topic = topics[next_random(&seed) % N_ROWS(topics)],
						     .qos = (int)(next_random(&seed) % 3),
						     .retain = next_random(&seed) % 2,
						     .is_assigned = is_of_acme };
		bool without = cw_access_allows(access, &request);

		request.claim = claim;
		const struct cw_access_verdict with = cw_access_decide(access, &request);

		if (with.is_allowed && !without) {
			fail_msg("round %d: a claim opens %s", round, request.topic);
		}
		assert_true(with.is_allowed || !without || with.reason == CW_ACCESS_CLAIM);
		n_allowed += with.is_allowed;
		n_narrowed += without && !with.is_allowed;
		cw_claim_unref(claim);
		cw_access_destroy(access);
	}
	assert_true(n_allowed > 500 && n_narrowed > 500); /* both cases really occurred */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_an_entry_is_understood),
		cmocka_unit_test(the_first_entry_that_matches_decides),
		cmocka_unit_test(where_none_matches_only_a_list_that_allows_refuses),
		cmocka_unit_test(placeholders_are_emqxs),
		cmocka_unit_test(eq_is_the_filter_to_the_letter),
		cmocka_unit_test(a_name_that_is_not_known_refuses_and_never_allows),
		cmocka_unit_test(what_is_not_understood_refuses_the_claim),
		cmocka_unit_test(sixty_four_topics_and_no_more),
		cmocka_unit_test(a_topic_has_so_many_bytes_and_levels),
		cmocka_unit_test(it_lives_as_long_as_somebody_keeps_it),
		cmocka_unit_test(what_narrows_is_said),
		cmocka_unit_test(claims_never_widen_a_role),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
