/* SPDX-License-Identifier: MIT */
/*
 * Each of the store's operations, with each of its allocations failing once: the operation is either done completely,
 * or refused without any change; then a repetition succeeds.
 */
#include <sqlite3.h>

#include "core/buf.h"
#include "core/command.h"
#include "store/read_agent.h"
#include "store/store.h"
#include "tests/unit/nomem.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

#define MAX_FAULTS 5000 /* more allocations than any operation makes */
#define OUT "wamid.OUT"

/* One operation, prepared again each time it has succeeded. */
struct stage {
	int round;
	char conversation[CW_CONVERSATION_ID_MAX + 1];
	char message[CW_CLOCK_UUID_TEXT]; /* of the agent's newest message */
	char wamid[40];                   /* WhatsApp's id for it, once accepted */
	struct cw_command command;
	struct cw_webhook webhook;
	struct cw_agent agent;
	struct cw_store_op op;
};

/* ---- the database, as it is stored ---- */

/* A scene's own connection, in addition to the store's. */
static sqlite3 *handle;

static void open_database(struct fixture *fixture)
{
	assert_int_equal(sqlite3_open(temp_dir_path(&fixture->dir, "convwire.db"), &handle), SQLITE_OK);
}

static void dump_table(const char *table, struct cw_buf *out)
{
	char sql[100];
	sqlite3_stmt *statement = NULL;

	(void)snprintf(sql, sizeof(sql), "SELECT * FROM %s", table);
	assert_int_equal(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		assert_int_equal(cw_buf_append_text(out, table), CW_OK);
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			sqlite3_value *value = sqlite3_column_value(statement, i);
			const char *bytes = sqlite3_value_blob(value);

			assert_int_equal(cw_buf_append(out, "|", 1), CW_OK);
			assert_int_equal(cw_buf_append(out, bytes ? bytes : "", (size_t)sqlite3_value_bytes(value)),
					 CW_OK);
		}
		assert_int_equal(cw_buf_append(out, "\n", 1), CW_OK);
	}
	(void)sqlite3_finalize(statement);
}

/* All tables except meta and the search index, which the writer updates in the background. */
static void dump(struct cw_buf *out)
{
	static const char *const tables[] = { "account", "number",     "contact",    "identity",   "conversation",
					      "message", "event",      "notice",     "raw_change", "pending_status",
					      "command", "assignment", "revocation", "media",      "agent",
					      "session", "template",   "outbound",   "step",       "limited_subject" };

	cw_buf_init(out, 1 << 26);
	for (size_t i = 0; i < N_ROWS(tables); i++) {
		dump_table(tables[i], out);
	}
}

/* ---- preparation ---- */

static void customer_writes(struct fixture *fixture, struct stage *stage)
{
	char messages[300];

	(void)snprintf(stage->conversation, sizeof(stage->conversation), "acme_1001_9234%06d", stage->round);
	(void)snprintf(messages, sizeof(messages),
		       "{'from':'9234%06d','id':'in%d','timestamp':'%lld','type':'text','text':{'body':'hello'}}",
		       stage->round, stage->round, (long long)(cw_clock_now_ms() / 1000));
	post_messages(fixture, messages);
}

static void ask(struct stage *stage, const char *type, const char *data)
{
	struct cw_problem problem;
	char text[400];

	(void)snprintf(text, sizeof(text), "{\"id\":\"%s-%d\",\"type\":\"%s\",\"data\":%s}", type, stage->round, type,
		       data);
	if (!cw_command_parse(text, strlen(text), &stage->command, &problem)) {
		fail_msg("%s: %s", text, problem.detail);
	}
	stage->op = (struct cw_store_op){ .type = CW_STORE_COMMAND,
					  .command = { .account = "acme",
						       .subject = "ana",
						       .conversation = stage->conversation,
						       .command = &stage->command } };
}

