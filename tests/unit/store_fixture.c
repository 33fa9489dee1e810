/* SPDX-License-Identifier: MIT */
#include "tests/unit/store_fixture.h"

#include <sqlite3.h>

#include "core/clock.h"
#include "core/text.h"
#include "tests/unit/unit.h"

static bool secret_allows(void *context, const char *secret, const char *account_name)
{
	(void)context;
	return strcmp(secret, "main") == 0 || (strcmp(secret, "foreign") == 0 && strcmp(account_name, "other") == 0);
}

static const char *secret_only_account(void *context, const char *secret)
{
	(void)context;
	return strcmp(secret, "main") == 0 ? "acme" : NULL;
}

/* Renders at once, on the writer's thread, as the publisher does. */
static void take_events(void *context, struct cw_event *given, size_t n_events)
{
	struct fixture *fixture = context;

	for (size_t i = 0; i < n_events; i++) {
		json_t *json = fixture->is_deaf ? NULL : cw_event_to_json(&given[i]);

		if (fixture->is_deaf) {
			cw_event_finish(&given[i]);
			continue;
		}
		(void)json_object_set_new(json, "id", json_integer(given[i].id));
		(void)json_object_set_new(json, "quiet", json_boolean(given[i].is_quiet));
		if (given[i].changes_assignment) {
			(void)json_object_set_new(json, "lost_by", json_string(given[i].lost_by));
			(void)json_object_set_new(json, "assignee", json_string(given[i].conversation.assignee));
		}
		(void)json_array_append_new(fixture->handed_over, json);
		cw_event_finish(&given[i]);
	}
	free(given);
}

static void note_breakdown(void *context, const char *what)
{
	struct fixture *fixture = context;

	print_message("the store broke down: %s\n", what);
	fixture->is_broken = true;
}

static void note_fault(void *context, const char *text)
{
	struct fixture *fixture = context;

	(void)snprintf(fixture->fault, sizeof(fixture->fault), "%s", text);
}

struct cw_store_options fixture_options(struct fixture *fixture)
{
	return (struct cw_store_options){
		.dir = fixture->dir.path,
		.tag = fixture->tag,
		.secrets = { secret_allows, secret_only_account, NULL },
		.max_queue_bytes = 1 << 24,
		.max_queue_age_ms = 60000,
		.on_events = take_events,
		.on_events_context = fixture,
		.on_fault = note_fault,
		.on_fault_context = fixture,
		.on_broken = note_breakdown,
		.on_broken_context = fixture,
	};
}

void fixture_open(struct fixture *fixture)
{
	struct cw_store_options options = fixture_options(fixture);

	assert_ok(cw_store_open(&options, &fixture->store, &fixture->error), fixture->error);
}

void fixture_close(struct fixture *fixture)
{
	cw_store_close(fixture->store);
	fixture->store = NULL;
}

void fixture_execute(struct fixture *fixture, const char *sql)
{
	sqlite3 *handle = NULL;

	assert_int_equal(sqlite3_open(temp_dir_path(&fixture->dir, "convwire.db"), &handle), SQLITE_OK);
	if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
	}
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
}

void fixture_change_database(struct fixture *fixture, const char *sql)
{
	fixture_close(fixture);
	fixture_execute(fixture, sql);
	fixture_open(fixture);
}

int64_t fixture_number(sqlite3 *handle, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(statement, 0);

	(void)sqlite3_finalize(statement);
	return number;
}

void fixture_set_clock(int64_t after_s)
{
	cw_clock_set_offset_ms(0);
	cw_clock_set_offset_ms(FIXTURE_NOW_MS + after_s * 1000 - cw_clock_now_ms());
}

int fixture_start(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	*state = fixture;
	temp_dir_make(&fixture->dir);
	fixture->tag = cw_tag_key_create("tag", 3);
	fixture->handed_over = json_array();
	fixture_set_clock(0);
	fixture_open(fixture);
	assert_ok(add_account(fixture, "acme"), fixture->error);
	assert_ok(add_number(fixture, "acme", "1001", NULL), fixture->error);
	return 0;
}

int fixture_stop(void **state)
{
	struct fixture *fixture = *state;

	fixture_close(fixture);
	json_decref(fixture->handed_over);
	json_decref(fixture->answer);
	cw_tag_key_destroy(fixture->tag);
	temp_dir_remove(&fixture->dir);
	free(fixture);
	cw_clock_set_offset_ms(0);
	return 0;
}

/* ---- writing ---- */

static enum cw_status run(struct fixture *fixture, struct cw_store_op *op)
{
	enum cw_status status = cw_store_run(fixture->store, op);

