/* SPDX-License-Identifier: MIT */
/* Agents' commands take effect exactly once; and each message's way through its conversation's lane. */

#include "core/command.h"
#include "store/read_sending.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

#define WINDOW_S (24 * 60 * 60)
#define PROBLEM_URN "urn:convwire:problem:"

struct asked {
	int http_status;
	char message[CW_CLOCK_UUID_TEXT]; /* "": none was made */
	char problem[64];                 /* its type, without the URN; "": the command was accepted */
	char *answer;                     /* for free() */
};

static struct asked command(struct fixture *fixture, const char *conversation_id, const char *text)
{
	struct asked asked = { .http_status = 0 };
	struct cw_command read;
	struct cw_problem problem = { .type = "" };
	char *json = with_quotes(text);

	if (!cw_command_parse(json, strlen(json), &read, &problem)) {
		fail_msg("%s: %s", json, problem.detail);
	}
	struct cw_store_op op = {
		.type = CW_STORE_COMMAND,
		.command = { .account = "acme", .subject = "ana", .conversation = conversation_id, .command = &read }
	};

	assert_ok(cw_store_run(fixture->store, &op), op.error);
	json_t *answer = json_loads(op.command.answer, 0, NULL);

	if (!json_is_true(at(answer, "ok"))) {
		const char *type = text_at(answer, "problem.type");

		assert_int_equal(strncmp(type, PROBLEM_URN, strlen(PROBLEM_URN)), 0);
		(void)snprintf(asked.problem, sizeof(asked.problem), "%s", type + strlen(PROBLEM_URN));
	}
	if (json_is_string(json_object_get(answer, "message"))) {
		(void)snprintf(asked.message, sizeof(asked.message), "%s", text_at(answer, "message"));
	}
	asked.http_status = op.command.http_status;
	asked.answer = op.command.answer;
	json_decref(answer);
	cw_command_finish(&read);
	free(json);
	return asked;
}

/* Queues a text message; returns its id, valid until the next call. */
static const char *say(struct fixture *fixture, const char *conversation_id, const char *command_id)
{
	static char message[CW_CLOCK_UUID_TEXT];
	char text[300];

	(void)snprintf(text, sizeof(text), "{'id':'%s','type':'send','data':{'kind':'text','content':{'body':'%s'}}}",
		       command_id, command_id);
	struct asked asked = command(fixture, conversation_id, text);

	assert_string_equal(asked.problem, "");
	memcpy(message, asked.message, sizeof(message));
	free(asked.answer);
	return message;
}

static struct asked act(struct fixture *fixture, const char *conversation_id, const char *type, const char *message)
{
	static int n;
	char text[300];

	(void)snprintf(text, sizeof(text), "{'id':'%s-%d','type':'%s','data':{'message':'%s'}}", type, ++n, type,
		       message);
	struct asked asked = command(fixture, conversation_id, text);

	free(asked.answer);
	asked.answer = NULL;
	return asked;
}

static void write_in(struct fixture *fixture, const char *customer, const char *wamid)
{
	char messages[300];

	(void)snprintf(messages, sizeof(messages),
		       "{'from':'%s','id':'%s','timestamp':'%lld','type':'text','text':{'body':'hello'}}", customer,
		       wamid, (long long)(cw_clock_now_ms() / 1000));
	post_messages(fixture, messages);
}

/* ---- the bridge's part ---- */

struct job {
	int64_t id, conversation;
	enum cw_outbound_state state;
	int attempt;
	char message[CW_CLOCK_UUID_TEXT];
};

struct jobs {
	struct job list[64];
	size_t n;
};

static bool note_job(void *context, const struct cw_outbound *outbound)
{
	struct jobs *jobs = context;
	struct job *job = &jobs->list[jobs->n];

	assert_true(jobs->n < N_ROWS(jobs->list));
	*job = (struct job){ .id = outbound->id,
			     .conversation = outbound->conversation,
			     .state = outbound->state,
			     .attempt = outbound->attempt };
	memcpy(job->message, outbound->message, sizeof(job->message));
	jobs->n++;
	return true;
}