static void finish_command(struct stage *stage)
{
	if (stage->op.type == CW_STORE_COMMAND) {
		free(stage->op.command.answer);
		stage->op.command.answer = NULL;
	}
	cw_command_finish(&stage->command);
}

static void say(struct fixture *fixture, struct stage *stage)
{
	customer_writes(fixture, stage);
	ask(stage, "send", "{\"kind\":\"text\",\"content\":{\"body\":\"a reply\"}}");
	assert_ok(cw_store_run(fixture->store, &stage->op), stage->op.error);
	json_t *answer = json_loads(stage->op.command.answer, 0, NULL);

	(void)snprintf(stage->message, sizeof(stage->message), "%s", text_at(answer, "message"));
	json_decref(answer);
	finish_command(stage);
	(void)snprintf(stage->wamid, sizeof(stage->wamid), OUT "%d", stage->round);
}

static void move_to(struct fixture *fixture, struct stage *stage, enum cw_outbound_state next)
{
	(void)fixture;
	stage->op = (struct cw_store_op){
		.type = CW_STORE_OUTBOUND_MOVE,
		.outbound_move = { .id = fixture_number(handle, "SELECT max(id) FROM outbound"),
				   .next = next,
				   .due_at_ms = cw_clock_now_ms() + 60000,
				   .wamid = next == CW_OUTBOUND_ACCEPTED ? stage->wamid : NULL,
				   .wa_id = next == CW_OUTBOUND_ACCEPTED ? "15557654321" : NULL,
				   .code = next == CW_OUTBOUND_FAILED ? 131047 : 0,
				   .title = next == CW_OUTBOUND_FAILED ? "Re-engagement message" : NULL,
				   .details = next == CW_OUTBOUND_FAILED ? "More than 24 hours" : NULL }
	};
}

static void say_and_move(struct fixture *fixture, struct stage *stage, enum cw_outbound_state next)
{
	say(fixture, stage);
	move_to(fixture, stage, CW_OUTBOUND_SENDING);
	assert_ok(cw_store_run(fixture->store, &stage->op), stage->op.error);
	move_to(fixture, stage, next);
}

static void say_and_be_accepted(struct fixture *fixture, struct stage *stage)
{
	say_and_move(fixture, stage, CW_OUTBOUND_ACCEPTED);
	assert_ok(cw_store_run(fixture->store, &stage->op), stage->op.error);
}

static void webhook(struct stage *stage, const char *value)
{
	struct cw_error error;
	struct cw_buf text;

	cw_buf_init(&text, 1 << 16);
	assert_int_equal(cw_buf_append_format(
				 &text,
				 "{'entry':[{'id':'0','changes':[{'field':'messages','value':{" AT("1001") "%s}}]}]}",
				 value),
			 CW_OK);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] = text.data[i] == '\'' ? '"' : text.data[i];
	}
	assert_ok(cw_webhook_parse(text.data, text.len, &stage->webhook, &error), error);
	cw_buf_finish(&text);
	stage->op = (struct cw_store_op){ .type = CW_STORE_WEBHOOK,
					  .webhook = { .secret = "main", .webhook = &stage->webhook } };
}

static void status_of(struct stage *stage, const char *status, const char *more)
{
	char value[500];

	(void)snprintf(value, sizeof(value),
		       "'statuses':[{'id':'%s','status':'%s','timestamp':'1800000002','recipient_id':'9234%06d'%s}]",
		       stage->wamid, status, stage->round, more);
	webhook(stage, value);
}

/* ---- expected results ---- */

static const char *status_shown(struct fixture *fixture, const struct stage *stage)
{
	json_t *messages = thread(fixture, stage->conversation);
	json_t *row = NULL;
	size_t i = 0;

	json_array_foreach(messages, i, row)
	{
		if (strcmp(text_at(row, "id"), stage->message) == 0) {
			return text_at(row, "status");
		}
	}
	return "none";
}

#define assert_status(wanted) assert_string_equal(status_shown(fixture, stage), wanted)