	fixture->error = op->error;
	return status;
}

enum cw_status add_account(struct fixture *fixture, const char *name)
{
	return run(fixture, &(struct cw_store_op){ .type = CW_STORE_ACCOUNT_ADD, .account = { .name = name } });
}

static bool note_replaying(void *context, const struct cw_number *number)
{
	*(bool *)context = *(bool *)context || number->is_replaying;
	return true;
}

static bool is_replaying(struct fixture *fixture)
{
	struct cw_reader *reader = NULL;
	bool is_any = false;

	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	assert_ok(cw_store_numbers(reader, note_replaying, &is_any, &fixture->error), fixture->error);
	cw_reader_release(reader);
	return is_any;
}

/* The writer replays a slice after every batch; an operation that does nothing makes it continue. */
static void finish_replay(struct fixture *fixture)
{
	for (int i = 0; i < 1000 && is_replaying(fixture); i++) {
		struct cw_store_op op = { .type = CW_STORE_CURSOR };

		assert_ok(run(fixture, &op), op.error);
	}
	assert_false(is_replaying(fixture));
}

enum cw_status add_number(struct fixture *fixture, const char *account_name, const char *phone_number_id,
			  const char *waba_id)
{
	struct cw_store_op op = {
		.type = CW_STORE_NUMBER_ADD,
		.number = { .account = account_name, .phone_number_id = phone_number_id, .waba_id = waba_id },
	};
	enum cw_status status = run(fixture, &op);
	struct cw_error error = fixture->error;

	if (status == CW_OK) {
		finish_replay(fixture);
	}
	fixture->error = error;
	return status;
}

enum cw_status add_alias(struct fixture *fixture, const char *phone_number_id, const char *customer,
			 const char *legacy_id, char *ret_conversation)
{
	struct cw_store_op op = {
		.type = CW_STORE_ALIAS_ADD,
		.alias = { .account = "acme",
			   .phone_number_id = phone_number_id,
			   .customer = customer,
			   .legacy_id = legacy_id },
	};
	enum cw_status status = run(fixture, &op);

	if (ret_conversation) {
		memcpy(ret_conversation, op.alias.conversation, sizeof(op.alias.conversation));
	}
	return status;
}

enum cw_status assign(struct fixture *fixture, const char *conversation_id, const char *subject)
{
	struct cw_store_op op = {
		.type = CW_STORE_ASSIGN,
		.assign = { .account = "acme", .conversation = conversation_id, .subject = subject },
	};

	return run(fixture, &op);
}

void post_body(struct fixture *fixture, const char *secret, const char *body)
{
	struct cw_webhook webhook = { .root = NULL };
	struct cw_error error;
	bool is_understood = cw_webhook_parse(body, strlen(body), &webhook, &error) == CW_OK;
	struct cw_store_op op = {
		.type = CW_STORE_WEBHOOK,
		.bytes = strlen(body),
		.webhook = { .secret = secret,
			     .webhook = is_understood ? &webhook : NULL,
			     .raw = body,
			     .raw_len = strlen(body),
			     .reason = "not understood" },
	};

	assert_ok(run(fixture, &op), op.error);
	cw_webhook_finish(&webhook);
}

void post_as(struct fixture *fixture, const char *secret, const char *waba_id, const char *field, const char *value)
{
	char *body = NULL;

	assert_true(asprintf(&body,
			     "{'object':'whatsapp_business_account','entry':[{'id':'%s','changes':[{'field':'%s',"
			     "'value':{%s}}]}]}",
			     waba_id, field, value) > 0);
	char *quoted = with_quotes(body);

	post_body(fixture, secret, quoted);
	free(quoted);
	free(body);
}

void post(struct fixture *fixture, const char *field, const char *value)
{
	post_as(fixture, "main", "0", field, value);
}

static void post_list(struct fixture *fixture, const char *list, const char *elements)
{
	char *value = NULL;

	assert_true(asprintf(&value, AT("1001") "'%s':[%s]", list, elements) > 0);
	post(fixture, "messages", value);
	free(value);
}

void post_messages(struct fixture *fixture, const char *messages)
{
	post_list(fixture, "messages", messages);
}

void post_statuses(struct fixture *fixture, const char *statuses)
{
	post_list(fixture, "statuses", statuses);
}

/* ---- reading ---- */

static struct cw_reader *ask(struct fixture *fixture, json_t *empty)
{
	struct cw_reader *reader = NULL;

	json_decref(fixture->answer);
	fixture->answer = empty;
	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	return reader;
}

