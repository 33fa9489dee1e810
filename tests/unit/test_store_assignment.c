/* SPDX-License-Identifier: MIT */
/* Assignments, what agents gain and lose by them, and the migration of a database with schema 1. */
#include <unistd.h>

#include <sqlite3.h>

#include "store/schema.h"
#include "tests/unit/store_fixture.h"
#include "tests/unit/unit.h"

#define FROM_PHONE(phone, wamid) AT("1001") "'messages':[" TEXT(phone, wamid, 1800000000, "x") "]"
#define FROM_USER_ID(user_id, wamid) \
	AT("1001") \
	"'contacts':[{'user_id':'" user_id "'}],'messages':[{'from_user_id':'" user_id "','id':'" wamid \
	"','timestamp':'1800000000','type':'text','text':{'body':'x'}}]"
#define FROM_BOTH(phone, user_id, wamid) \
	AT("1001") \
	"'contacts':[{'wa_id':'" phone "','user_id':'" user_id "'}],'messages':[{'from':'" phone \
	"','from_user_id':'" user_id "','id':'" wamid "','timestamp':'1800000000','type':'text','text':{'body':'x'}}]"
#define NUMBER_CHANGED(from, to, wamid) \
	AT("1001") \
	"'messages':[{'from':'" from "','id':'" wamid "','timestamp':'1800000001','type':'system'," \
	"'system':{'type':'user_changed_number','wa_id':'" to "'}}]"

static struct cw_reader *begin(struct fixture *fixture)
{
	struct cw_reader *reader = NULL;

	assert_ok(cw_reader_acquire(fixture->store, &reader, &fixture->error), fixture->error);
	return reader;
}

static bool note_assignment_event(void *context, const struct cw_event *event)
{
	if (event->changes_assignment) {
		(void)json_array_append_new(context,
					    json_pack("{s:s, s:I, s:s, s:s}", "conversation", event->conversation.id,
						      "seq", (json_int_t)event->seq, "kind",
						      cw_event_kind_text(event->kind), "lost_by", event->lost_by));
	}
	return true;
}

/* The events in the table that changed an assignment; a new reference. */
static json_t *assignment_events(struct fixture *fixture, int64_t since)
{
	json_t *list = json_array();
	struct cw_reader *reader = begin(fixture);

	assert_ok(cw_store_events_after(reader, "acme", since, note_assignment_event, list, &fixture->error),
		  fixture->error);
	cw_reader_release(reader);
	return list;
}

static const json_t *last_handed(struct fixture *fixture, size_t from_end)
{
	return json_array_get(fixture->handed_over, json_array_size(fixture->handed_over) - 1 - from_end);
}

static const char *assignee(struct fixture *fixture, const char *id)
{
	return text_at(conversation(fixture, id), "assignee"); /* "null" for nobody */
}

static void assigning_is_one_event_of_the_conversation(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	int64_t version = int_at(conversation(fixture, "acme_1001_111111"), "version");
	int64_t head = account(fixture, "acme").head;

	assert_ok(assign(fixture, "acme_1001_111111", "ana"), fixture->error);
	assert_string_equal(assignee(fixture, "acme_1001_111111"), "ana");
	assert_int_equal(int_at(conversation(fixture, "acme_1001_111111"), "version"), version + 1);
	json_t *log = events(fixture, "acme", head);

	assert_int_equal(json_array_size(log), 1);
	assert_int_equal(int_at(log, "0.seq"), head + 1);
	assert_int_equal(int_at(log, "0.prev"), head);
	assert_string_equal(text_at(log, "0.kind"), "conversation");
	assert_string_equal(text_at(log, "0.data.conversation.assignee"), "ana");
	assert_null(at(log, "0.lost_by")); /* not sent to clients */
	assert_string_equal(text_at(last_handed(fixture, 0), "lost_by"), "");
	assert_string_equal(text_at(last_handed(fixture, 0), "assignee"), "ana");
	assert_string_equal(text_at(last_handed(fixture, 0), "data.conversation.assignee"), "ana");
	/* A later message keeps the assignee and is not a change. */
	post(fixture, "messages", FROM_PHONE("111111", "w2"));
	assert_string_equal(text_at(last_handed(fixture, 0), "data.conversation.assignee"), "ana");
	assert_null(at(last_handed(fixture, 0), "lost_by"));
	assert_string_equal(assignee(fixture, "acme_1001_111111"), "ana");
	assert_int_equal(check(fixture).faults, 0);
}

