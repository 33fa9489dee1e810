/* SPDX-License-Identifier: MIT */
/*
 * Golden webhooks: golden FOLDER|FOLDER/CASE.json …. Each body is submitted twice to a fresh store, as the daemon does
 * it. The events given to the publisher and those read back must give a client the same screen, which must also match
 * lists and threads; the second delivery must add no message; and the events and the counters must be those in
 * CASE.expected. UPDATE_GOLDEN=1 rewrites that file.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/log.h"
#include "core/text.h"
#include "model.h"
#include "normal.h"
#include "store/store.h"

#define ACCOUNT "acme"
#define NUMBER "1003427786179738"
#define NOW_MS 1767312301000LL /* after all times in the cases */
#define MAX_CASES 512
#define MAX_BODY (4 << 20)

struct golden {
	const char *name;
	char dir[64];
	struct cw_store *store;
	json_t *handed; /* events as given to the publisher */
	int n_faults;
};

static void fail(struct golden *golden, const char *what, const char *detail)
{
	(void)fprintf(stderr, "%s: %s: %s\n", golden->name, what, detail);
	golden->n_faults++;
}

/* Every case starts at the same time and is delivered again a second later. */
static void set_clock(int64_t now_ms)
{
	cw_clock_set_offset_ms(0);
	cw_clock_set_offset_ms(now_ms - cw_clock_now_ms());
}

/* ---- the store ---- */

static bool allows(void *context, const char *secret, const char *account)
{
	(void)context;
	return strcmp(secret, "main") == 0 && strcmp(account, ACCOUNT) == 0;
}

static const char *only_account(void *context, const char *secret)
{
	(void)context;
	return strcmp(secret, "main") == 0 ? ACCOUNT : NULL;
}

/* Called before on_done, so cw_store_run synchronises the two threads. */
static void on_events(void *context, struct cw_event *events, size_t n_events)
{
	struct golden *golden = context;

	for (size_t i = 0; i < n_events; i++) {
		(void)json_array_append_new(golden->handed, cw_event_to_json(&events[i])); /* a NULL is detected later */
		cw_event_finish(&events[i]);
	}
	free(events);
}

static void run_op(struct golden *golden, struct cw_store_op *op)
{
	if (cw_store_run(golden->store, op) != CW_OK) {
		fail(golden, "an operation failed", op->error.text);
	}
}

static bool open_store(struct golden *golden, const struct cw_tag_key *tag)
{
	struct cw_error error;
	const char *tmp = getenv("TMPDIR");
	const struct cw_store_options options = {
		.dir = golden->dir,
		.tag = tag,
		.secrets = { .allows = allows, .only_account = only_account },
		.max_queue_bytes = 64 << 20,
		.max_queue_age_ms = 60000,
		.on_events = on_events,
		.on_events_context = golden,
	};

	if (!cw_text_format(golden->dir, sizeof(golden->dir), "%s/golden-XXXXXX", tmp ? tmp : "/tmp") ||
	    !mkdtemp(golden->dir) || cw_store_open(&options, &golden->store, &error) != CW_OK) {
		fail(golden, "no store", golden->dir);
		return false;
	}
	struct cw_store_op account = { .type = CW_STORE_ACCOUNT_ADD, .account = { .name = ACCOUNT } };
	struct cw_store_op number = { .type = CW_STORE_NUMBER_ADD,
				      .number = { .account = ACCOUNT, .phone_number_id = NUMBER } };

	run_op(golden, &account);
	run_op(golden, &number);
	return true;
}

static void remove_dir(const char *path)
{
	DIR *dir = opendir(path);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		(void)unlinkat(dirfd(dir), entry->d_name, 0); /* "." and ".." stay */
	}
	if (dir) {
		(void)closedir(dir);
	}
	(void)rmdir(path); /* a leftover in /tmp is not a failure */
}

/* As ingest/webhook.c does it. */
static void post(struct golden *golden, const struct cw_buf *body)
{
	struct cw_webhook webhook = { .root = NULL };
	struct cw_error error;
	struct cw_store_op op = { .type = CW_STORE_WEBHOOK, .webhook = { .secret = "main" } };

	if (cw_webhook_parse(body->data, body->len, &webhook, &error) == CW_OK) {
		op.webhook.webhook = &webhook;
	} else {
		op.webhook.raw = body->data;
		op.webhook.raw_len = body->len;
		op.webhook.reason = "not a webhook's JSON";
	}
	op.bytes = body->len;
	run_op(golden, &op);
	cw_webhook_finish(&webhook);
}

/* ---- reading back ---- */

static bool collect_event(void *context, const struct cw_event *event)
{
	(void)json_array_append_new(context, cw_event_to_json(event)); /* a NULL is detected later */
	return true;
}

static bool put_message(void *context, const struct cw_message *message)
{
	json_t *json = cw_message_to_json(message);

	model_put_message(context, json);
	json_decref(json);
	return true;
}

