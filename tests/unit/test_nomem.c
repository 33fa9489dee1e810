/* SPDX-License-Identifier: MIT */
/*
 * Each allocation fails once: ours, jansson's and SQLite's. The caller then reports that memory ran out, or does
 * without; nothing is half done, nothing valid is called invalid, and a repetition succeeds.
 */
#include "api/control.h"
#include "bridge/graph.h"
#include "core/access.h"
#include "core/buf.h"
#include "core/command.h"
#include "core/memory.h"
#include "core/token.h"
#include "tests/unit/jws.h"
#include "tests/unit/nomem.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

#define CHECK_EVERY 50 /* a check reads all of the database */

/* ---- webhooks ---- */

#define VALUE(parts) "{'entry':[{'id':'0','changes':[{'field':'messages','value':{" AT("1001") parts "}}]}]}"

/* Everything that one webhook may contain. `#`: the run's number, so that each run has its own ids. */
static const char *const bodies[] = {
	VALUE("'contacts':[{'profile':{'name':'Ayesha #'},'wa_id':'92345678#'}],"
	      "'messages':[{'from':'92345678#','id':'t#','timestamp':'1800000000','type':'text',"
	      "'text':{'body':'a text'},'context':{'from':'15550001111','id':'t0'}},"
	      "{'from':'92345678#','id':'i#','timestamp':'1800000001','type':'image',"
	      "'image':{'id':'77#','mime_type':'image/jpeg','sha256':'x','caption':'a picture'}},"
	      "{'from':'92345678#','id':'r#','timestamp':'1800000002','type':'reaction',"
	      "'reaction':{'message_id':'t#','emoji':'\\ud83d\\udc4d'}}]"),
	VALUE("'messages':[{'from':'92345679#','id':'e#','timestamp':'1800000000','type':'text','text':{'body':'first'}},"
	      "{'from':'92345679#','id':'f#','timestamp':'1800000003','type':'edit','edit':{'original_message_id':'e#',"
	      "'message':{'type':'text','text':{'body':'second, with a \x01'}}}}],"
	      "'statuses':[{'id':'s#','status':'delivered','timestamp':'1800000001','recipient_id':'92345679#'}]"),
};
static const char *const first_ids[] = { "t", "e" };
static const char *const customers[] = { "92345678", "92345679" };

static char *body_of(size_t i, long run)
{
	struct cw_buf text;
	char number[24];

	(void)snprintf(number, sizeof(number), "%04ld", run);
	cw_buf_init(&text, 1 << 16);
	for (const char *at = bodies[i]; *at; at++) {
		assert_int_equal(*at == '#' ? cw_buf_append_text(&text, number) : cw_buf_append(&text, at, 1), CW_OK);
	}
	char *quoted = with_quotes(text.data);

	cw_buf_finish(&text);
	return quoted;
}

static enum cw_status parse(const char *body, struct cw_webhook *webhook)
{
	struct cw_error error = { .status = CW_OK };

	return cw_webhook_parse(body, strlen(body), webhook, &error);
}

/*
 * If running out of memory made it look invalid, it would be set aside and acknowledged, and its messages would never
 * be shown.
 */
static void a_webhook_is_read_whole_or_not_at_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_ROWS(bodies); i++) {
		char *body = body_of(i, 1);
		struct cw_webhook whole;

		assert_int_equal(parse(body, &whole), CW_OK);
		bool has_failed = true;

		for (long n = 1; has_failed; n++) {
			struct cw_webhook webhook = { .root = NULL };

			nomem_arm(n);
			enum cw_status status = parse(body, &webhook);

			has_failed = nomem_disarm();
			if (status == CW_OK) {
				if (!json_equal(webhook.root, whole.root)) {
					fail_msg("allocation %ld of webhook %zu: %s", n, i, json_dumps(webhook.root, 0));
				}
				assert_int_equal(webhook.n_changes, whole.n_changes);
				cw_webhook_finish(&webhook);
			} else if (status != CW_NOMEM) {
				fail_msg("allocation %ld of webhook %zu: status %d", n, i, (int)status);
			}
		}
		cw_webhook_finish(&whole);
		free(body);
	}
}

static size_t n_stored(struct fixture *fixture, size_t i, long run)
{
	char id[64];
	char wamid[32];
	size_t n = 0;

	(void)snprintf(id, sizeof(id), "acme_1001_%s%04ld", customers[i], run);
	(void)snprintf(wamid, sizeof(wamid), "%s%04ld", first_ids[i], run);
	const json_t *messages = thread(fixture, id);

	for (size_t j = 0; j < json_array_size(messages); j++) {
		n += strcmp(text_at(json_array_get(messages, j), "wamid"), wamid) == 0;
	}
	return n;
}