static void reassigning_names_who_lost_it(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	assert_ok(assign(fixture, "acme_1001_111111", "ana"), fixture->error);
	assert_ok(assign(fixture, "acme_1001_111111", "bea"), fixture->error);
	assert_string_equal(text_at(last_handed(fixture, 0), "lost_by"), "ana");
	assert_ok(assign(fixture, "acme_1001_111111", NULL), fixture->error);
	assert_string_equal(text_at(last_handed(fixture, 0), "lost_by"), "bea");
	assert_string_equal(text_at(last_handed(fixture, 0), "assignee"), "");
	assert_string_equal(assignee(fixture, "acme_1001_111111"), "null");
	json_t *told = assignment_events(fixture, 0);

	assert_int_equal(json_array_size(told), 3);
	assert_string_equal(text_at(told, "0.lost_by"), "");
	assert_string_equal(text_at(told, "1.lost_by"), "ana");
	assert_string_equal(text_at(told, "2.lost_by"), "bea");
	json_decref(told);
	assert_int_equal(check(fixture).faults, 0);
}

static void what_stands_already_is_no_change(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	assert_int_equal(assign(fixture, "acme_1001_111111", NULL), CW_DUPLICATE);
	assert_ok(assign(fixture, "acme_1001_111111", "ana"), fixture->error);
	int64_t head = account(fixture, "acme").head;

	assert_int_equal(assign(fixture, "acme_1001_111111", "ana"), CW_DUPLICATE);
	assert_int_equal(account(fixture, "acme").head, head);
}

static void bad_assignments_are_refused_alone(void **state)
{
	struct fixture *fixture = *state;

	assert_ok(add_account(fixture, "other"), fixture->error);
	assert_ok(add_number(fixture, "other", "2002", NULL), fixture->error);
	post(fixture, "messages", AT("2002") "'messages':[" TEXT("111111", "w1", 1800000000, "x") "]");
	assert_int_equal(assign(fixture, "other_2002_111111", "ana"), CW_NOT_FOUND);
	assert_int_equal(assign(fixture, "acme_1001_999999", "ana"), CW_NOT_FOUND);
	post(fixture, "messages", FROM_PHONE("111111", "w2"));
	assert_int_equal(assign(fixture, "acme_1001_111111", "a_b"), CW_INVALID);
	assert_int_equal(assign(fixture, "acme_1001_111111", "ana@example.com"), CW_INVALID);
	assert_string_equal(assignee(fixture, "other_2002_111111"), "null");
	struct cw_store_op op = { .type = CW_STORE_ASSIGN,
				  .assign = { .account = "nowhere", .conversation = "acme_1001_111111" } };

	assert_int_equal(cw_store_run(fixture->store, &op), CW_NOT_FOUND);
	assert_int_equal(check(fixture).faults, 0);
}

/* ---- merging ---- */

static void on_a_merge_the_older_ones_assignee_wins(void **state)
{
	struct fixture *fixture = *state;
	/* clang-format off */
	static const struct {
		const char *older, *younger, *both;
		size_t n_changes;
	} rows[] = {
		{ NULL,  NULL,  "null", 0 },
		{ "ana", NULL,  "ana",  1 },
		{ NULL,  "bea", "bea",  1 },
		{ "ana", "bea", "ana",  1 },
		{ "ana", "ana", "ana",  0 },
	};
	/* clang-format on */

	for (size_t i = 0; i < N_ROWS(rows); i++) {
		fixture_stop(state);
		fixture_start(state);
		fixture = *state;
		post(fixture, "messages", FROM_PHONE("111111", "w1"));
		post(fixture, "messages", FROM_USER_ID("US.1", "w2"));
		if (rows[i].older) {
			assert_ok(assign(fixture, "acme_1001_111111", rows[i].older), fixture->error);
		}
		if (rows[i].younger) {
			assert_ok(assign(fixture, "acme_1001_US-1", rows[i].younger), fixture->error);
		}
		int64_t head = account(fixture, "acme").head;

		post(fixture, "messages", FROM_BOTH("111111", "US.1", "w3"));
		assert_string_equal(assignee(fixture, "acme_1001_111111"), rows[i].both);
		assert_string_equal(assignee(fixture, "acme_1001_US-1"), rows[i].both);
		json_t *told = assignment_events(fixture, head);

		assert_int_equal(json_array_size(told), rows[i].n_changes);
		json_decref(told);
		assert_int_equal(check(fixture).faults, 0);
	}
}

