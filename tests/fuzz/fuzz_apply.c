/* SPDX-License-Identifier: MIT */
/*
 * Applies any webhook to a store: no operation may fail, and every invariant that `convwire check` checks must still
 * hold.
 */
#include "fuzz.h"
#include "fuzz_store.h"

#define CHECK_EVERY 64
#define STORE_LIVES 2048 /* inputs, then a new store: checks stay fast and crashes reproducible */

static struct cw_store *store;
static int n_inputs;

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

static void start(void)
{
	if (store && n_inputs % STORE_LIVES == 0) {
		fuzz_store_close();
		store = NULL;
	}
	store = store ? store : fuzz_store_open(on_events);
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