static void what_is_not_acknowledged_is_not_there_and_may_come_again(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < N_ROWS(bodies); i++) {
		bool has_failed = true;

		for (long n = 1; has_failed; n++) {
			char *body = body_of(i, n);
			struct cw_webhook webhook;

			assert_int_equal(parse(body, &webhook), CW_OK);
			struct cw_store_op op = { .type = CW_STORE_WEBHOOK,
						  .webhook = { .secret = "main", .webhook = &webhook } };

			nomem_arm(n);
			enum cw_status status = cw_store_run(fixture->store, &op);

			has_failed = nomem_disarm();
			cw_webhook_finish(&webhook);
			if (status != CW_OK && status != CW_NOMEM) {
				fail_msg("allocation %ld of webhook %zu: %s", n, i, op.error.text);
			}
			if (n_stored(fixture, i, n) != (status == CW_OK)) {
				fail_msg("allocation %ld of webhook %zu: answered %d, stored %zu times", n, i,
					 (int)status, n_stored(fixture, i, n));
			}
			post_body(fixture, "main", body);
			assert_int_equal(n_stored(fixture, i, n), 1);
			if (n % CHECK_EVERY == 0) {
				assert_int_equal(check(fixture).faults, 0);
			}
			free(body);
		}
	}
	assert_false(fixture->is_broken);
	assert_int_equal(check(fixture).faults, 0);
}

/* ---- reading ---- */

struct rendering {
	struct cw_buf text;
	size_t n_good; /* bytes of the events passed on */
	bool has_failed;
};

static bool render(void *context, const struct cw_event *event)
{
	struct rendering *rendering = context;

	struct cw_buf one;

	cw_buf_init(&one, 1 << 20);
	rendering->has_failed = cw_event_render(event, &one) != CW_OK ||
				cw_buf_append(&rendering->text, one.data, one.len) != CW_OK;
	rendering->n_good = rendering->has_failed ? rendering->n_good : rendering->text.len;
	cw_buf_finish(&one);
	return !rendering->has_failed;
}

static enum cw_status read_log(struct fixture *fixture, struct rendering *out)
{
	struct cw_reader *reader = NULL;

	*out = (struct rendering){ .has_failed = false };
	cw_buf_init(&out->text, 1 << 20);
	enum cw_status status = cw_reader_acquire(fixture->store, &reader, &fixture->error);

	if (status == CW_OK) {
		status = cw_store_events_after(reader, "acme", 0, render, out, &fixture->error);
		cw_reader_release(reader);
	}
	return status == CW_OK && out->has_failed ? CW_NOMEM : status;
}

static void the_log_is_given_whole_or_with_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct rendering whole;
	bool has_failed = true;

	for (size_t i = 0; i < N_ROWS(bodies); i++) {
		char *body = body_of(i, 1);

		post_body(fixture, "main", body);
		free(body);
	}
	assert_ok(read_log(fixture, &whole), fixture->error);
	for (long n = 1; has_failed; n++) {
		struct rendering out;

		nomem_arm(n);
		enum cw_status status = read_log(fixture, &out);

		has_failed = nomem_disarm();
		/* Events passed on before the failure are already published, so each of them must be complete. */
		assert_in_range(out.n_good, 0, whole.n_good);
		if (out.n_good > 0 && memcmp(out.text.data, whole.text.data, out.n_good) != 0) {
			fail_msg("allocation %ld: an event was given without a part of it: %.*s", n, (int)out.n_good,
				 out.text.data);
		}
		if (status != CW_NOMEM && (status != CW_OK || out.n_good != whole.n_good)) {
			fail_msg("allocation %ld: status %d, %zu of %zu bytes", n, (int)status, out.n_good, whole.n_good);
		}
		cw_buf_finish(&out.text);
	}
	cw_buf_finish(&whole.text);
}

/* ---- rights ---- */

static void roles_are_read_whole_or_not_at_all(void **state)
{
	struct cw_error error;
	struct cw_access *whole = NULL;

	(void)state;
	assert_ok(cw_access_parse("roles", cw_access_shipped_roles, &whole, &error), error);
	bool has_failed = true;

	for (long n = 1; has_failed; n++) {
		struct cw_access *access = NULL;

		nomem_arm(n);
		enum cw_status status = cw_access_parse("roles", cw_access_shipped_roles, &access, &error);

		has_failed = nomem_disarm();
		if (status == CW_OK) {
			assert_int_equal(cw_access_n_roles(access), cw_access_n_roles(whole));
			cw_access_destroy(access);
		} else if (status != CW_NOMEM) {
			fail_msg("allocation %ld: %s", n, error.text);
		}
	}
	cw_access_destroy(whole);
}

/* If a claim lost a byte, it might name another account. */
static void a_token_means_what_it_says_or_nothing(void **state)
{
	static const char key[] = "a secret that is long enough to sign";
	struct temp_dir dir;
	struct cw_token_keys *keys = NULL;
	struct cw_error error;
	bool has_failed = true;

	(void)state;
	temp_dir_make(&dir);
	temp_dir_write_text(&dir, "shared/node.secret", key);
	temp_dir_write_text(&dir, "shared/node.conf", "algorithm = HS256\naccounts = *\n");
	assert_ok(cw_token_keys_load(dir.path, &keys, &error), error);
	char *text = jws_mac(
		key, strlen(key), "{'alg':'HS256','kid':'node'}",
		"{'account':'acme-of-the-long-name','sub':'ann','role':'agent','iat':1800000000,'exp':1800003600}");

	for (long n = 1; has_failed; n++) {
		struct cw_token token;

		nomem_arm(n);
		enum cw_status status = cw_token_verify(keys, text, FIXTURE_NOW_MS, &token, &error);

		has_failed = nomem_disarm();
		if (status == CW_OK) {
			assert_string_equal(token.account, "acme-of-the-long-name");
			assert_string_equal(token.subject, "ann");
			assert_string_equal(token.role, "agent");
			cw_token_finish(&token);
		}
		assert_true(status == CW_OK || has_failed);
	}
	free(text);
	cw_token_keys_destroy(keys);
	temp_dir_remove(&dir);
}