static bool keep_conversation(void *context, const struct cw_conversation *row)
{
	struct fixture *fixture = context;

	json_decref(fixture->answer);
	fixture->answer = cw_conversation_to_json(row);
	return true;
}

json_t *conversation(struct fixture *fixture, const char *id)
{
	struct cw_reader *reader = ask(fixture, json_null());
	enum cw_status status = cw_store_conversation(reader, id, keep_conversation, fixture, &fixture->error);

	assert_true(status == CW_OK || status == CW_NOT_FOUND);
	cw_reader_release(reader);
	return fixture->answer;
}

static bool add_conversation(void *context, const struct cw_conversation *row)
{
	return json_array_append_new(context, cw_conversation_to_json(row)) == 0;
}

json_t *conversations(struct fixture *fixture, const char *account_name)
{
	struct cw_reader *reader = ask(fixture, json_array());
	char cursor[CW_LIST_CURSOR_MAX] = "";

	assert_ok(cw_store_conversations(reader, account_name, NULL, cursor, add_conversation, fixture->answer,
					 &fixture->error),
		  fixture->error);
	cw_reader_release(reader);
	return fixture->answer;
}

static bool add_message(void *context, const struct cw_message *message)
{
	return json_array_append_new(context, cw_message_to_json(message)) == 0;
}

json_t *thread(struct fixture *fixture, const char *id)
{
	struct cw_reader *reader = ask(fixture, json_array());

	assert_ok(cw_store_messages(reader, id, INT64_MAX, 1000, add_message, fixture->answer, &fixture->error),
		  fixture->error);
	cw_reader_release(reader);
	return fixture->answer;
}

static bool add_event(void *context, const struct cw_event *event)
{
	return json_array_append_new(context, cw_event_to_json(event)) == 0;
}

json_t *events(struct fixture *fixture, const char *account_name, int64_t since)
{
	struct cw_reader *reader = ask(fixture, json_array());

	assert_ok(cw_store_events_after(reader, account_name, since, add_event, fixture->answer, &fixture->error),
		  fixture->error);
	cw_reader_release(reader);
	return fixture->answer;
}

static bool add_match(void *context, const struct cw_conversation *row, const char *matched_by)
{
	return json_array_append_new(context, json_pack("{s:s, s:s}", "id", row->id, "matched_by", matched_by)) == 0;
}

static void check_compared(void *context, const char *line)
{
	(void)context;
	assert_true(strlen(line) > 0);
}

json_t *resolve(struct fixture *fixture, const char *id, const char *phone_number_id)
{
	struct cw_reader *reader = ask(fixture, json_array());
	const struct cw_resolve_sink sink = { add_match, check_compared, fixture->answer };

	assert_ok(cw_store_resolve(reader, "acme", id, phone_number_id, &sink, &fixture->error), fixture->error);
	cw_reader_release(reader);
	return fixture->answer;
}

struct cw_store_stats stats(struct fixture *fixture)
{
	struct cw_store_stats answer;

	cw_store_stats(fixture->store, &answer);
	return answer;
}

struct cw_account account(struct fixture *fixture, const char *name)
{
	struct cw_reader *reader = ask(fixture, NULL);
	struct cw_account answer;

	assert_ok(cw_store_account(reader, name, &answer, &fixture->error), fixture->error);
	cw_reader_release(reader);
	return answer;
}

static void print_fault(void *context, const char *text)
{
	(void)context;
	print_error("check: %s\n", text);
}

struct cw_check check(struct fixture *fixture)
{
	struct cw_reader *reader = ask(fixture, NULL);
	struct cw_check answer;

	assert_ok(cw_store_check(reader, -1, print_fault, NULL, &answer, &fixture->error), fixture->error);
	cw_reader_release(reader);
	return answer;
}

/* ---- answers ---- */

const json_t *at(const json_t *json, const char *path)
{
	char name[64];

	while (json && *path) {
		size_t len = strcspn(path, ".");
		int64_t index = 0;

		assert_true(len < sizeof(name));
		memcpy(name, path, len);
		name[len] = '\0';
		json = json_is_array(json) && cw_text_to_int64(name, &index) == CW_OK ?
			       json_array_get(json, (size_t)index) :
			       json_object_get(json, name);
		path += len + (path[len] == '.');
	}
	return json;
}

const char *text_at(const json_t *json, const char *path)
{
	const json_t *member = at(json, path);

	if (!member) {
		fail_msg("no member %s", path);
	}
	return json_is_string(member) ? json_string_value(member) : "null";
}

int64_t int_at(const json_t *json, const char *path)
{
	const json_t *member = at(json, path);

	if (!member) {
		fail_msg("no member %s", path);
	}
	return json_integer_value(member);
}
