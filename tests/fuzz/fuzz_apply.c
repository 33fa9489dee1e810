/* SPDX-License-Identifier: MIT */
/* Any webhook into a store: no operation fails, and every promise that `convwire check` knows still holds. */
#include <dirent.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"
#include "fuzz.h"
#include "store/store.h"

#define CHECK_EVERY 64
#define STORE_LIVES 2048 /* inputs; then a new one, so that checks stay quick and crashes repeatable */

static struct cw_store *store;
static struct cw_tag_key *tag;
static char dir[64];
static int n_inputs;

static bool allows(void *context, const char *secret, const char *account)
{
	(void)context;
	(void)secret;
	return strcmp(account, "acme") == 0;
}

static const char *only_account(void *context, const char *secret)
{
	(void)context;
	(void)secret;
	return "acme";
}

static void on_events(void *context, struct cw_event *events, size_t n_events)
{
	struct cw_buf text;

	(void)context;
	cw_buf_init(&text, 4 << 20);
	for (size_t i = 0; i < n_events; i++) {
		FUZZ_CHECK(cw_event_render(&events[i], &text) == CW_OK && text.len <= CW_EVENT_MAX_BYTES);
		cw_event_finish(&events[i]);
	}
	cw_buf_finish(&text);
	free(events);
}

static void close_store(void)
{
	cw_store_close(store);
	store = NULL;
	DIR *opened = opendir(dir);

	for (struct dirent *entry; opened && (entry = readdir(opened));) {
		(void)unlinkat(dirfd(opened), entry->d_name, 0); /* "." and ".." stay */
	}
	if (opened) {
		(void)closedir(opened);
	}
	(void)rmdir(dir); /* a leftover is no failure */
}

static void open_store(void)
{
	struct cw_error error;
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	const struct cw_store_options options = { .dir = dir,
						  .tag = tag,
						  .secrets = { .allows = allows, .only_account = only_account },
						  .max_queue_bytes = 64 << 20,
						  .max_queue_age_ms = 600000,
						  .on_events = on_events };
	struct cw_store_op account = { .type = CW_STORE_ACCOUNT_ADD, .account = { .name = "acme" } };
	struct cw_store_op number = { .type = CW_STORE_NUMBER_ADD,
				      .number = { .account = "acme", .phone_number_id = "1003427786179738" } };

	FUZZ_CHECK(cw_text_format(dir, sizeof(dir), "%s/fuzz-apply-XXXXXX", tmp) && mkdtemp(dir));
	FUZZ_CHECK(cw_store_open(&options, &store, &error) == CW_OK);
	FUZZ_CHECK(cw_store_run(store, &account) == CW_OK);
	FUZZ_CHECK(cw_store_run(store, &number) == CW_OK);
}

static void start(void)
{
	if (!tag) {
		cw_log_init("fuzz_apply", CW_LOG_ERROR);
		tag = cw_tag_key_create("fuzz", 4);
		(void)atexit(close_store);
		cw_clock_set_offset_ms(1767312301000LL - cw_clock_now_ms());
	}
	if (store && n_inputs % STORE_LIVES == 0) {
		close_store();
	}
	if (!store) {
		open_store();
	}
}

static void on_fault(void *context, const char *text)
{
	(void)context;
	(void)fprintf(stderr, "check: %s\n", text);
}

static bool render_event(void *context, const struct cw_event *event)
{
	FUZZ_CHECK(cw_event_render(event, context) == CW_OK);
	return true;
}

static void check_store(void)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;
	struct cw_check check;
	struct cw_buf text;

	cw_buf_init(&text, 4 << 20);
	FUZZ_CHECK(cw_reader_acquire(store, &reader, &error) == CW_OK);
	FUZZ_CHECK(cw_store_check(reader, -1, on_fault, NULL, &check, &error) == CW_OK);
	FUZZ_CHECK(check.faults == 0);
	FUZZ_CHECK(cw_store_events_after(reader, "acme", 0, render_event, &text, &error) == CW_OK);
	cw_reader_release(reader);
	cw_buf_finish(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_webhook webhook = { .root = NULL };
	struct cw_error error;
	struct cw_store_op op = { .type = CW_STORE_WEBHOOK, .bytes = size, .webhook = { .secret = "main" } };
	char *text = fuzz_text(data, size);

	start();
	if (cw_webhook_parse(text, size, &webhook, &error) == CW_OK) {
		op.webhook.webhook = &webhook;
		FUZZ_CHECK(cw_store_run(store, &op) == CW_OK);
		n_inputs++;
		if (n_inputs % CHECK_EVERY == 0 || n_inputs < CHECK_EVERY) {
			check_store();
		}
		cw_webhook_finish(&webhook);
	}
	free(text);
	return 0;
}