struct listing {
	struct model *model;
	json_t *ids;
};

static bool put_conversation(void *context, const struct cw_conversation *conversation)
{
	struct listing *listing = context;
	json_t *json = cw_conversation_to_json(conversation);

	model_put_conversation(listing->model, json);
	(void)json_array_append(listing->ids, json_object_get(json, "id")); /* as above */
	json_decref(json);
	return true;
}

/* Reads what lists and threads show. Merged rows are read by id, because lists leave them out. */
static void read_screen(struct cw_reader *reader, const struct model *told, struct model *screen)
{
	struct cw_error error;
	char cursor[CW_LIST_CURSOR_MAX] = "";
	struct listing listing = { screen, json_array() };
	const char *id;
	json_t *row;

	if (cw_store_conversations(reader, ACCOUNT, NULL, cursor, put_conversation, &listing, &error) != CW_OK) {
		screen->n_faults++;
	}
	json_object_foreach(told->conversations, id, row)
	{
		if (cw_store_conversation(reader, id, put_conversation, &listing, &error) != CW_OK ||
		    cw_store_messages(reader, id, INT64_MAX, 10000, put_message, screen, &error) != CW_OK) {
			screen->n_faults++;
		}
	}
	json_decref(listing.ids);
}

static void on_fault(void *context, const char *text)
{
	fail(context, "check", text);
}

/* Compares everything in an event except its data, which is rendered from the current rows. */
static bool same_head(json_t *one, json_t *other)
{
	json_t *one_head = json_copy(one);
	json_t *other_head = json_copy(other);

	(void)json_object_del(one_head, "data");
	(void)json_object_del(other_head, "data");
	bool is_same = json_equal(one_head, other_head) != 0;

	json_decref(one_head);
	json_decref(other_head);
	return is_same;
}

static void apply_all(struct model *model, json_t *events)
{
	size_t index;
	json_t *event;

	json_array_foreach(events, index, event)
	{
		model_apply(model, event);
	}
}

static void compare_heads(struct golden *golden, json_t *logged)
{
	if (json_array_size(logged) != json_array_size(golden->handed)) {
		fail(golden, "events", "another number was handed over than stored");
	}
	for (size_t i = 0; i < json_array_size(logged) && i < json_array_size(golden->handed); i++) {
		if (!same_head(json_array_get(logged, i), json_array_get(golden->handed, i))) {
			fail(golden, "events", "one was handed over otherwise than stored");
		}
	}
}

static void compare_views(struct golden *golden, struct cw_reader *reader)
{
	struct model handed;
	struct model logged;
	struct model screen;
	struct cw_error error;
	json_t *log = json_array();

	model_init(&handed, golden->name);
	model_init(&logged, golden->name);
	model_init(&screen, golden->name);
	if (cw_store_events_after(reader, ACCOUNT, 0, collect_event, log, &error) != CW_OK) {
		fail(golden, "events", error.text);
	}
	compare_heads(golden, log);
	apply_all(&handed, golden->handed);
	apply_all(&logged, log);
	read_screen(reader, &handed, &screen);
	model_check_rows(&handed);
	model_check_rows(&screen);
	golden->n_faults += model_differs(&handed, &logged, "handed over | read back");
	golden->n_faults += model_differs(&handed, &screen, "handed over | in lists and threads");
	golden->n_faults += handed.n_faults + logged.n_faults + screen.n_faults;
	model_finish(&handed);
	model_finish(&logged);
	model_finish(&screen);
	json_decref(log);
}

static void check_store(struct golden *golden)
{
	struct cw_reader *reader = NULL;
	struct cw_check check;
	struct cw_error error;

	if (cw_reader_acquire(golden->store, &reader, &error) != CW_OK) {
		fail(golden, "no reader", error.text);
		return;
	}
	if (cw_store_check(reader, -1, on_fault, golden, &check, &error) != CW_OK) {
		fail(golden, "check", error.text);
	}
	compare_views(golden, reader);
	cw_reader_release(reader);
}

/* ---- the file ---- */

static json_t *counters(struct golden *golden)
{
	struct cw_store_stats stats;

	cw_store_stats(golden->store, &stats);
	const struct {
		const char *name;
		int64_t value;
	} all[] = { { "messages", stats.messages },       { "duplicates", stats.duplicates },
		    { "statuses", stats.statuses },       { "kept", stats.raw_changes },
		    { "waiting", stats.waiting_changes }, { "refused", stats.refused_changes },
		    { "repaired", stats.repaired } };
	json_t *counted = json_object();

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].value != 0) {
			(void)json_object_set_new(counted, all[i].name, json_integer(all[i].value)); /* as above */
		}
	}
	return counted;
}

