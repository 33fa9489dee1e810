/* SPDX-License-Identifier: MIT */
/*
 * Any search text: never interpreted as the index's query syntax, so never an error; and never a result from another
 * account or from conversations assigned to somebody else.
 */
#include "fuzz.h"
#include "fuzz_store.h"

static const char webhook_text[] =
	"{\"entry\":[{\"id\":\"0\",\"changes\":[{\"field\":\"messages\",\"value\":{\"metadata\":{\"phone_number_id\":\"" FUZZ_NUMBER
	"\"},\"contacts\":[{\"profile\":{\"name\":\"Ayesha OR Khan\"},\"wa_id\":\"923456789012\"}],\"messages\":[{\"from\":\"923456789012\","
	"\"id\":\"w1\",\"timestamp\":\"1767312301\",\"type\":\"text\",\"text\":{\"body\":\"account a1 text near and not \\\"quoted\\\" *\"}}]}}]}]}";

static struct cw_store *store;

static void drop_events(void *context, struct cw_event *events, size_t n_events)
{
	(void)context;
	for (size_t i = 0; i < n_events; i++) {
		cw_event_finish(&events[i]);
	}
	free(events);
}

static void start(void)
{
	struct cw_webhook webhook;
	struct cw_error error;
	struct cw_store_op other = { .type = CW_STORE_ACCOUNT_ADD, .account = { .name = "other" } };

	if (store) {
		return;
	}
	store = fuzz_store_open(drop_events);
	FUZZ_CHECK(cw_webhook_parse(webhook_text, strlen(webhook_text), &webhook, &error) == CW_OK);
	struct cw_store_op op = { .type = CW_STORE_WEBHOOK, .webhook = { .secret = "main", .webhook = &webhook } };

	FUZZ_CHECK(cw_store_run(store, &op) == CW_OK && cw_store_run(store, &other) == CW_OK);
	cw_webhook_finish(&webhook);
}

static bool on_conversation(void *context, const struct cw_conversation *conversation)
{
	(void)conversation;
	++*(int *)context;
	return true;
}

static bool on_message(void *context, const struct cw_conversation *conversation, const struct cw_message *message,
		       int64_t row)
{
	(void)message;
	FUZZ_CHECK(row > 0);
	return on_conversation(context, conversation);
}

static int search(struct cw_reader *reader, const char *account, const char *text, const char *assignee)
{
	const struct cw_search asked = { .account = account, .text = text, .assignee = assignee };
	struct cw_error error;
	int n = 0;

	FUZZ_CHECK(cw_store_search_conversations(reader, &asked, on_conversation, &n, &error) == CW_OK);
	FUZZ_CHECK(cw_store_search_messages(reader, &asked, INT64_MAX, on_message, &n, &error) == CW_OK);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_reader *reader = NULL;
	struct cw_error error;
	char *text = fuzz_text(data, size);

	start();
	FUZZ_CHECK(cw_reader_acquire(store, &reader, &error) == CW_OK);
	(void)search(reader, FUZZ_ACCOUNT, text, NULL);
	FUZZ_CHECK(search(reader, "other", text, NULL) == 0);
	FUZZ_CHECK(search(reader, FUZZ_ACCOUNT, text, "somebody else") == 0);
	cw_reader_release(reader);
	free(text);
	return 0;
}