/* C is merged into B, then B into A. */
static void merge_three(struct fixture *fixture)
{
	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	post(fixture, "messages", FROM_PHONE("222222", "w2"));
	post(fixture, "messages", FROM_USER_ID("US.1", "w3"));
	post(fixture, "messages", FROM_BOTH("222222", "US.1", "w4"));
	assert_string_equal(text_at(conversation(fixture, "acme_1001_US-1"), "merged_into"), "acme_1001_222222");
}

static void those_merged_before_follow(void **state)
{
	struct fixture *fixture = *state;

	merge_three(fixture);
	assert_ok(assign(fixture, "acme_1001_222222", "bea"), fixture->error);
	assert_string_equal(assignee(fixture, "acme_1001_US-1"), "bea");
	assert_ok(assign(fixture, "acme_1001_111111", "ana"), fixture->error);
	int64_t head = account(fixture, "acme").head;

	post(fixture, "messages", NUMBER_CHANGED("111111", "222222", "s1"));
	assert_string_equal(text_at(conversation(fixture, "acme_1001_US-1"), "merged_into"), "acme_1001_111111");
	assert_string_equal(assignee(fixture, "acme_1001_111111"), "ana");
	assert_string_equal(assignee(fixture, "acme_1001_222222"), "ana");
	assert_string_equal(assignee(fixture, "acme_1001_US-1"), "ana");
	json_t *told = assignment_events(fixture, head);

	assert_int_equal(json_array_size(told), 2);
	assert_string_equal(text_at(told, "0.lost_by"), "bea");
	assert_string_equal(text_at(told, "1.lost_by"), "bea");
	json_decref(told);
	assert_int_equal(check(fixture).faults, 0);
}

static void assigning_a_merged_one_assigns_all(void **state)
{
	struct fixture *fixture = *state;

	merge_three(fixture);
	int64_t head = account(fixture, "acme").head;
	struct cw_store_op op = { .type = CW_STORE_ASSIGN,
				  .assign = { .account = "acme", .conversation = "acme_1001_US-1", .subject = "ana" } };

	assert_ok(cw_store_run(fixture->store, &op), op.error);
	assert_string_equal(op.assign.canonical, "acme_1001_222222");
	assert_string_equal(assignee(fixture, "acme_1001_222222"), "ana");
	assert_string_equal(assignee(fixture, "acme_1001_US-1"), "ana");
	assert_string_equal(assignee(fixture, "acme_1001_111111"), "null");
	assert_int_equal(json_array_size(events(fixture, "acme", head)), 2); /* one per conversation */
	assert_int_equal(assign(fixture, "acme_1001_222222", "ana"), CW_DUPLICATE);
	assert_int_equal(check(fixture).faults, 0);
}

/* A history import is not published event by event, but the broker must still learn who may read the conversation. */
static void a_quiet_event_tells_the_assignment_all_the_same(void **state)
{
	struct fixture *fixture = *state;
	char *value = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&value, &size);

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	post(fixture, "messages", FROM_USER_ID("US.1", "w2"));
	assert_ok(assign(fixture, "acme_1001_US-1", "bea"), fixture->error);
	size_t before = json_array_size(fixture->handed_over);

	assert_non_null(out);
	(void)fputs(AT("1001") "'contacts':[{'wa_id':'111111','user_id':'US.1'}],'messages':[", out);
	for (int i = 0; i < 250; i++) {
		(void)fprintf(out,
			      "%s{'from':'111111','from_user_id':'US.1','id':'q%d','timestamp':'1800000000','type':'text',"
			      "'text':{'body':'x'}}",
			      i ? "," : "", i);
	}
	(void)fputs("]", out);
	assert_int_equal(fclose(out), 0);
	post(fixture, "messages", value);
	free(value);
	int n_told = 0;

	for (size_t i = before; i < json_array_size(fixture->handed_over); i++) {
		const json_t *event = json_array_get(fixture->handed_over, i);

		assert_true(json_is_true(at(event, "quiet")));
		if (at(event, "lost_by")) {
			n_told++;
			assert_string_equal(text_at(event, "conversation"), "acme_1001_111111");
			assert_string_equal(text_at(event, "assignee"), "bea");
		}
	}
	assert_int_equal(n_told, 1);
	assert_int_equal(check(fixture).faults, 0);
}