static struct jobs due_at(struct fixture *fixture, int64_t now_ms)
{
	struct jobs jobs = { .n = 0 };
	struct cw_reader *reader = NULL;
	int64_t next_due_ms = 0;

	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	assert_ok(cw_store_next_outbound(reader, "1001", now_ms, N_ROWS(jobs.list), note_job, &jobs, &next_due_ms,
					 &fixture->error),
		  fixture->error);
	cw_reader_release(reader);
	return jobs;
}

static struct jobs due(struct fixture *fixture)
{
	return due_at(fixture, cw_clock_now_ms());
}

/* The only due attempt, which must be of this message. */
static int64_t due_alone(struct fixture *fixture, const char *message)
{
	struct jobs jobs = due(fixture);

	assert_int_equal(jobs.n, 1);
	assert_string_equal(jobs.list[0].message, message);
	return jobs.list[0].id;
}

static enum cw_status move(struct fixture *fixture, const struct cw_store_outbound_move *move,
			   enum cw_outbound_state *ret_now)
{
	struct cw_store_op op = { .type = CW_STORE_OUTBOUND_MOVE, .outbound_move = *move };
	enum cw_status status = cw_store_run(fixture->store, &op);

	if (ret_now) {
		*ret_now = op.outbound_move.now;
	}
	return status;
}

static void must_move(struct fixture *fixture, int64_t id, enum cw_outbound_state next)
{
	struct cw_store_outbound_move asked = { .id = id, .next = next, .due_at_ms = cw_clock_now_ms() + 60000 };
	enum cw_outbound_state now = CW_OUTBOUND_QUEUED;

	assert_int_equal(move(fixture, &asked, &now), CW_OK);
	assert_int_equal(now, next);
}

static void accept_as(struct fixture *fixture, int64_t id, const char *wamid)
{
	must_move(fixture, id, CW_OUTBOUND_SENDING);
	assert_int_equal(move(fixture,
			      &(struct cw_store_outbound_move){ .id = id, .next = CW_OUTBOUND_ACCEPTED, .wamid = wamid },
			      NULL),
			 CW_OK);
}

static enum cw_status recover(struct fixture *fixture, int64_t until_ms)
{
	struct cw_store_op op = { .type = CW_STORE_OUTBOUND_RECOVER, .recover_until_ms = until_ms };

	return cw_store_run(fixture->store, &op);
}

/* Reports a status of an attempt, by WhatsApp's id and, if message is given, also with the mark sent with it. */
static void report(struct fixture *fixture, const char *wamid, const char *status, const char *message, int attempt)
{
	char mark[100] = "";
	char text[400];

	if (message) {
		(void)snprintf(mark, sizeof(mark), "'biz_opaque_callback_data':'%s.%d',", message, attempt);
	}
	(void)snprintf(text, sizeof(text),
		       "{'id':'%s','status':'%s',%s%s'timestamp':'1800000002','recipient_id':'" CUSTOMER "'}", wamid,
		       status, mark, strcmp(status, "failed") == 0 ? "'errors':[{'code':131026,'title':'t'}]," : "");
	post_statuses(fixture, text);
}

static json_t *row_of(struct fixture *fixture, const char *conversation_id, const char *message)
{
	json_t *list = thread(fixture, conversation_id);
	json_t *row = NULL;
	size_t index = 0;

	json_array_foreach(list, index, row)
	{
		if (strcmp(text_at(row, "id"), message) == 0) {
			return row;
		}
	}
	fail_msg("%s is not in the thread", message);
	return NULL;
}

#define shown(fixture, conversation, message) text_at(row_of(fixture, conversation, message), "status")
#define assert_shown(message, status) assert_string_equal(shown(fixture, CONVERSATION, message), status)

/* ---- lanes ---- */