/* Found by its wamid alone, so its hash was stored, too. */
static void good_accepted(struct fixture *fixture, struct stage *stage)
{
	char status[200];

	assert_status("accepted");
	assert_string_equal(text_at(thread(fixture, stage->conversation), "0.wamid"), stage->wamid);
	(void)snprintf(status, sizeof(status),
		       "{'id':'%s','status':'read','timestamp':'1800000003','recipient_id':'9234%06d'}", stage->wamid,
		       stage->round);
	post_statuses(fixture, status);
	assert_status("read");
}

/* ---- the scenes ---- */

static void set_send(struct fixture *fixture, struct stage *stage)
{
	customer_writes(fixture, stage);
	ask(stage, "send", "{\"kind\":\"text\",\"content\":{\"body\":\"a reply\"}}");
}

static void good_send(struct fixture *fixture, struct stage *stage)
{
	assert_string_equal(text_at(thread(fixture, stage->conversation), "0.status"), "queued");
	assert_string_equal(text_at(thread(fixture, stage->conversation), "0.content.body"), "a reply");
}

static void set_reaction(struct fixture *fixture, struct stage *stage)
{
	char data[200];

	customer_writes(fixture, stage);
	(void)snprintf(data, sizeof(data),
		       "{\"kind\":\"reaction\",\"content\":{\"message\":\"%s\",\"emoji\":\"\xf0\x9f\x91\x8d\"}}",
		       text_at(thread(fixture, stage->conversation), "0.id"));
	ask(stage, "send", data);
}

static void good_reaction(struct fixture *fixture, struct stage *stage)
{
	(void)fixture;
	assert_int_equal(
		fixture_number(handle, "SELECT count(*) FROM message WHERE kind = 'reaction' AND target_wamid IS NULL"),
		0);
	assert_int_equal(fixture_number(handle, "SELECT count(*) FROM message WHERE kind = 'reaction'"),
			 stage->round + 1);
}

static void set_read(struct fixture *fixture, struct stage *stage)
{
	char data[100];

	customer_writes(fixture, stage);
	(void)snprintf(data, sizeof(data), "{\"message\":\"%s\"}", text_at(thread(fixture, stage->conversation), "0.id"));
	ask(stage, "read", data);
}

static void good_read(struct fixture *fixture, struct stage *stage)
{
	assert_int_equal(int_at(conversation(fixture, stage->conversation), "unread"), 0);
}

static void set_done(struct fixture *fixture, struct stage *stage)
{
	customer_writes(fixture, stage);
	ask(stage, "done", "{}");
}

static void good_done(struct fixture *fixture, struct stage *stage)
{
	assert_string_equal(text_at(conversation(fixture, stage->conversation), "state"), "done");
}

static void set_retry(struct fixture *fixture, struct stage *stage)
{
	char data[100];

	say_and_move(fixture, stage, CW_OUTBOUND_FAILED);
	assert_ok(cw_store_run(fixture->store, &stage->op), stage->op.error);
	(void)snprintf(data, sizeof(data), "{\"message\":\"%s\"}", stage->message);
	ask(stage, "retry", data);
}

static void good_queued(struct fixture *fixture, struct stage *stage)
{
	assert_status("queued");
}

static void set_discard(struct fixture *fixture, struct stage *stage)
{
	char data[100];

	say(fixture, stage);
	(void)snprintf(data, sizeof(data), "{\"message\":\"%s\"}", stage->message);
	ask(stage, "discard", data);
}

static void good_failed(struct fixture *fixture, struct stage *stage)
{
	assert_status("failed");
	assert_non_null(text_at(thread(fixture, stage->conversation), "0.error.title"));
}

static void set_sending(struct fixture *fixture, struct stage *stage)
{
	say(fixture, stage);
	move_to(fixture, stage, CW_OUTBOUND_SENDING);
}

static void good_sending(struct fixture *fixture, struct stage *stage)
{
	assert_status("sending");
}