/* ---- against a model ---- */

enum { N_CONVERSATIONS = 5, N_SUBJECTS = 3, N_STEPS = 120 };
static const char *const names[N_CONVERSATIONS] = { "acme_1001_111110", "acme_1001_111111", "acme_1001_111112",
						    "acme_1001_111113", "acme_1001_111114" };
static const char *const subjects[N_SUBJECTS] = { "ana", "bea", "cleo" };

/*
 * has[seq][c]: index + 1 of the subject to whom conversation c was assigned after that event; 0: nobody. seen: the
 * newest seq each subject has seen.
 */
struct model {
	int has[N_CONVERSATIONS + N_STEPS + 1][N_CONVERSATIONS];
	int64_t last_seq[N_CONVERSATIONS], lost_at[N_SUBJECTS];
	int64_t head;
};

static void model_event(struct model *model, int which)
{
	memcpy(model->has[model->head + 1], model->has[model->head], sizeof(model->has[0]));
	model->last_seq[which] = ++model->head;
}

static void post_at(struct fixture *fixture, int which, int wamid)
{
	char value[600];

	(void)snprintf(value, sizeof(value),
		       AT("1001") "'messages':[{'from':'11111%d','id':'w%d','timestamp':'1800000000','type':'text',"
				  "'text':{'body':'x'}}]",
		       which, wamid);
	post(fixture, "messages", value);
}

static void random_step(struct fixture *fixture, struct model *model, int step)
{
	int which = (int)(random() % N_CONVERSATIONS);
	int subject = (int)(random() % (N_SUBJECTS + 1));
	int had = model->has[model->head][which];

	if (random() % 3 == 0) {
		post_at(fixture, which, N_CONVERSATIONS + step);
		model_event(model, which);
		return;
	}
	enum cw_status status = assign(fixture, names[which], subject ? subjects[subject - 1] : NULL);

	assert_int_equal(status, subject == had ? CW_DUPLICATE : CW_OK);
	if (status == CW_OK) {
		model_event(model, which);
		model->has[model->head][which] = subject;
		if (had) {
			model->lost_at[had - 1] = model->head;
		}
	}
}

struct changes {
	int gained, lost; /* a bit for each conversation */
	int n;
};

static int index_of(const char *name)
{
	return name[strlen(name) - 1] - '0';
}

static bool note_change(void *context, const char *name, bool is_gained)
{
	struct changes *changes = context;

	*(is_gained ? &changes->gained : &changes->lost) |= 1 << index_of(name);
	changes->n++;
	return true;
}

static void compare_changes(struct cw_reader *reader, const struct model *model, int subject, int64_t since)
{
	struct changes wanted = { 0, 0, 0 };
	struct changes changes = { 0, 0, 0 };
	struct cw_error error;

	for (int i = 0; i < N_CONVERSATIONS; i++) {
		bool had = model->has[since][i] == subject + 1;
		bool has = model->has[model->head][i] == subject + 1;

		wanted.gained |= has && !had ? 1 << i : 0;
		wanted.lost |= had && !has ? 1 << i : 0;
		wanted.n += had != has;
	}
	assert_ok(cw_store_assignment_changes(reader, "acme", subjects[subject], since, note_change, &changes, &error),
		  error);
	assert_int_equal(changes.gained, wanted.gained);
	assert_int_equal(changes.lost, wanted.lost);
	assert_int_equal(changes.n, wanted.n);
}

static bool note_row(void *context, const struct cw_conversation *row)
{
	*(int *)context |= 1 << index_of(row->id);
	return true;
}

static void compare_subject(struct cw_reader *reader, const struct model *model, int subject)
{
	struct cw_error error;
	char cursor[CW_LIST_CURSOR_MAX] = "";
	int64_t visible = -1;
	int64_t wanted_visible = model->lost_at[subject];
	int wanted = 0;
	int listed = 0;

	for (int i = 0; i < N_CONVERSATIONS; i++) {
		if (model->has[model->head][i] == subject + 1) {
			wanted |= 1 << i;
			wanted_visible = model->last_seq[i] > wanted_visible ? model->last_seq[i] : wanted_visible;
		}
	}
	assert_ok(cw_store_conversations(reader, "acme", subjects[subject], cursor, note_row, &listed, &error), error);
	assert_int_equal(listed, wanted);
	assert_ok(cw_store_last_visible_seq(reader, "acme", subjects[subject], false, &visible, &error), error);
	assert_int_equal(visible, wanted_visible);
	for (int64_t since = 0; since <= model->head; since++) {
		compare_changes(reader, model, subject, since);
	}
}