static void one_of_a_conversation_goes_at_a_time_and_in_order(void **state)
{
	struct fixture *fixture = *state;
	char first[CW_CLOCK_UUID_TEXT];
	char second[CW_CLOCK_UUID_TEXT];

	write_in(fixture, CUSTOMER, "w1");
	memcpy(first, say(fixture, CONVERSATION, "a"), sizeof(first));
	memcpy(second, say(fixture, CONVERSATION, "b"), sizeof(second));
	int64_t id = due_alone(fixture, first);

	must_move(fixture, id, CW_OUTBOUND_SENDING);
	assert_int_equal(due(fixture).n, 0);
	must_move(fixture, id, CW_OUTBOUND_RETRYING);
	assert_shown(first, "retrying");
	assert_int_equal(due(fixture).n, 0); /* and nothing overtakes it */
	fixture_set_clock(61);
	assert_int_equal(due_alone(fixture, first), id);
	accept_as(fixture, id, "out1");
	accept_as(fixture, due_alone(fixture, second), "out2");
	assert_int_equal(due(fixture).n, 0);
	assert_shown(first, "accepted");
}

static void other_conversations_do_not_wait(void **state)
{
	struct fixture *fixture = *state;

	write_in(fixture, CUSTOMER, "w1");
	write_in(fixture, "15551112222", "w2");
	(void)say(fixture, CONVERSATION, "a");
	(void)say(fixture, "acme_1001_15551112222", "b");
	struct jobs jobs = due(fixture);

	assert_int_equal(jobs.n, 2);
	must_move(fixture, jobs.list[0].id, CW_OUTBOUND_SENDING);
	must_move(fixture, jobs.list[0].id, CW_OUTBOUND_UNKNOWN);
	assert_int_equal(due(fixture).n, 1);
}

static void moves_that_are_not_in_the_table_change_nothing(void **state)
{
	struct fixture *fixture = *state;
	char message[CW_CLOCK_UUID_TEXT];

	write_in(fixture, CUSTOMER, "w1");
	memcpy(message, say(fixture, CONVERSATION, "a"), sizeof(message));
	int64_t id = due_alone(fixture, message);
	int64_t head = account(fixture, "acme").head;

	assert_int_equal(move(fixture, &(struct cw_store_outbound_move){ .id = id, .next = CW_OUTBOUND_ACCEPTED }, NULL),
			 CW_DENIED);
	assert_int_equal(move(fixture, &(struct cw_store_outbound_move){ .id = id, .next = CW_OUTBOUND_UNKNOWN }, NULL),
			 CW_DENIED);
	assert_int_equal(move(fixture, &(struct cw_store_outbound_move){ .id = 99, .next = CW_OUTBOUND_SENDING }, NULL),
			 CW_NOT_FOUND);
	accept_as(fixture, id, "out1");
	assert_int_equal(move(fixture, &(struct cw_store_outbound_move){ .id = id, .next = CW_OUTBOUND_SENDING }, NULL),
			 CW_DENIED);
	assert_int_equal(account(fixture, "acme").head, head + 2); /* sending, accepted */
}

static void after_a_start_what_was_being_sent_is_unknown_and_holds_its_lane_for_a_while(void **state)
{
	struct fixture *fixture = *state;
	char first[CW_CLOCK_UUID_TEXT];
	char second[CW_CLOCK_UUID_TEXT];

	write_in(fixture, CUSTOMER, "w1");
	memcpy(first, say(fixture, CONVERSATION, "a"), sizeof(first));
	memcpy(second, say(fixture, CONVERSATION, "b"), sizeof(second));
	int64_t id = due_alone(fixture, first);

	must_move(fixture, id, CW_OUTBOUND_SENDING);
	fixture_close(fixture);
	fixture_open(fixture);
	assert_int_equal(recover(fixture, cw_clock_now_ms() + 60000), CW_OK);
	assert_shown(first, "unknown");
	assert_int_equal(due(fixture).n, 0);
	fixture_set_clock(61);
	struct jobs jobs = due(fixture);

	assert_int_equal(jobs.n, 1);
	assert_int_equal(jobs.list[0].state, CW_OUTBOUND_UNKNOWN);
	assert_int_equal(move(fixture, &(struct cw_store_outbound_move){ .id = id, .next = CW_OUTBOUND_UNKNOWN }, NULL),
			 CW_OK);
	(void)due_alone(fixture, second); /* later messages are sent; this one waits for a person */
	assert_shown(first, "unknown");
}

/* ---- rows that violate an invariant ---- */