static void set_accepted(struct fixture *fixture, struct stage *stage)
{
	say_and_move(fixture, stage, CW_OUTBOUND_ACCEPTED);
}

static void set_failed(struct fixture *fixture, struct stage *stage)
{
	say_and_move(fixture, stage, CW_OUTBOUND_FAILED);
}

static void set_unknown(struct fixture *fixture, struct stage *stage)
{
	say_and_move(fixture, stage, CW_OUTBOUND_UNKNOWN);
}

static void good_unknown(struct fixture *fixture, struct stage *stage)
{
	assert_status("unknown");
}

static void set_recover(struct fixture *fixture, struct stage *stage)
{
	set_sending(fixture, stage);
	assert_ok(cw_store_run(fixture->store, &stage->op), stage->op.error);
	stage->op = (struct cw_store_op){ .type = CW_STORE_OUTBOUND_RECOVER,
					  .recover_until_ms = cw_clock_now_ms() + 60000 };
}

static void set_delivered(struct fixture *fixture, struct stage *stage)
{
	say_and_be_accepted(fixture, stage);
	status_of(stage, "delivered", "");
}

static void good_delivered(struct fixture *fixture, struct stage *stage)
{
	assert_status("delivered");
}

/* The status arrives before the answer: the attempt is found by the mark sent with the message. */
static void set_marked(struct fixture *fixture, struct stage *stage)
{
	char mark[100];

	say_and_move(fixture, stage, CW_OUTBOUND_UNKNOWN);
	assert_ok(cw_store_run(fixture->store, &stage->op), stage->op.error);
	(void)snprintf(mark, sizeof(mark), ",'biz_opaque_callback_data':'%s.1'", stage->message);
	status_of(stage, "sent", mark);
}

static void good_marked(struct fixture *fixture, struct stage *stage)
{
	move_to(fixture, stage, CW_OUTBOUND_ACCEPTED);
	stage->op.outbound_move.wamid = NULL; /* the reported one */
	assert_ok(cw_store_run(fixture->store, &stage->op), stage->op.error);
	assert_status("sent");
	assert_string_equal(text_at(thread(fixture, stage->conversation), "0.wamid"), stage->wamid);
}

static void set_reported_failure(struct fixture *fixture, struct stage *stage)
{
	say_and_be_accepted(fixture, stage);
	status_of(stage, "failed", ",'errors':[{'code':131026,'title':'Message undeliverable'}]");
}

static void set_merge(struct fixture *fixture, struct stage *stage)
{
	char value[400];

	customer_writes(fixture, stage);
	(void)snprintf(value, sizeof(value),
		       AT("1001") "'contacts':[{'user_id':'US.%d'}],'messages':[{'from_user_id':'US.%d','id':'u%d','timestamp':"
				  "'1800000000','type':'text','text':{'body':'x'}}]",
		       stage->round, stage->round, stage->round);
	post(fixture, "messages", value);
	(void)snprintf(value, sizeof(value),
		       "'contacts':[{'wa_id':'9234%06d','user_id':'US.%d'}],'messages':[{'from':'9234%06d','from_user_id':'US.%d',"
		       "'id':'both%d','timestamp':'1800000001','type':'text','text':{'body':'both'}}]",
		       stage->round, stage->round, stage->round, stage->round, stage->round);
	webhook(stage, value);
}

static void good_merge(struct fixture *fixture, struct stage *stage)
{
	assert_int_equal(fixture_number(handle, "SELECT count(*) FROM conversation WHERE merged_into IS NOT NULL"),
			 stage->round + 1);
	assert_string_equal(text_at(thread(fixture, stage->conversation), "0.content.body"), "both");
}

static void set_media_add(struct fixture *fixture, struct stage *stage)
{
	customer_writes(fixture, stage);
	stage->op = (struct cw_store_op){ .type = CW_STORE_MEDIA_ADD,
					  .media_add = { .account = "acme",
							 .conversation = stage->conversation,
							 .mime_type = "image/png",
							 .filename = "a picture.png",
							 .size_bytes = 5 } };
}