struct current {
	int has[N_CONVERSATIONS];
	int n;
};

static bool note_current(void *context, const char *name, const char *subject)
{
	struct current *current = context;

	for (int i = 0; i < N_SUBJECTS; i++) {
		current->has[index_of(name)] = strcmp(subjects[i], subject) == 0 ? i + 1 : current->has[index_of(name)];
	}
	current->n++;
	return true;
}

/* Reads in pages of two. */
static void compare_table(struct cw_reader *reader, const struct model *model)
{
	struct current current = { .n = 0 };
	struct cw_error error;
	int64_t last = 0;
	int n_before = -1;
	int wanted = 0;

	while (current.n > n_before) {
		n_before = current.n;
		assert_ok(cw_store_assignments(reader, last, 2, note_current, &current, &last, &error), error);
	}
	for (int i = 0; i < N_CONVERSATIONS; i++) {
		assert_int_equal(current.has[i], model->has[model->head][i]);
		wanted += model->has[model->head][i] != 0;
	}
	assert_int_equal(current.n, wanted);
}

static void random_histories_are_told_as_a_model_tells_them(void **state)
{
	struct fixture *fixture = *state;
	struct model model = { .head = 0 };

	srandom(7);
	for (int i = 0; i < N_CONVERSATIONS; i++) {
		post_at(fixture, i, i);
		model_event(&model, i);
	}
	for (int step = 0; step < N_STEPS; step++) {
		random_step(fixture, &model, step);
	}
	assert_int_equal(account(fixture, "acme").head, model.head);
	struct cw_reader *reader = begin(fixture);

	for (int subject = 0; subject < N_SUBJECTS; subject++) {
		compare_subject(reader, &model, subject);
	}
	compare_table(reader, &model);
	cw_reader_release(reader);
	assert_int_equal(check(fixture).faults, 0);
}

static void what_belongs_to_no_conversation_counts_for_who_sees_it(void **state)
{
	struct fixture *fixture = *state;
	int64_t seq = -1;

	assert_ok(add_number(fixture, "acme", "1002", "77"), fixture->error);
	post_as(fixture, "main", "77", "account_update", "'event':'VERIFIED_ACCOUNT'");
	int64_t head = account(fixture, "acme").head;
	struct cw_reader *reader = begin(fixture);

	assert_ok(cw_store_last_visible_seq(reader, "acme", "ana", true, &seq, &fixture->error), fixture->error);
	assert_int_equal(seq, head);
	assert_ok(cw_store_last_visible_seq(reader, "acme", "ana", false, &seq, &fixture->error), fixture->error);
	assert_int_equal(seq, 0);
	assert_int_equal(cw_store_last_visible_seq(reader, "nowhere", "ana", true, &seq, &fixture->error), CW_NOT_FOUND);
	assert_int_equal(cw_store_assignment_changes(reader, "nowhere", "ana", 0, note_change, NULL, &fixture->error),
			 CW_NOT_FOUND);
	int64_t newest = 0;

	assert_ok(cw_store_newest_event_id(reader, &newest, &fixture->error), fixture->error);
	cw_reader_release(reader);
	assert_int_equal(newest, int_at(last_handed(fixture, 0), "id"));
}

/* ---- a broken invariant ---- */

static void check_says_when_row_and_history_differ(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	post(fixture, "messages", FROM_PHONE("222222", "w2"));
	assert_ok(assign(fixture, "acme_1001_111111", "ana"), fixture->error);
	assert_int_equal(check(fixture).faults, 0);
	fixture_change_database(fixture, "UPDATE conversation SET assignee = 'bea' WHERE name = 'acme_1001_111111'");
	assert_int_equal(check(fixture).faults, 1);
	fixture_change_database(fixture, "UPDATE conversation SET assignee = NULL WHERE name = 'acme_1001_111111'");
	assert_int_equal(check(fixture).faults, 1);
	fixture_change_database(fixture, "DELETE FROM assignment");
	assert_int_equal(check(fixture).faults, 0);
	/* Two current rows: the index forbids them, so it is dropped first. */
	fixture_change_database(
		fixture, "DROP INDEX assignment_current; UPDATE conversation SET assignee = 'ana' WHERE id = 1;"
			 "INSERT INTO assignment (account, conversation, subject, from_seq) VALUES (1, 1, 'ana', 1),"
			 "(1, 1, 'ana', 1)");
	assert_int_equal(check(fixture).faults, 1);
}