/* Starting with such rows works: what was being sent becomes unknown, and other messages are sent. */
static void a_bad_row_is_reported_and_stops_nobody_else(void **state)
{
	static const struct {
		const char *sql, *reported;
		int64_t n_faults; /* that `check` finds in the end */
	} rows[] = {
		{ "UPDATE message SET body = 'not JSON' WHERE kind = 'text' AND outbound = 1 AND id = (SELECT min(message) FROM "
		  "outbound)",
		  "the body of message ", 1 },
		{ "UPDATE message SET body = '[]' WHERE id = (SELECT min(message) FROM outbound)",
		  "the body of message ", 1 },
		/* No wamid: the status brings it. */
		{ "UPDATE outbound SET state = 'accepted', holds_lane = 0 WHERE id = 1", "", 0 },
	};

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		fixture_stop(state);
		fixture_start(state);
		struct fixture *fixture = *state;
		char first[CW_CLOCK_UUID_TEXT];
		char second[CW_CLOCK_UUID_TEXT];

		write_in(fixture, CUSTOMER, "w1");
		write_in(fixture, "15551112222", "w2");
		memcpy(first, say(fixture, CONVERSATION, "a"), sizeof(first));
		memcpy(second, say(fixture, "acme_1001_15551112222", "b"), sizeof(second));
		must_move(fixture, due(fixture).list[0].id, CW_OUTBOUND_SENDING);
		fixture_change_database(fixture, rows[i].sql);
		assert_int_equal(recover(fixture, cw_clock_now_ms() + 60000), CW_OK);
		accept_as(fixture, due_alone(fixture, second), "out2");
		report(fixture, "out1", "delivered", first, 1);
		report(fixture, "out1", "read", NULL, 0);
		assert_false(fixture->is_broken);
		assert_int_equal(strncmp(fixture->fault, rows[i].reported, strlen(rows[i].reported)), 0);
		assert_int_equal(*fixture->fault == '\0', *rows[i].reported == '\0');
		assert_int_equal(check(fixture).faults, rows[i].n_faults);
	}
}

/* Kinds from a newer version, after a downgrade. */
static void a_message_of_an_unknown_kind_does_not_stop_those_behind_it(void **state)
{
	struct fixture *fixture = *state;
	char second[CW_CLOCK_UUID_TEXT];

	write_in(fixture, CUSTOMER, "w1");
	write_in(fixture, "15551112222", "w2");
	(void)say(fixture, CONVERSATION, "a");
	memcpy(second, say(fixture, "acme_1001_15551112222", "b"), sizeof(second));
	fixture_change_database(fixture,
				"UPDATE message SET kind = 'hologram' WHERE id = (SELECT min(message) FROM outbound)");
	(void)due_alone(fixture, second);
	assert_contains(fixture->fault, "unknown state or kind");

	/* Nor does it take the place of one that can be sent, however few are asked for. */
	struct jobs jobs = { .n = 0 };
	struct cw_reader *reader = NULL;
	int64_t next_due_ms = 0;

	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	assert_ok(cw_store_next_outbound(reader, "1001", cw_clock_now_ms(), 1, note_job, &jobs, &next_due_ms,
					 &fixture->error),
		  fixture->error);
	cw_reader_release(reader);
	assert_int_equal(jobs.n, 1);
	assert_string_equal(jobs.list[0].message, second);
}

static void a_paused_number_begins_nothing(void **state)
{
	struct fixture *fixture = *state;
	char message[CW_CLOCK_UUID_TEXT];
	struct cw_store_op pause = { .type = CW_STORE_NUMBER_PAUSE,
				     .pause = { .phone_number_id = "1001", .code = 190, .reason = "The token is over." } };

	write_in(fixture, CUSTOMER, "w1");
	memcpy(message, say(fixture, CONVERSATION, "a"), sizeof(message));
	int64_t id = due_alone(fixture, message);

	assert_ok(cw_store_run(fixture->store, &pause), pause.error);
	assert_int_equal(cw_store_run(fixture->store, &pause), CW_DUPLICATE);
	assert_int_equal(move(fixture, &(struct cw_store_outbound_move){ .id = id, .next = CW_OUTBOUND_SENDING }, NULL),
			 CW_BUSY);
	pause.pause.change = CW_NUMBER_RESUME;
	assert_ok(cw_store_run(fixture->store, &pause), pause.error);
	must_move(fixture, id, CW_OUTBOUND_SENDING);
}