static void good_media_add(struct fixture *fixture, struct stage *stage)
{
	(void)fixture;
	assert_int_equal(fixture_number(handle, "SELECT count(*) FROM media WHERE filename = 'a picture.png'"),
			 stage->round + 1);
}

static void set_media_ready(struct fixture *fixture, struct stage *stage)
{
	char messages[300];

	customer_writes(fixture, stage);
	(void)snprintf(messages, sizeof(messages),
		       "{'from':'9234%06d','id':'pic%d','timestamp':'1800000001','type':'image','image':{'id':'77%d',"
		       "'mime_type':'image/jpeg'}}",
		       stage->round, stage->round, stage->round);
	post_messages(fixture, messages);
	stage->op = (struct cw_store_op){ .type = CW_STORE_MEDIA_MOVE,
					  .media_move = { .id = fixture_number(handle, "SELECT max(id) FROM media"),
							  .outcome = CW_MEDIA_READY,
							  .size_bytes = 5,
							  .mime_type = "image/png" } };
}

static void good_media_ready(struct fixture *fixture, struct stage *stage)
{
	assert_string_equal(text_at(thread(fixture, stage->conversation), "0.media.state"), "ready");
	assert_string_equal(text_at(thread(fixture, stage->conversation), "0.media.mime_type"), "image/png");
}

static void set_assign(struct fixture *fixture, struct stage *stage)
{
	customer_writes(fixture, stage);
	stage->op = (struct cw_store_op){
		.type = CW_STORE_ASSIGN,
		.assign = { .account = "acme", .conversation = stage->conversation, .subject = "ana" }
	};
}

static void good_assign(struct fixture *fixture, struct stage *stage)
{
	assert_string_equal(text_at(conversation(fixture, stage->conversation), "assignee"), "ana");
}

static void set_revoke(struct fixture *fixture, struct stage *stage)
{
	(void)fixture;
	stage->op = (struct cw_store_op){ .type = CW_STORE_REVOKE,
					  .revocation = { .kind = CW_REVOKE_SUBJECT,
							  .account = "acme",
							  .revoked_at_s = FIXTURE_NOW_S,
							  .forget_at_s = FIXTURE_NOW_S + 100 } };
	(void)snprintf(stage->op.revocation.value, sizeof(stage->op.revocation.value), "agent-%d", stage->round);
}

static void good_revoke(struct fixture *fixture, struct stage *stage)
{
	(void)fixture;
	assert_int_equal(fixture_number(handle, "SELECT count(*) FROM revocation"), stage->round + 1);
}

static void set_agent(struct fixture *fixture, struct stage *stage)
{
	(void)fixture;
	stage->agent =
		(struct cw_agent){ .account = "acme", .name = "An Agent", .role = "agent", .password_hash = "$y$1" };
	(void)snprintf(stage->agent.subject, sizeof(stage->agent.subject), "agent-%d", stage->round);
	stage->op = (struct cw_store_op){ .type = CW_STORE_AGENT_ADD, .agent.agent = &stage->agent };
}

static void good_agent(struct fixture *fixture, struct stage *stage)
{
	(void)fixture;
	assert_int_equal(fixture_number(handle, "SELECT count(*) FROM agent"), stage->round + 1);
}

static void set_pause(struct fixture *fixture, struct stage *stage)
{
	struct cw_store_op resume = { .type = CW_STORE_NUMBER_PAUSE,
				      .pause = { .change = CW_NUMBER_RESUME, .phone_number_id = "1001" } };

	if (stage->round > 0) {
		assert_ok(cw_store_run(fixture->store, &resume), resume.error);
	}
	stage->op = (struct cw_store_op){ .type = CW_STORE_NUMBER_PAUSE,
					  .pause = { .change = CW_NUMBER_PAUSE,
						     .phone_number_id = "1001",
						     .code = 190,
						     .reason = "The token has expired." } };
}