/* ---- commands ---- */

static void a_command_is_never_called_wrong_for_want_of_memory(void **state)
{
	static const char text[] =
		"{\"id\":\"0190f3a0-0000-7000-8000-000000000001\",\"type\":\"send\",\"data\":{\"kind\":\"text\","
		"\"content\":{\"body\":\"what an agent writes\"}}}";
	bool has_failed = true;

	(void)state;
	for (long n = 1; has_failed; n++) {
		struct cw_command command;
		struct cw_problem problem = { .status = 0 };

		nomem_arm(n);
		bool is_read = cw_command_parse(text, strlen(text), &command, &problem);

		has_failed = nomem_disarm();
		if (!is_read && problem.status != 503) {
			fail_msg("allocation %ld: %s: %s", n, problem.type, problem.detail);
		}
		assert_true(is_read || has_failed);
		cw_command_finish(&command);
	}
}

/* ---- requests to WhatsApp ---- */

static void a_customer_gets_all_of_a_reply_or_nothing_yet(void **state)
{
	static const char body[] = "{\"content\":{\"body\":\"what an agent \\u00e9crit \\ud83d\\ude00 to a customer\"}}";
	const struct cw_outbound outbound = { .attempt = 1,
					      .message = "0190f3a0-0000-7000-8000-000000000001",
					      .kind = CW_KIND_TEXT,
					      .body = body,
					      .wa_id = "923456789012" };
	const char *why = NULL;
	char *whole = graph_render(&outbound, "wamid.QUOTED", &why);
	bool has_failed = true;

	(void)state;
	assert_non_null(whole);
	assert_non_null(strstr(whole, "wamid.QUOTED"));
	for (long n = 1; has_failed; n++) {
		nomem_arm(n);
		char *request = graph_render(&outbound, "wamid.QUOTED", &why);

		has_failed = nomem_disarm();
		assert_null(why);
		assert_true(request || has_failed);
		if (request) {
			assert_string_equal(request, whole);
		}
		free(request);
	}
	free(whole);
}

/* ---- what the command line asks ---- */

/* A sentence that says what happened; never that an action or object which exists is unknown. */
static void an_action_without_memory_says_so(void **state)
{
	static const char *const rows[][2] = {
		{ "account.list", "{}" },
		{ "number.list", "{}" },
		{ "outbox.list", "{'failed':false}" },
		{ "agent.list", "{'account':'acme'}" },
		{ "template.list", "{'account':'acme'}" },
		{ "resolve", "{'account':'acme','id':'" CONVERSATION "'}" },
		{ "trace", "{'account':'acme','id':'" CONVERSATION "','limit':5}" },
		{ "check.sending", "{}" },
		{ "revocation.list", "{}" },
	};
	struct fixture *fixture = *state;
	const struct control control = { .store = fixture->store };

	post_messages(fixture, TEXT(CUSTOMER, "w1", 1800000000, "x"));
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		char *text = with_quotes(rows[i][1]);
		json_t *arguments = json_loads(text, 0, NULL);
		bool has_failed = true;

		for (long n = 1; has_failed; n++) {
			json_t *answer = NULL;

			cw_memory_watch();
			nomem_arm(n);
			enum cw_status status = control_do(&control, rows[i][0], arguments, &answer);

			has_failed = nomem_disarm();
			const char *said = json_string_value(json_object_get(answer, "error"));

			if (said && (strstr(said, "no action") || said[0] == '\0')) {
				fail_msg("allocation %ld of %s: \"%s\"", n, rows[i][0], said);
			}
			if (status == CW_NOT_FOUND || (status != CW_OK && !has_failed)) {
				fail_msg("allocation %ld of %s: status %d: %s", n, rows[i][0], (int)status, said);
			}
			json_decref(answer);
		}
		json_decref(arguments);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_webhook_is_read_whole_or_not_at_all),
		STORE_TEST(what_is_not_acknowledged_is_not_there_and_may_come_again),
		STORE_TEST(the_log_is_given_whole_or_with_an_error),
		cmocka_unit_test(roles_are_read_whole_or_not_at_all),
		cmocka_unit_test(a_token_means_what_it_says_or_nothing),
		cmocka_unit_test(a_command_is_never_called_wrong_for_want_of_memory),
		STORE_TEST(an_action_without_memory_says_so),
		cmocka_unit_test(a_customer_gets_all_of_a_reply_or_nothing_yet),
	};

	return cmocka_run_group_tests(tests, nomem_start, nomem_finish);
}