static void a_window_that_closes_while_it_waits_is_not_tried(void **state)
{
	struct fixture *fixture = *state;
	char message[CW_CLOCK_UUID_TEXT];
	enum cw_outbound_state now = CW_OUTBOUND_QUEUED;

	write_in(fixture, CUSTOMER, "w1");
	memcpy(message, say(fixture, CONVERSATION, "a"), sizeof(message));
	fixture_set_clock(WINDOW_S + 1);
	int64_t id = due_alone(fixture, message);

	assert_int_equal(move(fixture, &(struct cw_store_outbound_move){ .id = id, .next = CW_OUTBOUND_SENDING }, &now),
			 CW_OK);
	assert_int_equal(now, CW_OUTBOUND_FAILED);
	assert_shown(message, "failed");
	assert_int_equal(int_at(thread(fixture, CONVERSATION), "0.error.code"), 131047);
}

/* ---- statuses ---- */

static void a_status_settles_what_is_unknown(void **state)
{
	struct fixture *fixture = *state;
	char message[CW_CLOCK_UUID_TEXT];

	write_in(fixture, CUSTOMER, "w1");
	memcpy(message, say(fixture, CONVERSATION, "a"), sizeof(message));
	int64_t id = due_alone(fixture, message);

	must_move(fixture, id, CW_OUTBOUND_SENDING);
	report(fixture, "out1", "delivered", message, 1);
	assert_shown(message, "sending"); /* the request is still under way */
	must_move(fixture, id, CW_OUTBOUND_ACCEPTED);
	assert_shown(message, "delivered");

	memcpy(message, say(fixture, CONVERSATION, "b"), sizeof(message));
	id = due_alone(fixture, message);
	must_move(fixture, id, CW_OUTBOUND_SENDING);
	must_move(fixture, id, CW_OUTBOUND_UNKNOWN);
	report(fixture, "out2", "sent", message, 1);
	must_move(fixture, id, CW_OUTBOUND_ACCEPTED);
	assert_shown(message, "sent");
	report(fixture, "out2", "read", NULL, 0); /* the wamid came with the first one */
	report(fixture, "out2", "delivered", NULL, 0);
	assert_shown(message, "read");
}

static void a_status_without_mark_before_the_answer_waits_for_it(void **state)
{
	struct fixture *fixture = *state;
	char message[CW_CLOCK_UUID_TEXT];

	write_in(fixture, CUSTOMER, "w1");
	memcpy(message, say(fixture, CONVERSATION, "a"), sizeof(message));
	report(fixture, "out1", "delivered", NULL, 0);
	accept_as(fixture, due_alone(fixture, message), "out1");
	assert_shown(message, "delivered");
}

static void a_retry_is_another_attempt_and_the_older_one_shows_nothing_more(void **state)
{
	struct fixture *fixture = *state;
	char message[CW_CLOCK_UUID_TEXT];

	write_in(fixture, CUSTOMER, "w1");
	memcpy(message, say(fixture, CONVERSATION, "a"), sizeof(message));
	assert_string_equal(act(fixture, CONVERSATION, "retry", message).problem, "not_possible"); /* it is only waiting */
	accept_as(fixture, due_alone(fixture, message), "out1");
	assert_string_equal(act(fixture, CONVERSATION, "discard", message).problem, "not_possible");
	report(fixture, "out1", "failed", message, 1);
	assert_shown(message, "failed");
	assert_string_equal(act(fixture, CONVERSATION, "retry", message).problem, "");
	assert_shown(message, "queued");
	report(fixture, "out1", "sent", message, 1);
	assert_shown(message, "queued");
	struct jobs jobs = due(fixture);

	assert_int_equal(jobs.n, 1);
	assert_int_equal(jobs.list[0].attempt, 2);
	accept_as(fixture, jobs.list[0].id, "out2");
	report(fixture, "out2", "read", message, 2);
	assert_shown(message, "read");
}