/* ---- migration ---- */

/* Turns the database into one of schema 1, with its tables filled from the current ones column by column. */
static void go_back_to_schema_1(struct fixture *fixture)
{
	char old_path[300];
	char sql[4000];
	sqlite3 *handle = NULL;
	sqlite3_stmt *tables = NULL;

	fixture_close(fixture);
	(void)snprintf(old_path, sizeof(old_path), "%s", temp_dir_path(&fixture->dir, "old.db"));
	assert_int_equal(rename(temp_dir_path(&fixture->dir, "convwire.db"), old_path), 0);
	assert_int_equal(sqlite3_open(temp_dir_path(&fixture->dir, "convwire.db"), &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, cw_store_schema_sql, NULL, NULL, NULL), SQLITE_OK);
	(void)snprintf(sql, sizeof(sql), "ATTACH '%s' AS old", old_path);
	assert_int_equal(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(handle,
					    "SELECT t.name, (SELECT group_concat('\"' || c.name || '\"') FROM "
					    "pragma_table_info(t.name) c) FROM main.sqlite_master t WHERE t.type = 'table'",
					    -1, &tables, NULL),
			 SQLITE_OK);
	while (sqlite3_step(tables) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(tables, 0);
		const char *columns = (const char *)sqlite3_column_text(tables, 1);

		(void)snprintf(sql, sizeof(sql), "INSERT INTO main.%s (%s) SELECT %s FROM old.%s", name, columns,
			       columns, name);
		if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
			fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
		}
	}
	(void)sqlite3_finalize(tables);
	(void)sqlite3_exec(handle, "PRAGMA main.application_id = 1129793874; PRAGMA main.user_version = 1; DETACH old",
			   NULL, NULL, NULL);
	assert_int_equal(sqlite3_close(handle), SQLITE_OK);
	assert_int_equal(unlink(old_path), 0);
}

static void a_database_of_schema_1_is_migrated_with_its_data(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, "messages", FROM_PHONE("111111", "w1"));
	post(fixture, "messages", FROM_USER_ID("US.1", "w2"));
	post(fixture, "messages", FROM_BOTH("111111", "US.1", "w3"));
	json_t *log = json_deep_copy(events(fixture, "acme", 0));
	json_t *rows = json_deep_copy(conversations(fixture, "acme"));

	go_back_to_schema_1(fixture);
	fixture_open(fixture);
	assert_true(json_equal(events(fixture, "acme", 0), log));
	assert_true(json_equal(conversations(fixture, "acme"), rows));
	json_decref(log);
	json_decref(rows);
	assert_int_equal(check(fixture).faults, 0);
	assert_ok(assign(fixture, "acme_1001_111111", "ana"), fixture->error);
	post(fixture, "messages", FROM_PHONE("111111", "w4"));
	fixture_close(fixture);
	fixture_open(fixture); /* this time it is not migrated */
	assert_string_equal(assignee(fixture, "acme_1001_111111"), "ana");
	assert_int_equal(check(fixture).faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(assigning_is_one_event_of_the_conversation),
		STORE_TEST(reassigning_names_who_lost_it),
		STORE_TEST(what_stands_already_is_no_change),
		STORE_TEST(bad_assignments_are_refused_alone),
		STORE_TEST(on_a_merge_the_older_ones_assignee_wins),
		STORE_TEST(those_merged_before_follow),
		STORE_TEST(assigning_a_merged_one_assigns_all),
		STORE_TEST(a_quiet_event_tells_the_assignment_all_the_same),
		STORE_TEST(random_histories_are_told_as_a_model_tells_them),
		STORE_TEST(what_belongs_to_no_conversation_counts_for_who_sees_it),
		STORE_TEST(check_says_when_row_and_history_differ),
		STORE_TEST(a_database_of_schema_1_is_migrated_with_its_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