static void compare_file(struct golden *golden, const char *path, const char *text)
{
	struct cw_buf expected;
	struct cw_error error;

	if (getenv("UPDATE_GOLDEN")) {
		if (cw_file_write(path, text, strlen(text), 0644, &error) != CW_OK) {
			fail(golden, "not written", error.text);
		}
		return;
	}
	cw_buf_init(&expected, MAX_BODY);
	if (cw_file_read(path, &expected, &error) != CW_OK) {
		fail(golden, "no expectation", error.text);
	} else if (strcmp(expected.data ? expected.data : "", text) != 0) {
		fail(golden, "other events than expected; see the diff after UPDATE_GOLDEN=1", path);
		(void)fputs(text, stderr); /* only a diagnostic */
	}
	cw_buf_finish(&expected);
}

/* Kinds of the events of the second delivery. Only notices may remain, because Meta repeats them. */
static json_t *kinds_after(struct golden *golden, size_t first)
{
	json_t *kinds = json_array();

	for (size_t i = first; i < json_array_size(golden->handed); i++) {
		json_t *kind = json_object_get(json_array_get(golden->handed, i), "kind");

		if (strcmp(json_string_value(kind), "message") == 0) {
			fail(golden, "the second delivery", "brought a message again");
		}
		(void)json_array_append(kinds, kind); /* as above */
	}
	return kinds;
}

static void run_twice(struct golden *golden, const struct cw_buf *body, const char *expected_path)
{
	struct normal normal;

	normal_init(&normal, NOW_MS);
	post(golden, body);
	check_store(golden);
	json_t *events = normal_copy(&normal, golden->handed);
	size_t n_events = json_array_size(events);
	json_t *result = json_pack("{s:o, s:o}", "counters", counters(golden), "events", events);

	set_clock(NOW_MS + 1000);
	post(golden, body);
	check_store(golden);
	(void)json_object_set_new(result, "again", kinds_after(golden, n_events)); /* as above */
	char *text = json_dumps(result, JSON_INDENT(2));
	char *line = NULL;

	if (!text || asprintf(&line, "%s\n", text) < 0) {
		fail(golden, "memory", "none");
	} else {
		compare_file(golden, expected_path, line);
	}
	free(line);
	free(text);
	json_decref(result);
	normal_finish(&normal);
}

/* FOLDER/CASE.json → FOLDER/CASE.expected */
static bool expected_path(const char *path, char *out, size_t size)
{
	const char *dot = strrchr(path, '.');

	return dot && cw_text_format(out, size, "%.*s.expected", (int)(dot - path), path);
}

static int run_case(const char *path, const struct cw_tag_key *tag)
{
	struct golden golden = { .name = strrchr(path, '/') + 1, .handed = json_array() };
	struct cw_buf body;
	struct cw_error error;
	char expected[512];

	cw_buf_init(&body, MAX_BODY);
	set_clock(NOW_MS);
	if (!expected_path(path, expected, sizeof(expected)) || cw_file_read(path, &body, &error) != CW_OK) {
		fail(&golden, "not read", path);
	} else if (open_store(&golden, tag)) {
		run_twice(&golden, &body, expected);
		cw_store_close(golden.store);
		remove_dir(golden.dir);
	}
	cw_buf_finish(&body);
	json_decref(golden.handed);
	return golden.n_faults;
}

static bool names_case(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".json") == 0 || strcmp(dot, ".raw") == 0);
}

static int is_case(const struct dirent *entry)
{
	return names_case(entry->d_name);
}

static int run_folder(const char *folder, const struct cw_tag_key *tag, int *n_cases)
{
	struct dirent **entries = NULL;
	int n_failed = 0;
	int n = scandir(folder, &entries, is_case, alphasort);
	char path[512];

	if (n <= 0) {
		(void)fprintf(stderr, "%s: no cases\n", folder);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		if (!cw_text_format(path, sizeof(path), "%s/%s", folder, entries[i]->d_name) || run_case(path, tag) > 0) {
			(void)fprintf(stderr, "FAILED %s\n", path);
			n_failed++;
		}
		free(entries[i]);
	}
	free(entries);
	*n_cases += n;
	return n_failed;
}

static int run_argument(const char *path, const struct cw_tag_key *tag, int *n_cases)
{
	if (!names_case(path)) {
		return run_folder(path, tag, n_cases);
	}
	(*n_cases)++;
	return run_case(path, tag) > 0;
}

int main(int argc, char **argv)
{
	struct cw_tag_key *tag = cw_tag_key_create("golden", 6);
	int n_failed = 0;
	int n_cases = 0;

	cw_log_init("golden", CW_LOG_ERROR);
	for (int i = 1; i < argc; i++) {
		n_failed += run_argument(argv[i], tag, &n_cases);
	}
	cw_tag_key_destroy(tag);
	(void)printf("%d of %d cases failed\n", n_failed, n_cases);
	return n_failed || argc < 2;
}