static void a_retry_is_withdrawn_if_the_older_attempt_has_arrived(void **state)
{
	struct fixture *fixture = *state;
	char message[CW_CLOCK_UUID_TEXT];

	write_in(fixture, CUSTOMER, "w1");
	memcpy(message, say(fixture, CONVERSATION, "a"), sizeof(message));
	accept_as(fixture, due_alone(fixture, message), "out1");
	report(fixture, "out1", "failed", message, 1);
	assert_string_equal(act(fixture, CONVERSATION, "retry", message).problem, "");
	report(fixture, "out1", "delivered", message, 1);
	assert_shown(message, "delivered");
	assert_int_equal(due(fixture).n, 0);
	assert_int_equal(check(fixture).faults, 0);
}

static void an_attempt_that_arrived_counts_more_than_a_later_one_that_failed(void **state)
{
	struct fixture *fixture = *state;
	char message[CW_CLOCK_UUID_TEXT];

	write_in(fixture, CUSTOMER, "w1");
	memcpy(message, say(fixture, CONVERSATION, "a"), sizeof(message));
	accept_as(fixture, due_alone(fixture, message), "out1");
	report(fixture, "out1", "failed", message, 1);
	assert_string_equal(act(fixture, CONVERSATION, "retry", message).problem, "");
	accept_as(fixture, due_alone(fixture, message), "out2");
	report(fixture, "out2", "failed", message, 2);
	assert_shown(message, "failed");
	report(fixture, "out1", "delivered", message, 1);
	assert_shown(message, "delivered");
	assert_string_equal(act(fixture, CONVERSATION, "retry", message).problem, "not_possible"); /* they have it */
	assert_int_equal(check(fixture).faults, 0);
}

/* Writes the order-th permutation of the first n words. */
static void permute(const char *const *words, int n, int order, const char **out)
{
	bool is_used[4] = { false };

	for (int i = 0; i < n; i++) {
		int pick = order % (n - i);
		int word = 0;

		order /= n - i;
		for (; is_used[word] || pick-- > 0; word++) {
		}
		is_used[word] = true;
		out[i] = words[word];
	}
}

static void statuses_end_alike_in_every_order_of_arrival(void **state)
{
	struct fixture *fixture = *state;
	static const char *const words[] = { "sent", "failed", "delivered", "read" };
	static const int n_orders[] = { 1, 1, 2, 6, 24 };
	char message[CW_CLOCK_UUID_TEXT];
	char wamid[20];
	int serial = 0;

	write_in(fixture, CUSTOMER, "w1");
	for (int n = 2; n <= 4; n++) {
		for (int order = 0; order < n_orders[n]; order++) {
			const char *said[4];

			permute(words, n, order, said);
			(void)snprintf(wamid, sizeof(wamid), "out%d", ++serial);
			memcpy(message, say(fixture, CONVERSATION, wamid), sizeof(message));
			accept_as(fixture, due_alone(fixture, message), wamid);
			for (int i = 0; i < n; i++) {
				report(fixture, wamid, said[i], message, 1);
			}
			assert_shown(message, words[n - 1]); /* the highest of them */
			bool has_error = json_object_get(row_of(fixture, CONVERSATION, message), "error") != NULL;

			assert_int_equal(has_error, n == 2); /* it ends failed */
		}
	}
}

static void what_is_discarded_is_not_sent_and_the_next_goes(void **state)
{
	struct fixture *fixture = *state;
	char first[CW_CLOCK_UUID_TEXT];
	char second[CW_CLOCK_UUID_TEXT];

	write_in(fixture, CUSTOMER, "w1");
	memcpy(first, say(fixture, CONVERSATION, "a"), sizeof(first));
	memcpy(second, say(fixture, CONVERSATION, "b"), sizeof(second));
	int64_t id = due_alone(fixture, first);

	assert_string_equal(act(fixture, CONVERSATION, "discard", first).problem, "");
	assert_shown(first, "failed");
	assert_int_equal(move(fixture, &(struct cw_store_outbound_move){ .id = id, .next = CW_OUTBOUND_SENDING }, NULL),
			 CW_DENIED);
	(void)due_alone(fixture, second);
}

/* ---- commands ---- */