static void good_pause(struct fixture *fixture, struct stage *stage)
{
	(void)fixture;
	(void)stage;
	assert_int_equal(fixture_number(handle, "SELECT count(*) FROM number WHERE paused_code = 190 AND paused_reason = "
						"'The token has expired.'"),
			 1);
}

static const struct scene {
	const char *name;
	void (*set)(struct fixture *fixture, struct stage *stage);
	void (*good)(struct fixture *fixture, struct stage *stage);
	int64_t faults; /* that the check finds afterwards */
} scenes[] = {
	{ "send", set_send, good_send, 0 },
	{ "reaction", set_reaction, good_reaction, 0 },
	{ "read", set_read, good_read, 0 },
	{ "done", set_done, good_done, 0 },
	{ "retry", set_retry, good_queued, 0 },
	{ "discard", set_discard, good_failed, 0 },
	{ "sending", set_sending, good_sending, 0 },
	{ "accepted", set_accepted, good_accepted, 0 },
	{ "failed", set_failed, good_failed, 0 },
	{ "unknown", set_unknown, good_unknown, 0 },
	{ "recover", set_recover, good_unknown, 0 },
	{ "status by wamid", set_delivered, good_delivered, 0 },
	{ "status by mark", set_marked, good_marked, 0 },
	{ "status with an error", set_reported_failure, good_failed, 0 },
	{ "merge", set_merge, good_merge, 0 },
	{ "file added", set_media_add, good_media_add, 1 },
	{ "file fetched", set_media_ready, good_media_ready, 1 }, /* the file itself does not exist */
	{ "assign", set_assign, good_assign, 0 },
	{ "revoke", set_revoke, good_revoke, 0 },
	{ "agent added", set_agent, good_agent, 0 },
	{ "number paused", set_pause, good_pause, 0 },
};

/*
 * Makes one allocation after another fail until the operation is done. Returns the number of the next allocation; 0:
 * none was left to fail.
 */
static long run_until_done(struct fixture *fixture, const struct scene *scene, struct stage *stage, long n)
{
	struct cw_buf before;

	scene->set(fixture, stage);
	dump(&before);
	int64_t version = fixture_number(handle, "PRAGMA data_version");
	for (;; n++) {
		assert_true(n < MAX_FAULTS);
		nomem_arm(n);
		enum cw_status status = cw_store_run(fixture->store, &stage->op);
		bool has_failed = nomem_disarm();

		if (status == CW_OK) {
			cw_buf_finish(&before);
			return has_failed ? n + 1 : 0;
		}
		if (status != CW_NOMEM) {
			fail_msg("%s, allocation %ld: %s", scene->name, n, stage->op.error.text);
		}
		if (fixture_number(handle, "PRAGMA data_version") == version) {
			continue; /* nothing was committed */
		}
		struct cw_buf after;

		dump(&after);
		if (after.len != before.len || memcmp(after.data, before.data, before.len) != 0) {
			fail_msg("%s, allocation %ld: refused, but something has changed", scene->name, n);
		}
		cw_buf_finish(&after);
	}
}

static void each_operation_is_done_whole_or_not_at_all(void **state)
{
	for (size_t i = 0; i < N_ROWS(scenes); i++) {
		fixture_stop(state);
		fixture_start(state);
		struct fixture *fixture = *state;
		long n = 1;

		open_database(fixture);
		fixture->is_deaf = true; /* otherwise most failures would hit rendering */

		for (int round = 0; n != 0; round++) {
			struct stage stage = { .round = round };

			n = run_until_done(fixture, &scenes[i], &stage, n);
			scenes[i].good(fixture, &stage);
			finish_command(&stage);
			cw_webhook_finish(&stage.webhook);
		}
		assert_false(fixture->is_broken);
		assert_int_equal(check(fixture).faults, scenes[i].faults);
		assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { STORE_TEST(each_operation_is_done_whole_or_not_at_all) };

	return cmocka_run_group_tests(tests, nomem_start, nomem_finish);
}