static void the_same_id_gets_the_same_answer_and_another_body_is_refused(void **state)
{
	struct fixture *fixture = *state;
	const char *text = "{'id':'x','type':'send','data':{'kind':'text','content':{'body':'once'}}}";

	write_in(fixture, CUSTOMER, "w1");
	struct asked first = command(fixture, CONVERSATION, text);
	int64_t head = account(fixture, "acme").head;

	fixture_close(fixture);
	fixture_open(fixture);
	struct asked again = command(fixture, CONVERSATION, text);
	struct asked other = command(fixture, CONVERSATION,
				     "{'id':'x','type':'send','data':{'kind':'text','content':{'body':'twice'}}}");

	assert_string_equal(first.answer, again.answer);
	assert_string_equal(other.problem, "id_reused");
	assert_int_equal(other.http_status, 409);
	assert_int_equal(account(fixture, "acme").head, head);
	assert_int_equal(due(fixture).n, 1);
	free(first.answer);
	free(again.answer);
	free(other.answer);
}

static void a_refusal_stores_nothing_and_its_id_is_free(void **state)
{
	struct fixture *fixture = *state;
	const char *text = "{'id':'x','type':'send','data':{'kind':'text','content':{'body':'late'}}}";

	write_in(fixture, CUSTOMER, "w1");
	fixture_set_clock(WINDOW_S + 1);
	int64_t head = account(fixture, "acme").head;
	struct asked refused = command(fixture, CONVERSATION, text);
	struct asked unknown = command(fixture, "acme_1001_15550000000", text);

	assert_string_equal(refused.problem, "window_closed");
	assert_string_equal(unknown.problem, "unknown_conversation");
	assert_int_equal(account(fixture, "acme").head, head);
	write_in(fixture, CUSTOMER, "w2");
	struct asked taken = command(fixture, CONVERSATION, text);

	assert_string_equal(taken.problem, "");
	free(refused.answer);
	free(unknown.answer);
	free(taken.answer);
}

/* ---- any order ---- */

#define N_LANES 5

/* The invariants of a lane's rows: at most one is due, and never one that is older than an earlier one. */
struct model {
	int64_t newest_begun[N_LANES + 1]; /* by conversation's row id */
	struct job in_flight[64];
	size_t n_in_flight;
	int n_said;
};

static void begin_all_that_is_due(struct fixture *fixture, struct model *model)
{
	struct jobs jobs = due_at(fixture, cw_clock_now_ms());
	bool is_met[N_LANES + 1] = { false };

	for (size_t i = 0; i < jobs.n; i++) {
		const struct job *job = &jobs.list[i];

		assert_in_range(job->conversation, 1, N_LANES);
		assert_false(is_met[job->conversation]);
		is_met[job->conversation] = true;
		for (size_t j = 0; j < model->n_in_flight; j++) {
			assert_int_not_equal(model->in_flight[j].conversation, job->conversation);
		}
		if (job->state == CW_OUTBOUND_UNKNOWN) {
			must_move(fixture, job->id, CW_OUTBOUND_UNKNOWN);
			continue;
		}
		assert_true(job->id >= model->newest_begun[job->conversation]);
		model->newest_begun[job->conversation] = job->id;
		if (rand() % 4) {
			must_move(fixture, job->id, CW_OUTBOUND_SENDING);
			model->in_flight[model->n_in_flight++] = *job;
		}
	}
}

static void end_one(struct fixture *fixture, struct model *model)
{
	static const enum cw_outbound_state ends[] = { CW_OUTBOUND_ACCEPTED, CW_OUTBOUND_ACCEPTED, CW_OUTBOUND_RETRYING,
						       CW_OUTBOUND_UNKNOWN, CW_OUTBOUND_FAILED };

	if (model->n_in_flight > 0) {
		size_t i = (size_t)rand() % model->n_in_flight;
		char wamid[40];

		(void)snprintf(wamid, sizeof(wamid), "out%lld", (long long)model->in_flight[i].id);
		struct cw_store_outbound_move asked = { .id = model->in_flight[i].id,
							.next = ends[(size_t)rand() % N_ROWS(ends)],
							.due_at_ms = cw_clock_now_ms() + rand() % 100000,
							.wamid = wamid };

		assert_int_equal(move(fixture, &asked, NULL), CW_OK);
		model->in_flight[i] = model->in_flight[--model->n_in_flight];
	}
}

static void say_somewhere(struct fixture *fixture, struct model *model)
{
	char conversation_id[60];
	char id[20];

	(void)snprintf(conversation_id, sizeof(conversation_id), "acme_1001_1555000000%d", rand() % N_LANES);
	(void)snprintf(id, sizeof(id), "c%d", model->n_said++);
	(void)say(fixture, conversation_id, id);
}

static bool note_open(void *context, const struct cw_outbound *outbound)
{
	int *n_open = context;

	*n_open += outbound->state != CW_OUTBOUND_UNKNOWN; /* unknown ones wait for a person */
	return true;
}

static int count_open(struct fixture *fixture)
{
	struct cw_reader *reader = NULL;
	int n_open = 0;

	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	assert_ok(cw_store_list_outbound(reader, 0, 100000, note_open, &n_open, &fixture->error), fixture->error);
	cw_reader_release(reader);
	return n_open;
}

static void random_histories_keep_every_lane_in_order_and_drain(void **state)
{
	struct fixture *fixture = *state;
	struct model model = { .n_said = 0 };
	int64_t now_s = 0;

	srand(20);
	for (int i = 0; i < N_LANES; i++) {
		char customer[20];
		char wamid[20];

		(void)snprintf(customer, sizeof(customer), "1555000000%d", i);
		(void)snprintf(wamid, sizeof(wamid), "w%d", i);
		write_in(fixture, customer, wamid);
	}
	for (int step = 0; step < 1500; step++) {
		switch (rand() % 10) {
		case 0:
		case 1:
		case 2:
			say_somewhere(fixture, &model);
			break;
		case 3:
			fixture_set_clock(now_s += rand() % 50);
			break;
		case 4:
			if (rand() % 10 == 0) { /* a crash */
				fixture_close(fixture);
				fixture_open(fixture);
				assert_int_equal(recover(fixture, cw_clock_now_ms() + 30000), CW_OK);
				model.n_in_flight = 0;
			}
			break;
		default:
			begin_all_that_is_due(fixture, &model);
			end_one(fixture, &model);
		}
	}
	for (int step = 0; step < 10000 && count_open(fixture) > 0; step++) {
		fixture_set_clock(now_s += 5);
		begin_all_that_is_due(fixture, &model);
		while (model.n_in_flight > 0) {
			end_one(fixture, &model);
		}
	}
	assert_int_equal(count_open(fixture), 0);
	assert_int_equal(check(fixture).faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(one_of_a_conversation_goes_at_a_time_and_in_order),
		STORE_TEST(other_conversations_do_not_wait),
		STORE_TEST(moves_that_are_not_in_the_table_change_nothing),
		STORE_TEST(after_a_start_what_was_being_sent_is_unknown_and_holds_its_lane_for_a_while),
		STORE_TEST(a_bad_row_is_reported_and_stops_nobody_else),
		STORE_TEST(a_message_of_an_unknown_kind_does_not_stop_those_behind_it),
		STORE_TEST(a_paused_number_begins_nothing),
		STORE_TEST(a_window_that_closes_while_it_waits_is_not_tried),
		STORE_TEST(a_status_settles_what_is_unknown),
		STORE_TEST(a_status_without_mark_before_the_answer_waits_for_it),
		STORE_TEST(a_retry_is_another_attempt_and_the_older_one_shows_nothing_more),
		STORE_TEST(a_retry_is_withdrawn_if_the_older_attempt_has_arrived),
		STORE_TEST(an_attempt_that_arrived_counts_more_than_a_later_one_that_failed),
		STORE_TEST(statuses_end_alike_in_every_order_of_arrival),
		STORE_TEST(what_is_discarded_is_not_sent_and_the_next_goes),
		STORE_TEST(the_same_id_gets_the_same_answer_and_another_body_is_refused),
		STORE_TEST(a_refusal_stores_nothing_and_its_id_is_free),
		STORE_TEST(random_histories_keep_every_lane_in_order_and_drain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
